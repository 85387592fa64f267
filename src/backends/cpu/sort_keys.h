// Elements as unsigned integers of the same order: NaN last, whatever its sign.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "ingot/float_types.h"

namespace ingot::cpu {

template <std::size_t Bytes>
using UnsignedOf = std::conditional_t<
    Bytes == 1, std::uint8_t,
    std::conditional_t<Bytes == 2, std::uint16_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;

template <class T>
struct SortKey {
  using Key = UnsignedOf<sizeof(T)>;
  static constexpr Key sign = static_cast<Key>(Key{1} << (8 * sizeof(T) - 1));
  static constexpr bool floating = !std::is_integral_v<T>;
  static constexpr Key nan = std::numeric_limits<Key>::max();  // no number has this key
  static constexpr Key zero = sign, negative_zero = static_cast<Key>(sign - 1);

  static constexpr bool is_nan(T x) noexcept {
    if constexpr (std::is_arithmetic_v<T>)
      return x != x;
    else
      return to_float(x) != to_float(x);
  }
  /// −0 has a key of its own, just below that of 0.
  static constexpr Key encode(T x) noexcept {
    if constexpr (std::is_unsigned_v<T>) {
      return static_cast<Key>(x);
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<Key>(static_cast<Key>(x) ^ sign);
    } else {
      // Without a branch on the sign, which would be guessed wrong half the time.
      const Key bits = std::bit_cast<Key>(x), negative = static_cast<Key>(0 - (bits >> (8 * sizeof(T) - 1)));
      const Key key = static_cast<Key>(bits ^ (negative | sign));
      return is_nan(x) ? nan : key;
    }
  }
  static constexpr T decode(Key key) noexcept {
    if constexpr (std::is_unsigned_v<T>)
      return static_cast<T>(key);
    else if constexpr (std::is_integral_v<T>)
      return static_cast<T>(key ^ sign);
    else
      return std::bit_cast<T>(static_cast<Key>(key == nan ? nan ^ sign : key & sign ? key ^ sign : ~key));
  }
};

}  // namespace ingot::cpu
