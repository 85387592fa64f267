// Sorting: stable, along any axis, in any dtype from 8 bits on. NaN counts as the largest number, as in NumPy: last
// when ascending, first when descending. −0 equals 0.
#pragma once

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// x sorted along `axis`. `stable` is the standard's: every sort is.
Tensor sort(const Tensor& x, int axis = -1, bool descending = false, bool stable = true);
/// Indices (i64) along `axis` that sort x; equal elements stay in their order, descending too.
Tensor argsort(const Tensor& x, int axis = -1, bool descending = false, bool stable = true);

struct TopK {
  Tensor values, indices;
};
/// The k largest elements (or smallest) along `axis` in order, and their indices (i64); the first of equals first.
/// Throws invalid_argument unless 0 ≤ k ≤ size of the axis.
TopK topk(const Tensor& x, std::int64_t k, int axis = -1, bool largest = true);

}  // namespace ingot
