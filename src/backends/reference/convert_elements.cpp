#include "backends/reference/convert_elements.h"

#include <array>
#include <cstring>

#include "core/convert.h"

namespace ingot {
namespace {

// Access to element i of a row of T. Packed integers are handed out as int8.
template <class T>
struct Element {
  using Value = T;
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
  using Value = std::int8_t;
  static constexpr int per_byte = 8 / Bits;
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
  using Value = typename Element<To>::Value;
  if (from_step == 1 && to_step == 1) {
    for (std::int64_t i = 0; i < n; ++i)
      Element<To>::store(to, to_index + i, convert<Value>(Element<From>::load(from, from_index + i)));
  } else {
    for (std::int64_t i = 0; i < n; ++i)
      Element<To>::store(to, to_index + i * to_step,
                         convert<Value>(Element<From>::load(from, from_index + i * from_step)));
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
