// Ternary weights of BitNet b1.58 (Ma et al. 2024): the rule they are trained with, and the layout they are shipped in.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ingot/tensor.h"

namespace ingot {

/// The training-exact ternarizer ("absmean"): s = 1 / max(mean |W|, 1e-5), t = clamp(round half even(W·s), −1, 1), as
/// transformers' BitLinear computes it. The result stands for t / s: I2_S (x86 packing, scale 1/s) where rows are a
/// multiple of 128 elements, else plain f32. `weight` is floating, with any strides; NaN and infinity are refused with
/// `name` and the element's index.
Tensor ternarize(const Tensor& weight, std::string_view name = "tensor");

/// The same rule by tiles of rows. First the sum: adds Σ|w| of rows that come in their order.
void add_magnitudes(const Tensor& rows, double& sum, std::string_view name = "tensor");
/// s of a weight whose magnitudes have this sum.
float absmean_scale(double sum, std::int64_t elements) noexcept;
/// Then t / s as f32.
Tensor ternarized_rows(const Tensor& rows, float s);

/// A weight in the packed layout of Hugging Face checkpoints: u8 (ceil(rows / 4), k), bits 2i, 2i + 1 of (r, c) hold
/// W[i·R + r, c] + 1. The result stands for t · scale, held as ternarize() holds its own; `rows` is 4R unless given.
/// Checkpoints store either this factor or its inverse: the caller knows which. Throws invalid_argument for code 3.
Tensor unpack_bitnet(const Tensor& packed, float scale, std::int64_t rows = -1);

/// The inverse: rows [a, b) of the codes, u8 (b − a, k), from rows [i·R + a, i·R + b) of the weight, i = 0 … 3, in any
/// encoding. Throws invalid_argument, naming `name`, for an element that is neither 0 nor ±scale.
Tensor pack_bitnet_rows(const std::array<Tensor, 4>& quarters, float scale, std::string_view name = "tensor");

}  // namespace ingot
