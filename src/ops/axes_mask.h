// Axes of one tensor.
#pragma once

#include "ingot/ops/operand.h"

namespace ingot {

/// Bit i: axis i is among them. As in NumPy, the only element of a 0-d tensor may be reduced along axis 0 or −1.
unsigned axes_mask(const Axes& axes, const Tensor& x, const char* operation);
/// How many elements lie along them: the product of their sizes.
std::int64_t count_along(const Tensor& x, unsigned mask);
/// x's shape with size 1 at these axes, or without them.
Shape reduced_shape(const Shape& shape, unsigned mask, bool keepdims);

}  // namespace ingot
