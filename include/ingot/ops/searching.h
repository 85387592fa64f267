// Searching, sorting, sets.
#pragma once

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// Index (i64) of the first largest element along `axis`; NaN counts as largest, as in NumPy.
Tensor argmax(const Tensor& x, int axis = -1, bool keepdims = false);

}  // namespace ingot
