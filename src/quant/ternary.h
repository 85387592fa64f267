// Ternary weights of BitNet b1.58 (Ma et al. 2024): the rule they are trained with, and the layout they are shipped in.
#pragma once

#include <cstdint>
#include <string_view>

#include "ingot/tensor.h"

namespace ingot {

/// The training-exact ternarizer ("absmean"): s = 1 / max(mean |W|, 1e-5), t = clamp(round half even(W·s), −1, 1), as
/// transformers' BitLinear computes it. The result stands for t / s: I2_S (x86 packing, scale 1/s) where rows are a
/// multiple of 128 elements, else plain f32. `weight` is floating, with any strides; NaN and infinity are refused with
/// `name` and the element's index.
Tensor ternarize(const Tensor& weight, std::string_view name = "tensor");

/// A weight in the packed layout of Hugging Face checkpoints: u8 (ceil(rows / 4), k), bits 2i, 2i + 1 of (r, c) hold
/// W[i·R + r, c] + 1. The result stands for t · scale, held as ternarize() holds its own; `rows` is 4R unless given.
/// Checkpoints store either this factor or its inverse: the caller knows which. Throws invalid_argument for code 3.
Tensor unpack_bitnet(const Tensor& packed, float scale, std::int64_t rows = -1);

/// The inverse: codes u8 (rows / 4, k) of a matrix whose elements are t · scale, in any encoding. `name` is what errors
/// call it: shape_mismatch where the rows are no multiple of 4, invalid_argument for an element that is not ternary.
struct PackedBitnet {
  Tensor codes;
  float scale = 0;
};
PackedBitnet pack_bitnet(const Tensor& weight, std::string_view name = "tensor");

/// The scale of pack_bitnet() without the codes, whose elements are not looked at for being ternary: files hold the
/// two apart.
float bitnet_scale(const Tensor& weight, std::string_view name = "tensor");

}  // namespace ingot
