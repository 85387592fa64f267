// Casts and block formats.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include <string>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

Tensor quantized(const Tensor& x, Scheme scheme, std::string_view packing) {
  const auto order = packing_from_string(packing);
  if (!order) throw Error(ErrorCode::invalid_argument, "quantize", "no packing is called " + std::string(packing));
  return released([&] { return quantize(x, scheme, "x", *order); });
}

}  // namespace

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
  m.def("quantize", &quantized, "x"_a, "scheme"_a, nb::kw_only(), "packing"_a = "x86",
        R"(x (floating, the last dimension a multiple of the block) in the blocks of a scheme such as 'Q8_0'.

`packing` matters to I2_S alone: 'x86', 'arm' or 'rows'. Raises ValueError for NaN and infinity, TypeError for other
dtypes, NotImplementedError for a scheme that is only carried.

>>> import ingot
>>> q = ingot.quantize(ingot.full((2, 32), 127.0), "Q8_0")
>>> q.nbytes, ingot.dequantize(q)[0, 0].item()
(68, 127.0)
)");
  m.def("dequantize", without_gil(&dequantize), "x"_a, R"(The elements of a quantized tensor as float32.

Raises NotImplementedError naming a scheme that is only carried.

>>> import ingot
>>> ingot.dequantize(ingot.quantize(ingot.zeros((1, 32)), "Q4_0")).dtype
ingot.float32
)");
}

}  // namespace ingot::python
