// The different elements of a tensor of any shape, in ascending order. Every NaN is an element of its own, and −0 is 0:
// whichever comes first stands for both. Any dtype from 8 bits on.
#pragma once

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

struct UniqueCounts {
  Tensor values, counts;
};
struct UniqueInverse {
  Tensor values, inverse_indices;
};
struct UniqueAll {
  Tensor values, indices, inverse_indices, counts;
};

/// values: (n), x's dtype.
Tensor unique_values(const Tensor& x);
/// counts: (n), i64: how often each occurs.
UniqueCounts unique_counts(const Tensor& x);
/// inverse_indices: x's shape, i64: where in `values` each element is.
UniqueInverse unique_inverse(const Tensor& x);
/// indices: (n), i64: the first occurrence of each in x's row-major order.
UniqueAll unique_all(const Tensor& x);

}  // namespace ingot
