// quantize() for those who know how much each column counts.
#pragma once

#include <string_view>

#include "ingot/tensor.h"

namespace ingot {

/// As quantize(x, scheme, name), where the search for scales weighs each squared error by its column's `importance`:
/// f32, finite, from 0 on, broadcastable to x's shape ((k) for all rows of (n, k); (e, 1, k) for each of e experts).
/// Schemes without a search ignore it. Source: llama.cpp's importance matrices (k_weights.h).
/// Throws dtype_mismatch, shape_mismatch; invalid_argument, naming `name`, for a number that is negative or not finite.
Tensor quantize_weighted(const Tensor& x, Scheme scheme, const Tensor& importance, std::string_view name = "tensor");

}  // namespace ingot
