// Casts.
#include <nanobind/stl/optional.h>

#include <string>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
void bind_dtypes(nb::module_& m, nb::class_<Tensor>& cls) {
  m.def(
      "astype",
      [](const Tensor& x, DType dtype, bool copy, std::optional<Device> device) {
        if (device && *device != x.device())
          throw NotImplemented("astype", "from " + to_string(x.device()) + " to " + to_string(*device));
        return released([&] { return astype(x, dtype, copy); });
      },
      nb::arg(), nb::arg(), nb::kw_only(), "copy"_a = true, "device"_a = nb::none(),
      nb::sig("def astype(x: Tensor, dtype: ingot._typing.DTypeLike, /, *, copy: bool = True, device: Device | str | "
              "None = None) -> Tensor"),
      R"(The elements converted to `dtype`; x itself where nothing changes and `copy` is False.

To floats rounded once to nearest even; floats to integers truncated, and outside the range the nearest integer;
integers to integers modulo 2 to their bits; to bool whether not zero. A quantized tensor is decoded first.

>>> import ingot
>>> ingot.astype(ingot.asarray([1.7, -1.7]), ingot.int32).tolist()
[1, -1]
)");
  cls.def(
      "astype",
      [](const Tensor& x, DType dtype, bool copy) { return released([&] { return astype(x, dtype, copy); }); },
      "dtype"_a, nb::kw_only(), "copy"_a = true, R"(ingot.astype of this tensor.

>>> import ingot
>>> ingot.asarray([0, 3]).astype("bool").tolist()
[False, True]
)");
}

}  // namespace ingot::python
