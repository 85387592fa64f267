// Sizes and strides of up to eight dimensions, held inline.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace [[gnu::visibility("default")]] ingot {

inline constexpr int max_rank = 8;

/// A list of up to eight integers: the sizes, strides or axes of a tensor.
class Shape {
 public:
  constexpr Shape() noexcept = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  /// Throws invalid_argument for more than eight dimensions.
  explicit Shape(std::span<const std::int64_t> dims);
  /// `rank` dimensions of `value` each.
  static Shape filled(int rank, std::int64_t value);

  int rank() const noexcept { return rank_; }
  bool empty() const noexcept { return rank_ == 0; }
  std::int64_t operator[](int axis) const noexcept { return dims_[static_cast<std::size_t>(axis)]; }
  std::int64_t& operator[](int axis) noexcept { return dims_[static_cast<std::size_t>(axis)]; }
  std::int64_t back() const noexcept { return (*this)[rank_ - 1]; }
  const std::int64_t* begin() const noexcept { return dims_.data(); }
  const std::int64_t* end() const noexcept { return dims_.data() + rank_; }
  /// Throws invalid_argument past eight dimensions.
  void push_back(std::int64_t dim);
  void erase(int axis) noexcept;
  void insert(int axis, std::int64_t dim);

  /// Product of the sizes; 1 for rank 0. Throws out_of_range where it passes 2⁶³ − 1 or a size is negative.
  std::int64_t numel() const;
  bool operator==(const Shape& other) const noexcept;

 private:
  std::array<std::int64_t, max_rank> dims_{};
  std::uint8_t rank_ = 0;
};

/// "(2, 3)", "(4,)", "()" as NumPy prints.
std::string to_string(const Shape& shape);
/// Row-major strides in elements.
Shape contiguous_strides(const Shape& shape);
/// NumPy's rule: sizes are aligned at the right, 1 stretches. Throws shape_mismatch, naming `operation` and both.
Shape broadcast_shapes(const Shape& a, const Shape& b, const char* operation = "broadcast_shapes");
/// −rank ≤ axis < rank → 0 ≤ axis < rank. Throws out_of_range, naming `operation`.
int normalize_axis(int axis, int rank, const char* operation);

}  // namespace ingot
