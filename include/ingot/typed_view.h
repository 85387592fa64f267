// Compile-time typed access for code that knows its element type and rank.
#pragma once

#include <type_traits>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// TypedView<const float, 2> v(x); v(i, j). Strided; indices are not checked.
template <class T, int Rank>
class TypedView {
 public:
  /// Throws shape_mismatch for another rank, dtype_mismatch for another type, invalid_argument where unaligned or,
  /// for a mutable T, read-only.
  explicit TypedView(const Tensor& x) {
    if (x.rank() != Rank)
      throw Error(ErrorCode::shape_mismatch, "TypedView",
                  "rank " + std::to_string(Rank) + " expected, found " + describe(x));
    if constexpr (std::is_const_v<T>)
      data_ = x.data<std::remove_const_t<T>>();
    else
      data_ = x.mutable_data<T>();
    for (int i = 0; i < Rank; ++i) sizes_[i] = x.shape()[i], strides_[i] = x.strides()[i];
  }

  template <class... Index>
    requires(sizeof...(Index) == Rank)
  T& operator()(Index... index) const noexcept {
    const std::int64_t at[] = {static_cast<std::int64_t>(index)...};
    std::int64_t offset = 0;
    for (int i = 0; i < Rank; ++i) offset += at[i] * strides_[i];
    return data_[offset];
  }
  std::int64_t size(int axis) const noexcept { return sizes_[axis]; }
  std::int64_t stride(int axis) const noexcept { return strides_[axis]; }

 private:
  T* data_;
  std::int64_t sizes_[Rank], strides_[Rank];
};

}  // namespace ingot
