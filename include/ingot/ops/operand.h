// What operations take beside tensors: numbers, axes, and a place for the result.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// A number without a dtype of its own, as a Python number in NumPy 2: beside tensors it takes their dtype, unless its
/// kind is higher (an integer beside bool: i64; a float beside integers or bool: f32).
class Scalar {
 public:
  template <class T>
    requires std::is_arithmetic_v<T>
  Scalar(T value) noexcept {  // NOLINT(google-explicit-constructor): add(x, 2)
    if constexpr (std::is_floating_point_v<T>)
      kind_ = Kind::floating, floating_ = static_cast<double>(value);
    else if constexpr (std::is_same_v<T, bool>)
      kind_ = Kind::boolean, bits_ = value;
    else
      kind_ = std::is_signed_v<T> || std::in_range<std::int64_t>(value) ? Kind::signed_integer : Kind::unsigned_integer,
      bits_ = static_cast<std::uint64_t>(value);
  }

  /// boolean, signed_integer, unsigned_integer (above 2⁶³ − 1 only) or floating.
  Kind kind() const noexcept { return kind_; }
  double as_double() const noexcept;
  /// Modulo 2⁶⁴; kinds other than floating.
  std::uint64_t bits() const noexcept { return bits_; }
  /// f32 for a float, bool for bool, i64 (u64 above 2⁶³ − 1) for an integer.
  DType default_dtype() const noexcept;
  /// A 0-d tensor. Throws out_of_range, naming `operation`, where an integer does not fit an integer dtype.
  Tensor to_tensor(DType dtype, const char* operation) const;

 private:
  Kind kind_;
  union {
    double floating_;
    std::uint64_t bits_;
  };
};

/// A tensor or a number: what NumPy calls array_like. Holds a reference: for parameters only.
class Operand {
 public:
  Operand(const Tensor& tensor) noexcept : tensor_(&tensor) {}  // NOLINT(google-explicit-constructor)
  template <class T>
    requires(std::is_arithmetic_v<T> || std::is_same_v<T, Scalar>)
  Operand(T scalar) noexcept : scalar_(scalar) {}  // NOLINT(google-explicit-constructor)

  bool is_tensor() const noexcept { return tensor_ != nullptr; }
  const Tensor& tensor() const noexcept { return *tensor_; }
  const Scalar& scalar() const noexcept { return scalar_; }

 private:
  const Tensor* tensor_ = nullptr;
  Scalar scalar_ = false;
};

/// The axes an operation works along: all of them unless given; one, or several in any order; negative ones count from
/// the end. An operation throws out_of_range for an axis that the tensor has not, invalid_argument for one named twice.
class Axes {
 public:
  Axes() noexcept = default;
  Axes(int axis) noexcept : Axes({axis}) {}  // NOLINT(google-explicit-constructor): sum(x, 0)
  Axes(std::initializer_list<int> axes) : Axes(std::span(axes.begin(), axes.size())) {}
  /// Throws invalid_argument for more than eight.
  explicit Axes(std::span<const int> axes);

  bool all() const noexcept { return count_ < 0; }
  std::span<const int> list() const noexcept {
    return {axes_.data(), count_ < 0 ? 0 : static_cast<std::size_t>(count_)};
  }

 private:
  std::array<int, max_rank> axes_{};
  int count_ = -1;
};

/// Where to write a result: add(a, b, Out(x)). The tensor has the result's shape and a dtype of a kind that can hold
/// it, may be strided, and may overlap the inputs. Throws shape_mismatch, dtype_mismatch, or invalid_argument for
/// read-only storage and for a tensor that holds elements more than once.
struct Out {
  explicit Out(const Tensor& target) noexcept : tensor(target) {}
  const Tensor& tensor;
};

}  // namespace ingot
