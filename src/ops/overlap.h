// Whether two tensors share memory.
#pragma once

#include "ingot/tensor.h"

namespace ingot {

/// The tensors may share bytes and are not the same elements in the same order, so that writing one while reading the
/// other could lose values. Errs on the side of true: extents are compared, not single elements.
inline bool overlaps_partly(const Tensor& a, const Tensor& b) noexcept {
  if (a.meta().storage->data() == nullptr || b.meta().storage->data() == nullptr) return false;
  struct Extent {
    std::intptr_t begin, end;  // bits from address 0
  };
  const auto extent = [](const Tensor& x) {
    const std::intptr_t bits = bit_width(x.dtype());
    std::intptr_t low = x.meta().offset, high = low + 1;
    for (int axis = 0; axis < x.rank(); ++axis) {
      const std::intptr_t span = (x.shape()[axis] - 1) * x.strides()[axis];
      (span < 0 ? low : high) += span;
    }
    const auto base = static_cast<std::intptr_t>(reinterpret_cast<std::uintptr_t>(x.meta().storage->data())) +
                      static_cast<std::intptr_t>(x.meta().byte_offset);
    return Extent{base * 8 + low * bits, base * 8 + high * bits};
  };
  const Extent ea = extent(a), eb = extent(b);
  if (ea.begin >= eb.end || eb.begin >= ea.end) return false;
  return !(ea.begin == eb.begin && a.dtype() == b.dtype() && a.shape() == b.shape() && a.strides() == b.strides());
}

}  // namespace ingot
