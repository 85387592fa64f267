// Finding elements. NaN counts as the largest number, as in NumPy.
#pragma once

#include <optional>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// Index (i64) of the first largest element along `axis`, or in row-major order of all of them. Any dtype from 8 bits
/// on. Throws invalid_argument for no elements, dtype_mismatch for i4, i2 and encoded tensors.
Tensor argmax(const Tensor& x, std::optional<int> axis = {}, bool keepdims = false);
/// Index of the first smallest element, or of the first NaN.
Tensor argmin(const Tensor& x, std::optional<int> axis = {}, bool keepdims = false);
/// Where each of `values` would have to be inserted to keep x sorted: before the elements that equal it, or after them
/// where `right`. x has one dimension and is sorted ascending, or is where taken at `sorter` (integers, its size); both
/// are compared in their promoted dtype, from 8 bits on. → i64, values' shape. Throws shape_mismatch, dtype_mismatch,
/// and out_of_range for a place in `sorter` that x has not.
Tensor searchsorted(const Tensor& x, const Tensor& values, bool right = false, const Tensor* sorter = nullptr);

}  // namespace ingot
