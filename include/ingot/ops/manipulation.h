// Moving and joining elements.
#pragma once

#include <span>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// x itself if it is row-major, aligned and plain, else a copy.
Tensor contiguous(const Tensor& x);
/// A view where strides allow, else a copy. One size may be −1. Throws for an encoded tensor that has no such view.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Writes `source`, broadcast and converted, into `target`; they must not overlap.
void copy_(const Tensor& target, const Tensor& source);
/// Joined along `axis`; the other sizes must agree; the promoted dtype.
Tensor concat(std::span<const Tensor> tensors, int axis = 0);

}  // namespace ingot
