// One element from any dtype to any other: the definition that vectorised conversions must equal.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/visit.h"

namespace ingot {

template <class T>
inline constexpr bool is_narrow_float = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16> ||
                                        std::is_same_v<T, Float8E4M3> || std::is_same_v<T, Float8E5M2>;

namespace detail {

// Truncated toward zero. Outside the range C++ leaves the cast undefined: here it saturates and NaN gives 0, so that
// every machine, column and sanitizer sees the same.
template <class U, class T>
U truncate(T x) noexcept {
  using Limits = std::numeric_limits<U>;
  // 2^digits is exact in any float; the largest integer itself may not be.
  const T beyond = std::ldexp(T{1}, Limits::digits);
  if (x >= beyond) return Limits::max();
  if constexpr (std::is_signed_v<U>) {
    if (x < -beyond) return Limits::min();
  } else {
    if (x <= T{-1}) return 0;
  }
  return x == x ? static_cast<U>(x) : U{0};
}

// The value as double, rounded to odd where an integer has more than 53 bits: a later rounding to a narrow float then
// is the only one that counts (Boldo & Melquiond 2008).
template <class T>
double to_double_odd(T x) noexcept {
  if constexpr (std::numeric_limits<T>::digits > 53) {
    constexpr T dropped = 0x7FF;
    if (x > T{1} << 53 || (std::is_signed_v<T> && x < -(T{1} << 53)))
      return static_cast<double>(static_cast<T>((x & ~dropped) | ((x & dropped) != 0 ? T{1} << 11 : T{0})));
  }
  return static_cast<double>(x);
}

}  // namespace detail

/// To floats rounded once to nearest even; float → integer truncated (saturating, NaN → 0); integer → integer modulo
/// 2^bits; to bool whether non-zero.
template <class U, class T>
U convert(T x) noexcept {
  if constexpr (std::is_same_v<T, U>)
    return x;
  else if constexpr (is_narrow_float<T>)
    return convert<U>(to_float(x));
  else if constexpr (std::is_same_v<U, bool>)
    return x != T{};
  else if constexpr (is_narrow_float<U>) {
    if constexpr (std::is_integral_v<T>)
      return from_double<U>(detail::to_double_odd(x));
    else if constexpr (std::is_same_v<U, Float16>)
      return to_float16(x);
    else if constexpr (std::is_same_v<U, BFloat16>)
      return to_bfloat16(x);
    else if constexpr (std::is_same_v<U, Float8E4M3>)
      return to_float8_e4m3(x);
    else
      return to_float8_e5m2(x);
  } else if constexpr (std::is_integral_v<U> && std::is_floating_point_v<T>)
    return detail::truncate<U>(x);
  else
    return static_cast<U>(x);
}

}  // namespace ingot
