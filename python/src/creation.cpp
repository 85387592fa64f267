// Tensors from nothing.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <string_view>
#include <vector>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

using OptionalDType = std::optional<DType>;
using OptionalDevice = std::optional<Device>;

Scalar number(const Operand& value, const char* function) {
  if (value.is_tensor()) throw Error(ErrorCode::dtype_mismatch, function, "a number expected, found a tensor");
  return value.scalar();
}

// The number of a diagonal. Beyond 64 bits as beyond any matrix.
std::int64_t diagonal(nb::handle k) {
  const Py_ssize_t value = PyNumber_AsSsize_t(k.ptr(), nullptr);
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return value;
}

void def_triangle(nb::module_& m, const char* name, Tensor (*triangle)(const Tensor&, std::int64_t), const char* doc) {
  const std::string signature = "def " + std::string(name) + "(x: Tensor, /, *, k: int = 0) -> Tensor";
  m.def(
      name,
      [triangle](const Tensor& x, nb::handle k) {
        const std::int64_t offset = diagonal(k);
        return released([&] { return triangle(x, offset); });
      },
      nb::arg(), nb::kw_only(), "k"_a = 0, nb::sig(signature.c_str()), doc);
}

Tensor filled(const Shape& shape, const Operand& value, OptionalDType dtype, Device device) {
  return released([&] {
    if (!value.is_tensor()) return full(shape, value.scalar(), dtype, device);
    const Tensor out = empty(shape, dtype.value_or(value.tensor().dtype()), device);
    copy_(out, value.tensor());
    return out;
  });
}

Tensor numbers(const Operand& start, nb::handle stop, const Operand& step, OptionalDType dtype, OptionalDevice device) {
  const Scalar first = number(start, "arange"), by = number(step, "arange");
  HeldOperand held;
  const std::optional<Scalar> end =
      stop.is_none() ? std::nullopt : std::optional(number(to_operand(stop, held), "arange"));
  return released([&] {
    return end ? arange(first, *end, by, dtype, device.value_or(cpu_device))
               : arange(0, first, by, dtype, device.value_or(cpu_device));
  });
}

std::vector<Tensor> grids(const nb::args& arrays, std::string_view indexing) {
  if (indexing != "xy" && indexing != "ij")
    throw Error(ErrorCode::invalid_argument, "meshgrid",
                "indexing is 'xy' or 'ij', not '" + std::string(indexing) + "'");
  std::vector<Tensor> tensors;
  for (const nb::handle array : arrays) tensors.push_back(nb::cast<Tensor>(array));
  return released([&] { return meshgrid(tensors, indexing == "ij" ? GridIndexing::ij : GridIndexing::xy); });
}

}  // namespace

void bind_creation(nb::module_& m) {
  m.def(
      "empty",
      [](const Shape& shape, OptionalDType dtype, OptionalDevice device) {
        return empty(shape, dtype.value_or(DType::f32), device.value_or(cpu_device));
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
      [](const Shape& shape, OptionalDType dtype, OptionalDevice device) {
        return released([&] { return zeros(shape, dtype.value_or(DType::f32), device.value_or(cpu_device)); });
      },
      "shape"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      R"(A tensor of zeros. float32 unless told.

Raises MemoryError where the memory is refused.

>>> import ingot
>>> ingot.zeros((2, 2), dtype="int32").tolist()
[[0, 0], [0, 0]]
)");
  m.def(
      "ones",
      [](const Shape& shape, OptionalDType dtype, OptionalDevice device) {
        return released([&] { return ones(shape, dtype.value_or(DType::f32), device.value_or(cpu_device)); });
      },
      "shape"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      R"(A tensor of ones. float32 unless told.

Raises MemoryError where the memory is refused.

>>> import ingot
>>> ingot.ones(3).tolist()
[1.0, 1.0, 1.0]
)");
  m.def(
      "full",
      [](const Shape& shape, const Operand& value, OptionalDType dtype, OptionalDevice device) {
        return filled(shape, value, dtype, device.value_or(cpu_device));
      },
      "shape"_a, "fill_value"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      R"(A tensor of one value; its dtype follows the value (bool, int64, float32) unless told.

Raises MemoryError where the memory is refused, OverflowError for an integer that the dtype cannot hold.

>>> import ingot
>>> ingot.full((3,), 7).tolist()
[7, 7, 7]
)");
  m.def(
      "empty_like",
      [](const Tensor& x, OptionalDType dtype, OptionalDevice device) {
        return empty(x.shape(), dtype.value_or(x.dtype()), device.value_or(x.device()));
      },
      nb::arg(), nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      nb::sig("def empty_like(x: Tensor, /, *, dtype: ingot._typing.DTypeLike | None = None, device: Device | str | "
              "None = None) -> Tensor"),
      R"(Uninitialised elements in the shape and, unless told, the dtype of x.

>>> import ingot
>>> ingot.empty_like(ingot.zeros((2, 3))).shape
(2, 3)
)");
  m.def(
      "zeros_like",
      [](const Tensor& x, OptionalDType dtype, OptionalDevice device) {
        return released([&] { return zeros(x.shape(), dtype.value_or(x.dtype()), device.value_or(x.device())); });
      },
      nb::arg(), nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      nb::sig("def zeros_like(x: Tensor, /, *, dtype: ingot._typing.DTypeLike | None = None, device: Device | str | "
              "None = None) -> Tensor"),
      R"(Zeros in the shape and, unless told, the dtype of x.

>>> import ingot
>>> ingot.zeros_like(ingot.asarray([1, 2]))
Tensor([0, 0], dtype=int64, device='cpu')
)");
  m.def(
      "ones_like",
      [](const Tensor& x, OptionalDType dtype, OptionalDevice device) {
        return released([&] { return ones(x.shape(), dtype.value_or(x.dtype()), device.value_or(x.device())); });
      },
      nb::arg(), nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      nb::sig("def ones_like(x: Tensor, /, *, dtype: ingot._typing.DTypeLike | None = None, device: Device | str | "
              "None = None) -> Tensor"),
      R"(Ones in the shape and, unless told, the dtype of x.

>>> import ingot
>>> ingot.ones_like(ingot.asarray([1.5, 2]))
Tensor([1., 1.], dtype=float32, device='cpu')
)");
  m.def(
      "full_like",
      [](const Tensor& x, const Operand& value, OptionalDType dtype, OptionalDevice device) {
        return filled(x.shape(), value, dtype.value_or(x.dtype()), device.value_or(x.device()));
      },
      nb::arg(), "fill_value"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      nb::sig("def full_like(x: Tensor, /, fill_value: ingot._typing.Operand, *, dtype: ingot._typing.DTypeLike | None "
              "= None, device: Device | str | None = None) -> Tensor"),
      R"(One value in the shape and, unless told, the dtype of x.

Raises OverflowError for an integer that the dtype cannot hold.

>>> import ingot
>>> ingot.full_like(ingot.asarray([1, 2]), 7).tolist()
[7, 7]
)");
  m.def("arange", &numbers, nb::arg(), "stop"_a = nb::none(), "step"_a = 1, nb::kw_only(), "dtype"_a = nb::none(),
        "device"_a = nb::none(),
        nb::sig("def arange(start: ingot._typing.Operand, /, stop: object | None = None, step: ingot._typing.Operand = "
                "1, *, dtype: ingot._typing.DTypeLike | None = None, device: Device | str | None = None) -> Tensor"),
        R"(start, start + step, … up to but without `stop`; arange(n) counts from 0.

int64 for integers, float32 where one of the numbers is a float. Floats are computed in float64 and rounded once.
Raises ValueError for step 0 and infinite lengths, OverflowError for integers that the dtype cannot hold.

>>> import ingot
>>> ingot.arange(2, 10, 3).tolist(), ingot.arange(0, 1, 0.25).tolist()
([2, 5, 8], [0.0, 0.25, 0.5, 0.75])
)");
  m.def(
      "linspace",
      [](double start, double stop, std::int64_t num, OptionalDType dtype, OptionalDevice device, bool endpoint) {
        return released([&] {
          return linspace(start, stop, num, dtype.value_or(DType::f32), endpoint, device.value_or(cpu_device));
        });
      },
      nb::arg(), nb::arg(), "num"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      "endpoint"_a = true,
      nb::sig("def linspace(start: float, stop: float, /, num: int, *, dtype: ingot._typing.DTypeLike | None = None, "
              "device: Device | str | None = None, endpoint: bool = True) -> Tensor"),
      R"(`num` numbers of one distance, from `start` to `stop`, the last one being `stop` unless `endpoint` is False.

float16, bfloat16, float32 (unless told) or float64, computed in float64 and rounded once.

>>> import ingot
>>> ingot.linspace(0, 1, 5).tolist()
[0.0, 0.25, 0.5, 0.75, 1.0]
)");
  m.def(
      "eye",
      [](std::int64_t rows, std::optional<std::int64_t> columns, nb::handle k, OptionalDType dtype,
         OptionalDevice device) {
        const std::int64_t offset = diagonal(k);
        return released(
            [&] { return eye(rows, columns, offset, dtype.value_or(DType::f32), device.value_or(cpu_device)); });
      },
      nb::arg(), nb::arg() = nb::none(), nb::kw_only(), "k"_a = 0, "dtype"_a = nb::none(), "device"_a = nb::none(),
      nb::sig("def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: ingot._typing.DTypeLike | None "
              "= None, device: Device | str | None = None) -> Tensor"),
      R"(A matrix with ones where column = row + k, and zeros elsewhere.

>>> import ingot
>>> ingot.eye(2, 3, k=1).tolist()
[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
)");
  def_triangle(m, "tril", &tril, R"(x (..., m, n) with zeros where column > row + k.

Raises ValueError below two dimensions.

>>> import ingot
>>> ingot.tril(ingot.ones((2, 2))).tolist()
[[1.0, 0.0], [1.0, 1.0]]
)");
  def_triangle(m, "triu", &triu, R"(x (..., m, n) with zeros where column < row + k.

Raises ValueError below two dimensions.

>>> import ingot
>>> ingot.triu(ingot.ones((2, 2))).tolist()
[[1.0, 1.0], [0.0, 1.0]]
)");
  m.def("meshgrid", &grids, "arrays"_a, nb::kw_only(), "indexing"_a = "xy",
        R"(The coordinates of the grid that tensors of one dimension span, each in its dtype.

With 'ij' tensor i varies along dimension i; with 'xy' the first two dimensions change places.

>>> import ingot
>>> x, y = ingot.meshgrid(ingot.arange(3), ingot.arange(2))
>>> x.tolist(), y.tolist()
([[0, 1, 2], [0, 1, 2]], [[0, 0, 0], [1, 1, 1]])
)");
}

}  // namespace ingot::python
