// A tensor as a list of matrices, its last two axes, copied one at a time to and from columns as LAPACK has them.
#pragma once

#include <type_traits>

#include "ingot/tensor.h"

namespace ingot {

/// T: the element type, const for inputs.
template <class T>
class Matrices {
 public:
  explicit Matrices(const Tensor& x)
      : rows(x.shape()[x.rank() - 2]), columns(x.shape().back()), shape_(x.shape()), strides_(x.strides()) {
    if (x.numel() == 0) return;
    if constexpr (std::is_const_v<T>)
      data_ = x.data<std::remove_const_t<T>>();
    else
      data_ = x.mutable_data<T>();
  }

  /// Element (i, j) of matrix `index` of the flattened batch.
  T& operator()(std::int64_t index, std::int64_t i, std::int64_t j) const noexcept {
    return data_[first(index) + i * row_step() + j * column_step()];
  }

  /// to[j · rows + i] = (i, j).
  template <class U>
  void load(std::int64_t index, U* to) const noexcept {
    if (rows * columns == 0) return;
    const T* from = data_ + first(index);
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t i = 0; i < rows; ++i)
        to[j * rows + i] = static_cast<U>(from[i * row_step() + j * column_step()]);
  }

  /// The reverse, from columns `leading` elements apart.
  template <class U>
  void store(std::int64_t index, const U* from, std::int64_t leading) const noexcept {
    if (rows * columns == 0) return;
    T* to = data_ + first(index);
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t i = 0; i < rows; ++i)
        to[i * row_step() + j * column_step()] = static_cast<T>(from[j * leading + i]);
  }

  const std::int64_t rows, columns;

 private:
  std::int64_t row_step() const noexcept { return strides_[strides_.rank() - 2]; }
  std::int64_t column_step() const noexcept { return strides_.back(); }
  std::int64_t first(std::int64_t index) const noexcept {
    std::int64_t offset = 0;
    for (int axis = shape_.rank() - 3; axis >= 0; --axis) {
      offset += index % shape_[axis] * strides_[axis];
      index /= shape_[axis];
    }
    return offset;
  }

  Shape shape_, strides_;
  T* data_ = nullptr;
};

/// Calls f(T{}) with float or double.
template <class F>
decltype(auto) visit_lapack(DType dtype, F&& f) {
  if (dtype == DType::f64) return f(double{});
  return f(float{});
}

}  // namespace ingot
