#include "ingot/shape.h"

#include <algorithm>

#include "core/fail.h"

namespace ingot {

Shape::Shape(std::span<const std::int64_t> dims) {
  for (const std::int64_t dim : dims) push_back(dim);
}

Shape Shape::filled(int rank, std::int64_t value) {
  if (rank > max_rank) fail(ErrorCode::invalid_argument, "Shape", "more than {} dimensions", max_rank);
  Shape shape;
  shape.rank_ = static_cast<std::uint8_t>(std::max(rank, 0));
  std::fill_n(shape.dims_.begin(), shape.rank_, value);
  return shape;
}

void Shape::push_back(std::int64_t dim) { insert(rank_, dim); }

void Shape::insert(int axis, std::int64_t dim) {
  if (rank_ == max_rank) fail(ErrorCode::invalid_argument, "Shape", "more than {} dimensions", max_rank);
  std::copy_backward(dims_.begin() + axis, dims_.begin() + rank_, dims_.begin() + rank_ + 1);
  dims_[static_cast<std::size_t>(axis)] = dim;
  ++rank_;
}

void Shape::erase(int axis) noexcept {
  std::copy(dims_.begin() + axis + 1, dims_.begin() + rank_, dims_.begin() + axis);
  --rank_;
}

std::int64_t Shape::numel() const {
  std::int64_t product = 1;
  bool overflow = false, empty = false;
  for (const std::int64_t dim : *this) {
    if (dim < 0) fail(ErrorCode::out_of_range, "Shape::numel", "negative size in {}", to_string(*this));
    if (dim == 0)
      empty = true;
    else
      overflow = __builtin_mul_overflow(product, dim, &product) || overflow;
  }
  if (empty) return 0;
  if (overflow) fail(ErrorCode::out_of_range, "Shape::numel", "{} has more than 2^63 - 1 elements", to_string(*this));
  return product;
}

bool Shape::operator==(const Shape& other) const noexcept {
  if (rank_ != other.rank_) return false;
  for (int i = 0; i < rank_; ++i)  // a call of memcmp takes longer than a few comparisons
    if ((*this)[i] != other[i]) return false;
  return true;
}

std::string to_string(const Shape& shape) {
  std::string text = "(";
  for (int i = 0; i < shape.rank(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.rank() == 1 ? ",)" : ")");
}

Shape contiguous_strides(const Shape& shape) {
  Shape strides = shape;
  std::int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = stride;
    // Only an empty tensor can pass 2⁶³ here, and its strides are never used.
    if (__builtin_mul_overflow(stride, std::max<std::int64_t>(shape[i], 1), &stride)) stride = 0;
  }
  return strides;
}

Shape broadcast_shapes(const Shape& a, const Shape& b, const char* operation) {
  Shape result = Shape::filled(std::max(a.rank(), b.rank()), 1);
  for (int i = 1; i <= result.rank(); ++i) {
    const std::int64_t m = i <= a.rank() ? a[a.rank() - i] : 1;
    const std::int64_t n = i <= b.rank() ? b[b.rank() - i] : 1;
    if (m != n && m != 1 && n != 1)
      fail(ErrorCode::shape_mismatch, operation, "shapes {} and {} do not broadcast", to_string(a), to_string(b));
    result[result.rank() - i] = m == 1 ? n : m;
  }
  return result;
}

int normalize_axis(int axis, int rank, const char* operation) {
  if (axis < -rank || axis >= rank)
    fail(ErrorCode::out_of_range, operation, "axis {} is out of range for rank {}", axis, rank);
  return axis < 0 ? axis + rank : axis;
}

}  // namespace ingot
