// From index tensors to the kernels gather and scatter.
#pragma once

#include <functional>

#include "ingot/ops/indexing.h"

namespace ingot {

/// Elements of a tensor named by offsets: `view` has its `indexed` axes first; each offset stands for the block of the
/// other axes that begins there. The result's shape is `rest` with `broadcast`, the shape of `offsets`, put in front of
/// its axis `lead`.
struct Selection {
  Tensor view;
  int indexed = 0;
  Tensor offsets;
  Shape broadcast, rest;
  int lead = 0;

  Shape shape() const;
};

[[noreturn]] void fail_index(const char* operation, std::int64_t index, int axis, std::int64_t size);
/// Indices of an axis of `size` as i64 offsets of `stride` elements each, row-major. Throws out_of_range naming `axis`.
Tensor offsets_of(const char* operation, const Tensor& indices, int axis, std::int64_t size, std::int64_t stride);
/// Broadcast; `a` may be undefined.
Tensor sum_of_offsets(const Tensor& a, const Tensor& b);

/// x as gather takes it: decoded, unpacked to bytes, aligned. x itself where it is so already.
Tensor gatherable(const Tensor& x);
Tensor gathered(const Selection& selection);

/// `value` in target's dtype, broadcast to `shape` (leading axes of size 1 are dropped as in NumPy), sharing no memory
/// with `target`.
Tensor fitting(const char* operation, const Operand& value, const Tensor& target, const Shape& shape);
/// Puts or adds `value` at what `select` makes of `target` or of a stand-in of its shape, where kernels cannot write.
void scattered(const char* operation, const Tensor& target, const Operand& value, bool add,
               const std::function<Selection(const Tensor&)>& select);

}  // namespace ingot
