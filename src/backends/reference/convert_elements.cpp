#include "backends/reference/convert_elements.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/convert.h"

namespace ingot {
namespace {

// Access to element i of a row of T. Packed integers are handed out as int8.
template <class T>
struct Element {
  template <class From>
  static T of(From value) noexcept {
    return convert<T>(value);
  }
  static T load(const std::byte* base, std::int64_t i) noexcept {
    T value;
    std::memcpy(&value, base + i * static_cast<std::int64_t>(sizeof(T)), sizeof value);
    return value;
  }
  static void store(std::byte* base, std::int64_t i, T value) noexcept {
    std::memcpy(base + i * static_cast<std::int64_t>(sizeof(T)), &value, sizeof value);
  }
};

template <int Bits>
struct PackedElement {
  static constexpr int per_byte = 8 / Bits;
  /// Floats saturate at the ends of the packed range as at any integer's; storing wraps integers.
  template <class From>
  static std::int8_t of(From value) noexcept {
    const auto byte = convert<std::int8_t>(value);
    if constexpr (std::is_integral_v<From>) return byte;
    constexpr std::int8_t end = 1 << (Bits - 1);
    return std::clamp<std::int8_t>(byte, -end, end - 1);
  }
  static std::int8_t load(const std::byte* base, std::int64_t i) noexcept {
    const int shift = static_cast<int>(i % per_byte) * Bits;
    const auto high = static_cast<std::uint8_t>(std::to_integer<unsigned>(base[i / per_byte]) << (8 - Bits - shift));
    return static_cast<std::int8_t>(static_cast<std::int8_t>(high) >> (8 - Bits));  // the shift extends the sign
  }
  static void store(std::byte* base, std::int64_t i, std::int8_t value) noexcept {
    const int shift = static_cast<int>(i % per_byte) * Bits;
    const auto mask = static_cast<std::byte>(((1 << Bits) - 1) << shift);
    std::byte& byte = base[i / per_byte];
    byte = (byte & ~mask) | (static_cast<std::byte>(static_cast<std::uint8_t>(value) << shift) & mask);
  }
};

template <>
struct Element<PackedI4> : PackedElement<4> {};
template <>
struct Element<PackedI2> : PackedElement<2> {};

template <class From, class To>
void convert_row(const std::byte* from, std::int64_t from_index, std::int64_t from_step, std::byte* to,
                 std::int64_t to_index, std::int64_t to_step, std::int64_t n) {
  if (from_step == 1 && to_step == 1) {
    for (std::int64_t i = 0; i < n; ++i)
      Element<To>::store(to, to_index + i, Element<To>::of(Element<From>::load(from, from_index + i)));
  } else {
    for (std::int64_t i = 0; i < n; ++i)
      Element<To>::store(to, to_index + i * to_step,
                         Element<To>::of(Element<From>::load(from, from_index + i * from_step)));
  }
}

template <class From>
constexpr std::array<ConvertElements, dtype_count> row_from = {
#define INGOT_X(id, name, type, bits, kind) &convert_row<From, type>,
    INGOT_DTYPES(INGOT_X)
#undef INGOT_X
};

constexpr const std::array<ConvertElements, dtype_count>* table[] = {
#define INGOT_X(id, name, type, bits, kind) &row_from<type>,
    INGOT_DTYPES(INGOT_X)
#undef INGOT_X
};

}  // namespace

ConvertElements convert_elements(DType from, DType to) noexcept {
  return (*table[static_cast<std::size_t>(from)])[static_cast<std::size_t>(to)];
}

}  // namespace ingot
