// Quantization: block formats, affine codes, packed integers.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <string>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

Tensor quantized(const Tensor& x, nb::handle scheme, std::string_view packing) {
  const auto order = packing_from_string(packing);
  if (!order) throw Error(ErrorCode::invalid_argument, "quantize", "no packing is called " + std::string(packing));
  AffineScheme* affine = nullptr;
  if (nb::try_cast(scheme, affine) && affine) return released([&] { return quantize(x, *affine, "x"); });
  const Scheme block = to_scheme(scheme);
  return released([&] { return quantize(x, block, "x", *order); });
}

std::string repr(const AffineScheme& self) {
  std::string text = std::string("ingot.AffineScheme('") + dtype_name(self.dtype) + "'";
  if (!self.symmetric) text += ", symmetric=False";
  if (self.axis) text += ", axis=" + std::to_string(*self.axis);
  if (self.group_size != 0) text += ", group_size=" + std::to_string(self.group_size);
  if (self.narrow_range) text += ", narrow_range=True";
  if (self.scale_dtype != DType::f32) text += std::string(", scale_dtype='") + dtype_name(self.scale_dtype) + "'";
  return text + ")";
}

void bind_affine_scheme(nb::module_& m) {
  nb::class_<AffineScheme>(m, "AffineScheme",
                           R"(How ingot.quantize makes integer codes: x ~ (code - zero_point) * scale.

One scale and zero point is shared
- by the whole tensor, or
- with `axis`, by the elements of each index of that axis, or
- with `group_size`, by so many neighbours along `axis` (the last unless told), -1 for all of them; it must divide the
  axis.

Codes are the integers low ... high of `dtype` (int8, int4, int2, or uint8 where not symmetric); without the lowest where
`narrow_range`: -127 ... 127. With N = high - low and, over a group, a = max |x|, b = min(min x, 0), c = max(max x, 0), in
float32:

    symmetric    scale = a / (N/2)      zero_point = 0
    asymmetric   scale = (c - b) / N    zero_point = clamp(low - round(b / scale), low, high)
    code = clamp(round(x / scale) + zero_point, low, high)

round is to nearest, ties to even. The scale is rounded to `scale_dtype` (float16, bfloat16, float32) before it is divided
by; where that gives 0 it is the smallest positive number, or 1 for a group of zeros. Zero is exact. An element decodes to
within scale/2 + N * u, u half a unit in the scale's last place, and float32's roundings, 2**-22 * N * scale.

Schemes compare by value. The formulas are those of ONNX's QuantizeLinear and torchao's affine quantization.

>>> import ingot
>>> ingot.AffineScheme("int4", group_size=128, scale_dtype="float16")
ingot.AffineScheme('int4', group_size=128, scale_dtype='float16')
>>> q = ingot.quantize(ingot.asarray([[1.0, -7.5, 3.2, 0.4]]), ingot.AffineScheme("int4", group_size=4))
>>> ingot.unpack(ingot.affine_parts(q).codes).tolist(), ingot.dequantize(q).tolist()
([[1, -8, 3, 0]], [[1.0, -8.0, 3.0, 0.0]])
)")
      .def(
          "__init__",
          [](AffineScheme* self, DType dtype, bool symmetric, std::optional<int> axis,
             std::optional<std::int64_t> group_size, bool narrow_range, DType scale_dtype) {
            if (group_size == 0) raise(PyExc_ValueError, "group_size is 0: -1 for the whole axis, None for no groups");
            new (self) AffineScheme{dtype, symmetric, axis, group_size.value_or(0), narrow_range, scale_dtype};
          },
          "dtype"_a = "int8", nb::kw_only(), "symmetric"_a = true, "axis"_a = nb::none(), "group_size"_a = nb::none(),
          "narrow_range"_a = false, "scale_dtype"_a = "float32")
      .def_prop_ro(
          "dtype", [](const AffineScheme& self) { return self.dtype; }, "What the codes are.")
      .def_ro("symmetric", &AffineScheme::symmetric, "Whether every zero point is 0.")
      .def_ro("axis", &AffineScheme::axis, "The axis that scales belong to, or that is divided into groups; or None.")
      .def_prop_ro(
          "group_size",
          [](const AffineScheme& self) -> std::optional<std::int64_t> {
            if (self.group_size == 0) return {};
            return self.group_size;
          },
          "How many neighbours share a scale, -1 for all along the axis; None for no groups.")
      .def_ro("narrow_range", &AffineScheme::narrow_range, "Whether the lowest code is left out.")
      .def_prop_ro(
          "scale_dtype", [](const AffineScheme& self) { return self.scale_dtype; }, "What the scales are.")
      .def("__repr__", &repr)
      .def(
          "__eq__", [](const AffineScheme& a, const AffineScheme& b) { return a == b; }, nb::is_operator())
      .def("__hash__", [](const AffineScheme& self) { return nb::hash(nb::cast(repr(self))); })
      .def("__reduce__", [](const AffineScheme& self) {
        return nb::make_tuple(nb::module_::import_("ingot._pickle").attr("rebuild_affine_scheme"),
                              nb::make_tuple(self.dtype, self.symmetric, self.axis, self.group_size, self.narrow_range,
                                             self.scale_dtype));
      });
}

}  // namespace

void bind_quantization(nb::module_& m) {
  bind_affine_scheme(m);
  m.def("quantize", &quantized, "x"_a, "scheme"_a, nb::kw_only(), "packing"_a = "x86",
        nb::sig("def quantize(x: Tensor, scheme: AffineScheme | Encoding | str, *, packing: str = 'x86') -> Tensor"),
        R"(x in fewer bits an element: in blocks of a scheme such as 'Q8_0', or as integer codes by an AffineScheme.

x: float16, bfloat16, float32 or float64. Blocks divide the last dimension; `packing` matters to I2_S alone: 'x86', 'arm'
or 'rows'. Raises ValueError for NaN and infinity, naming the element, and where blocks or groups do not divide their
axis, TypeError for other dtypes, NotImplementedError for a scheme that is only carried.

>>> import ingot
>>> q = ingot.quantize(ingot.full((2, 32), 127.0), "Q8_0")
>>> q.nbytes, ingot.dequantize(q)[0, 0].item()
(68, 127.0)
>>> q = ingot.quantize(ingot.asarray([0.0, 0.75, 1.5]), ingot.AffineScheme("int2", symmetric=False))
>>> q.encoding.scheme, ingot.dequantize(q).tolist()
('AFFINE_I2', [0.0, 1.0, 1.5])
)");
  m.def("dequantize", without_gil(&dequantize), "x"_a, R"(The elements of a quantized tensor as float32.

Raises NotImplementedError naming a scheme that is only carried.

>>> import ingot
>>> ingot.dequantize(ingot.quantize(ingot.zeros((1, 32)), "Q4_0")).dtype
ingot.float32
)");
  m.def(
      "affine_parts",
      [](const Tensor& x) {
        const AffineParts parts = affine_parts(x);
        return nb::module_::import_("ingot._results")
            .attr("AffineParts")(parts.codes, parts.scale, optional_object(parts.zero_point));
      },
      "x"_a, nb::sig("def affine_parts(x: Tensor) -> ingot._results.AffineParts"),
      R"(The tensors (codes, scale, zero_point) that a tensor quantized by an AffineScheme consists of, without a copy.

codes: int8, uint8, int4 or int2, x's shape; scale: along each axis of n elements n of them, or 1, or n/g for groups of g;
zero_point: integers of the scale's shape, None where symmetric. Raises TypeError for any other tensor.

>>> import ingot
>>> codes, scale, zero_point = ingot.affine_parts(
...     ingot.quantize(ingot.ones((2, 6)), ingot.AffineScheme("int8", symmetric=False, group_size=3)))
>>> codes.dtype, codes.shape, scale.shape, zero_point.tolist()
(ingot.int8, (2, 6), (2, 2), [[-128, -128], [-128, -128]])
)");
  m.def(
      "affine_tensor",
      [](const Tensor& codes, const Tensor& scale, const std::optional<Tensor>& zero_point) {
        return released([&] { return affine_tensor(codes, scale, zero_point.value_or(Tensor())); });
      },
      "codes"_a, "scale"_a, "zero_point"_a = nb::none(),
      R"(A quantized tensor of codes made elsewhere: (codes - zero_point) * scale. The inverse of affine_parts.

codes: int8, uint8, int4 or int2; scale: float16, bfloat16 or float32, without dimensions or of as many as codes, along an
axis of n elements n of them, or 1, or n/g for groups of g; zero_point: int8 (uint8 for such codes) of the scale's shape.
Takes the memory of what is contiguous. Raises TypeError for other dtypes, ValueError for other shapes.

>>> import ingot
>>> codes = ingot.asarray([[1, 2, 3, 4]], dtype="int8")
>>> ingot.dequantize(ingot.affine_tensor(codes, ingot.asarray([[0.5, 2.0]]))).tolist()
[[0.5, 1.0, 6.0, 8.0]]
)");
  m.def(
      "pack", without_gil(&pack), "x"_a, "dtype"_a,
      R"(Integers (from 8 bits on) as int4 (-8 ... 7) or int2 (-2 ... 1), two or four to a byte, the first in the low bits.

Raises IndexError for an element that does not fit, naming it (astype takes it modulo 2 to the bits), TypeError for other
dtypes.

>>> import ingot
>>> x = ingot.pack(ingot.asarray([[-8, 7, 3]]), "int4")
>>> x.dtype, x.nbytes, x.tolist()
(ingot.int4, 2, [[-8, 7, 3]])
)");
  m.def("unpack", without_gil(&unpack), "x"_a, R"(The elements of an int4 or int2 tensor as int8.

Raises TypeError for other dtypes.

>>> import ingot
>>> ingot.unpack(ingot.pack(ingot.asarray([1, -2, 0]), ingot.int2)).tolist()
[1, -2, 0]
)");
}

}  // namespace ingot::python
