// Walking N tensors of one shape and any strides together, as few and long rows as the strides allow.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "ingot/shape.h"

namespace ingot {

/// The strides of a tensor over `target`, to which its shape broadcasts: 0 along axes that stretch.
inline Shape broadcast_strides(const Shape& shape, const Shape& strides, const Shape& target) {
  if (shape == target) return strides;
  Shape result = Shape::filled(target.rank(), 0);
  const int lead = target.rank() - shape.rank();
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] == target[lead + i]) result[lead + i] = strides[i];
  return result;
}

template <std::size_t N>
class StridedLoop {
 public:
  using Offsets = std::array<std::int64_t, N>;

  /// Strides in elements. Dimensions that every operand crosses in one step are merged.
  StridedLoop(const Shape& shape, const std::array<Shape, N>& strides) : size_(shape.numel()) {
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == 1) continue;
      if (rank_ > 0) {
        bool merges = true;
        for (std::size_t k = 0; k < N; ++k) merges = merges && strides_[rank_ - 1][k] == strides[k][axis] * shape[axis];
        if (merges) --rank_;
        sizes_[rank_] = merges ? sizes_[rank_] * shape[axis] : shape[axis];
      } else {
        sizes_[0] = shape[axis];
      }
      for (std::size_t k = 0; k < N; ++k) strides_[rank_][k] = strides[k][axis];
      ++rank_;
    }
    if (rank_ == 0) rank_ = 1;  // one element: sizes_[0] = 1, strides 0
  }

  std::int64_t size() const noexcept { return size_; }
  /// Elements of a full row, and each operand's step along it.
  std::int64_t inner_size() const noexcept { return sizes_[rank_ - 1]; }
  const Offsets& inner_strides() const noexcept { return strides_[rank_ - 1]; }

  /// Calls row(offsets, count) over the elements begin … end in row-major order; a row may be cut at both ends.
  template <class Row>
  void run(std::int64_t begin, std::int64_t end, Row&& row) const {
    if (begin >= end) return;
    std::array<std::int64_t, max_rank> index{};
    Offsets offsets{};
    std::int64_t rest = begin;
    for (std::size_t axis = rank_; axis-- > 0;) {
      index[axis] = rest % sizes_[axis];
      rest /= sizes_[axis];
      for (std::size_t k = 0; k < N; ++k) offsets[k] += index[axis] * strides_[axis][k];
    }
    const std::size_t inner = rank_ - 1;
    while (true) {
      const std::int64_t count = std::min(end - begin, sizes_[inner] - index[inner]);
      row(static_cast<const Offsets&>(offsets), count);
      begin += count;
      if (begin >= end) return;
      for (std::size_t k = 0; k < N; ++k) offsets[k] -= index[inner] * strides_[inner][k];
      index[inner] = 0;
      for (std::size_t axis = inner; axis-- > 0;) {
        for (std::size_t k = 0; k < N; ++k) offsets[k] += strides_[axis][k];
        if (++index[axis] < sizes_[axis]) break;
        for (std::size_t k = 0; k < N; ++k) offsets[k] -= sizes_[axis] * strides_[axis][k];
        index[axis] = 0;
      }
    }
  }

 private:
  std::int64_t size_;
  std::size_t rank_ = 0;
  std::array<std::int64_t, max_rank> sizes_{1};
  std::array<Offsets, max_rank> strides_{};
};

}  // namespace ingot
