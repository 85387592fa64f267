// The vocabulary of elementwise.def over one number. Integers wrap around.
#pragma once

#include <cmath>
#include <type_traits>

namespace ingot {

template <class T>
struct Scalar {
  T value;

  constexpr Scalar(T x) noexcept : value(x) {}  // NOLINT(google-explicit-constructor): literals in expressions
  template <class N>
    requires(std::is_arithmetic_v<N> && !std::is_same_v<N, T>)
  constexpr Scalar(N x) noexcept : value(static_cast<T>(x)) {}  // NOLINT(google-explicit-constructor)

  // Integers compute in the unsigned type of at least int's width, where wrapping is defined.
  template <class F>
  static constexpr T wrapping(T a, T b, F f) noexcept {
    if constexpr (std::is_integral_v<T>) {
      using U = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
      return static_cast<T>(f(static_cast<U>(a), static_cast<U>(b)));
    } else {
      return f(a, b);
    }
  }
  friend constexpr Scalar operator+(Scalar a, Scalar b) noexcept {
    return wrapping(a.value, b.value, [](auto x, auto y) { return x + y; });
  }
  friend constexpr Scalar operator-(Scalar a, Scalar b) noexcept {
    return wrapping(a.value, b.value, [](auto x, auto y) { return x - y; });
  }
  friend constexpr Scalar operator*(Scalar a, Scalar b) noexcept {
    return wrapping(a.value, b.value, [](auto x, auto y) { return x * y; });
  }
  friend constexpr Scalar operator/(Scalar a, Scalar b) noexcept
    requires std::is_floating_point_v<T>
  {
    return a.value / b.value;
  }
  friend constexpr Scalar operator-(Scalar a) noexcept {
    if constexpr (std::is_integral_v<T>)
      return Scalar(T{0}) - a;
    else
      return -a.value;
  }
  friend constexpr bool operator<(Scalar a, Scalar b) noexcept { return a.value < b.value; }
  friend constexpr bool operator<=(Scalar a, Scalar b) noexcept { return a.value <= b.value; }
  friend constexpr bool operator>(Scalar a, Scalar b) noexcept { return a.value > b.value; }
  friend constexpr bool operator>=(Scalar a, Scalar b) noexcept { return a.value >= b.value; }

  friend constexpr Scalar where(bool condition, Scalar a, Scalar b) noexcept { return condition ? a : b; }
  friend constexpr Scalar max(Scalar a, Scalar b) noexcept { return a.value != a.value || a.value > b.value ? a : b; }
  friend constexpr Scalar min(Scalar a, Scalar b) noexcept { return a.value != a.value || a.value < b.value ? a : b; }
  friend Scalar exp(Scalar a) noexcept
    requires std::is_floating_point_v<T>
  {
    return std::exp(a.value);
  }
  friend Scalar sqrt(Scalar a) noexcept
    requires std::is_floating_point_v<T>
  {
    return std::sqrt(a.value);
  }
  friend constexpr Scalar abs(Scalar a) noexcept { return a.value < T{0} ? -a : where(a.value == T{0}, T{0}, a); }
};

}  // namespace ingot
