// The vocabulary of elementwise.def over one number. Integers wrap around.
#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

namespace ingot {

// The functions of one float that round more than once: every type with this vocabulary has them.
#define INGOT_ELEMENT_FUNCTIONS(X) \
  X(exp)                           \
  X(exp2)                          \
  X(expm1)                         \
  X(log)                           \
  X(log1p)                         \
  X(log2)                          \
  X(log10) X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(erf)

/// A gradient that does not exist.
struct None {};
inline constexpr None none;

template <class T>
struct Element {
  T value;

  /// What a comparison gives.
  struct Truth {
    bool value;
    friend constexpr Truth operator&(Truth a, Truth b) noexcept { return {static_cast<bool>(a.value & b.value)}; }
    friend constexpr Truth operator|(Truth a, Truth b) noexcept { return {static_cast<bool>(a.value | b.value)}; }
    friend constexpr Truth operator!=(Truth a, Truth b) noexcept { return {a.value != b.value}; }
    friend constexpr Element where(Truth condition, Element a, Element b) noexcept { return condition.value ? a : b; }
  };

  constexpr Element(T x) noexcept : value(x) {}  // NOLINT(google-explicit-constructor): literals in expressions
  template <class N>
    requires(std::is_arithmetic_v<N> && !std::is_same_v<N, T>)
  constexpr Element(N x) noexcept : value(static_cast<T>(x)) {}  // NOLINT(google-explicit-constructor)

  static constexpr bool integral = std::is_integral_v<T>;
  static constexpr int bits = static_cast<int>(sizeof(T)) * 8;

  // Integers compute in the unsigned type of at least int's width, where wrapping is defined.
  template <class F>
  static constexpr T wrapping(T a, T b, F f) noexcept {
    if constexpr (integral) {
      using U = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
      return static_cast<T>(f(static_cast<U>(a), static_cast<U>(b)));
    } else {
      return f(a, b);
    }
  }
  friend constexpr Element operator+(Element a, Element b) noexcept {
    return wrapping(a.value, b.value, [](auto x, auto y) { return x + y; });
  }
  friend constexpr Element operator-(Element a, Element b) noexcept {
    return wrapping(a.value, b.value, [](auto x, auto y) { return x - y; });
  }
  friend constexpr Element operator*(Element a, Element b) noexcept {
    return wrapping(a.value, b.value, [](auto x, auto y) { return x * y; });
  }
  friend constexpr Element operator/(Element a, Element b) noexcept
    requires(!integral)
  {
    return a.value / b.value;
  }
  friend constexpr Element operator-(Element a) noexcept {
    if constexpr (integral)
      return Element(T{0}) - a;
    else
      return -a.value;
  }

  friend constexpr Truth operator<(Element a, Element b) noexcept { return {a.value < b.value}; }
  friend constexpr Truth operator<=(Element a, Element b) noexcept { return {a.value <= b.value}; }
  friend constexpr Truth operator>(Element a, Element b) noexcept { return {a.value > b.value}; }
  friend constexpr Truth operator>=(Element a, Element b) noexcept { return {a.value >= b.value}; }
  friend constexpr Truth operator==(Element a, Element b) noexcept { return {a.value == b.value}; }
  friend constexpr Truth operator!=(Element a, Element b) noexcept { return {a.value != b.value}; }

  friend constexpr Element max(Element a, Element b) noexcept {
    return a.value != a.value || a.value > b.value ? a : b;
  }
  friend constexpr Element min(Element a, Element b) noexcept {
    return a.value != a.value || a.value < b.value ? a : b;
  }
  friend constexpr Element abs(Element a) noexcept {
    if constexpr (!integral)
      return std::fabs(a.value);
    else
      return a.value < T{0} ? -a : a;
  }

  // Integers only.

  friend constexpr Element operator&(Element a, Element b) noexcept
    requires integral
  {
    return static_cast<T>(a.value & b.value);
  }
  friend constexpr Element operator|(Element a, Element b) noexcept
    requires integral
  {
    return static_cast<T>(a.value | b.value);
  }
  friend constexpr Element operator^(Element a, Element b) noexcept
    requires integral
  {
    return static_cast<T>(a.value ^ b.value);
  }
  friend constexpr Element operator~(Element a) noexcept
    requires integral
  {
    return static_cast<T>(~a.value);
  }
  // A negative number of places counts as too many, as in NumPy.
  friend constexpr Element operator<<(Element a, Element b) noexcept
    requires integral
  {
    if (static_cast<std::make_unsigned_t<T>>(b.value) >= bits) return T{0};
    return wrapping(a.value, b.value, [](auto x, auto y) { return x << y; });
  }
  friend constexpr Element operator>>(Element a, Element b) noexcept
    requires integral
  {
    if (static_cast<std::make_unsigned_t<T>>(b.value) >= bits) return static_cast<T>(a.value < 0 ? -1 : 0);
    return static_cast<T>(a.value >> b.value);
  }

  // Integers and floats, each in its own way.

  friend Element floor_divide(Element a, Element b) noexcept {
    if constexpr (integral) {
      if (b.value == 0) return T{0};
      if constexpr (std::is_signed_v<T>) {
        if (b.value == T{-1}) return -a;  // the least integer wraps
        const T quotient = static_cast<T>(a.value / b.value);
        return static_cast<T>(quotient - (quotient * b.value != a.value && (a.value < 0) != (b.value < 0)));
      } else {
        return static_cast<T>(a.value / b.value);
      }
    } else {
      // From the exact remainder, as Python: rounding a / b first may give the integer above.
      if (b.value == 0) return a.value / b.value;
      const T left = std::fmod(a.value, b.value);
      T quotient = (a.value - left) / b.value;
      if (left != 0 && (left < 0) != (b.value < 0)) quotient -= 1;
      if (quotient == 0) return std::copysign(T{0}, a.value / b.value);
      const T down = std::floor(quotient);
      return quotient - down > T{0.5} ? down + 1 : down;
    }
  }
  friend Element remainder(Element a, Element b) noexcept {
    if constexpr (integral) {
      if (b.value == 0) return T{0};
      if constexpr (std::is_signed_v<T>) {
        if (b.value == T{-1}) return T{0};
        const T left = static_cast<T>(a.value % b.value);
        return static_cast<T>(left != 0 && (left < 0) != (b.value < 0) ? left + b.value : left);
      } else {
        return static_cast<T>(a.value % b.value);
      }
    } else {
      const T left = std::fmod(a.value, b.value);
      if (left == 0) return std::copysign(left, b.value);
      return (left < 0) != (b.value < 0) ? left + b.value : left;
    }
  }
  friend Element pow(Element a, Element b) noexcept {
    if constexpr (integral) {
      if (b.value < 0) {
        const bool odd = (b.value & 1) != 0;
        return a.value == 1 || (a.value + 1 == 0 && !odd) ? T{1} : a.value + 1 == 0 ? static_cast<T>(-1) : T{0};
      }
      Element result = T{1};
      for (T exponent = b.value; exponent != 0; exponent = static_cast<T>(exponent >> 1), a = a * a)
        if (exponent & 1) result = result * a;
      return result;
    } else {
      return std::pow(a.value, b.value);
    }
  }
  friend Truth isinf(Element a) noexcept {
    if constexpr (integral)
      return {false};
    else
      return {std::fabs(a.value) > std::numeric_limits<T>::max()};
  }
  friend Truth isfinite(Element a) noexcept {
    if constexpr (integral)
      return {true};
    else
      return {std::fabs(a.value) <= std::numeric_limits<T>::max()};
  }
  // The current rounding direction is to nearest, halves to even.
#define INGOT_ROUNDING(name, function)      \
  friend Element name(Element a) noexcept { \
    if constexpr (integral)                 \
      return a;                             \
    else                                    \
      return std::function(a.value);        \
  }
  INGOT_ROUNDING(floor, floor)
  INGOT_ROUNDING(ceil, ceil)
  INGOT_ROUNDING(trunc, trunc)
  INGOT_ROUNDING(round, nearbyint)
#undef INGOT_ROUNDING

  // Floats only.

  friend Truth signbit(Element a) noexcept
    requires(!integral)
  {
    return {std::signbit(a.value)};
  }
  friend Element logaddexp(Element a, Element b) noexcept
    requires(!integral)
  {
    if (a.value == b.value) return a.value + static_cast<T>(0.6931471805599453);  // infinities too
    return max(a, b) + log1p(exp(-abs(a - b)));
  }
#define INGOT_FUNCTION(name)              \
  friend Element name(Element a) noexcept \
    requires(!integral)                   \
  {                                       \
    return std::name(a.value);            \
  }
  INGOT_FUNCTION(sqrt)
  INGOT_ELEMENT_FUNCTIONS(INGOT_FUNCTION)
#undef INGOT_FUNCTION
#define INGOT_FUNCTION(name)                         \
  friend Element name(Element a, Element b) noexcept \
    requires(!integral)                              \
  {                                                  \
    return std::name(a.value, b.value);              \
  }
  INGOT_FUNCTION(hypot)
  INGOT_FUNCTION(atan2)
  INGOT_FUNCTION(copysign)
  INGOT_FUNCTION(nextafter)
#undef INGOT_FUNCTION
};

}  // namespace ingot
