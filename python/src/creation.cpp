// Tensors from nothing.
#include <nanobind/stl/optional.h>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

Tensor full(const Shape& shape, const Operand& value, std::optional<DType> dtype, std::optional<Device> device) {
  const Tensor element = value.is_tensor()
                             ? value.tensor()
                             : value.scalar().to_tensor(dtype.value_or(value.scalar().default_dtype()), "full");
  return released([&] {
    const Tensor out = Tensor::empty(shape, dtype.value_or(element.dtype()), device.value_or(cpu_device));
    copy_(out, element);
    return out;
  });
}

}  // namespace

void bind_creation(nb::module_& m) {
  m.def(
      "empty",
      [](const Shape& shape, std::optional<DType> dtype, std::optional<Device> device) {
        return Tensor::empty(shape, dtype.value_or(DType::f32), device.value_or(cpu_device));
      },
      "shape"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      R"(A tensor whose elements are whatever the memory held. float32 unless told.

Raises MemoryError where the memory is refused.

>>> import ingot
>>> ingot.empty((2, 3), dtype=ingot.int8).nbytes
6
)");
  m.def(
      "zeros",
      [](const Shape& shape, std::optional<DType> dtype, std::optional<Device> device) {
        return released([&] { return Tensor::zeros(shape, dtype.value_or(DType::f32), device.value_or(cpu_device)); });
      },
      "shape"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      R"(A tensor of zeros. float32 unless told.

Raises MemoryError where the memory is refused.

>>> import ingot
>>> ingot.zeros((2, 2), dtype="int32").tolist()
[[0, 0], [0, 0]]
)");
  m.def("full", &full, "shape"_a, "fill_value"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
        R"(A tensor of one value; its dtype follows the value (bool, int64, float32) unless told.

Raises MemoryError where the memory is refused, OverflowError for an integer that the dtype cannot hold.

>>> import ingot
>>> ingot.full((3,), 7).tolist()
[7, 7, 7]
)");
}

}  // namespace ingot::python
