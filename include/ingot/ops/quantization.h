// Fewer bits an element: block formats, integer codes with scales and zero points, packed integers.
#pragma once

#include <optional>
#include <string_view>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// Every 2-D or higher scheme of encoding.h that can be encoded: `x` (floating, last dimension a multiple of the
/// block) in blocks. Throws invalid_argument, naming `name` and the element's flat index, for NaN and infinity before
/// anything is written. `packing` matters to I2_S alone.
Tensor quantize(const Tensor& x, Scheme scheme, std::string_view name = "tensor", Packing packing = Packing::i2s_x86);

/// How quantize() makes integer codes: x ≈ (code − zero point) · scale, with one scale and zero point for each group of
/// elements. The formulas are those of ONNX's QuantizeLinear and torchao's affine primitives.
///
/// Codes are the integers low … high of `dtype`: all of them, without the lowest where `narrow_range` (−127 … 127,
/// −7 … 7, −1 … 1). With N = high − low and, over the group, a = max |x|, b = min(min x, 0), c = max(max x, 0), in f32:
///     symmetric    scale = a / (N/2)        zero point = 0
///     asymmetric   scale = (c − b) / N      zero point = clamp(low − round(b / scale), low, high)
///     code = clamp(round(x / scale) + zero point, low, high)
/// where round() is to nearest, ties to even. The scale is rounded to nearest in `scale_dtype` before it is divided by;
/// where that gives 0 it is that dtype's smallest positive number, or 1 for a group of zeros. Zero is always exact.
///
/// So |x − decoded| ≤ scale/2 + N·u, u half a unit in the scale's last place (what its rounding moves the ends by), and
/// f32's roundings, 2⁻²² · N · scale. Equal numbers of one group decode alike: to x itself (but for these roundings)
/// where asymmetric, to within half a step where symmetric, as 0 stays inside. Beyond f32's range they are infinite.
struct AffineScheme {
  DType dtype = DType::i8;  // i8, i4, i2; u8 where asymmetric
  bool symmetric = true;
  /// Without a group size: each index of this axis has its own scale; none: one scale for the tensor. With a group
  /// size: the axis that is divided; none: the last.
  std::optional<int> axis = {};
  /// This many neighbours along the axis share a scale; −1: all of them; 0: no groups. Must divide the axis.
  std::int64_t group_size = 0;
  bool narrow_range = false;
  DType scale_dtype = DType::f32;  // f16, bf16 or f32

  bool operator==(const AffineScheme&) const = default;
};

/// x (f16, bf16, f32, f64, any strides, at least one axis) as codes with scales and zero points; f64 is rounded to f32
/// first. Throws invalid_argument, naming `name` and the element's flat index, for NaN and infinity, and for a scale
/// beyond scale_dtype; shape_mismatch where groups do not divide the axis; out_of_range for an axis that x has not;
/// dtype_mismatch for a dtype or scale_dtype other than those above.
Tensor quantize(const Tensor& x, const AffineScheme& scheme, std::string_view name = "tensor");

/// The tensors that an affine tensor consists of, without a copy: codes (i8, u8, i4, i2) of its shape, scale, and
/// zero_point of the scale's shape (undefined where symmetric).
struct AffineParts {
  Tensor codes, scale, zero_point;
};
/// Throws dtype_mismatch for any other tensor.
AffineParts affine_parts(const Tensor& x);
/// The inverse, for codes that were made elsewhere. scale: f16, bf16 or f32, 0-d or of the codes' rank, along an axis
/// of n elements n of them, or 1, or n/g for groups of g; zero_point: undefined or i8 (u8 for codes of u8) of that
/// shape. Takes the memory of what is row-major. Throws dtype_mismatch, shape_mismatch.
Tensor affine_tensor(const Tensor& codes, const Tensor& scale, const Tensor& zero_point = {});

/// The elements of an encoded tensor as f32; of an affine one (code − zero point) · scale, rounded once.
/// Throws NotImplemented naming a scheme that is only carried.
Tensor dequantize(const Tensor& x);

/// Integers (from 8 bits on) as packed i4 or i2. Throws out_of_range, naming the flat index, for the first element that
/// does not fit (astype takes it modulo 2^bits), dtype_mismatch.
Tensor pack(const Tensor& x, DType dtype);
/// The elements of an i4 or i2 tensor as i8. Throws dtype_mismatch.
Tensor unpack(const Tensor& x);

}  // namespace ingot
