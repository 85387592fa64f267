// The one way binary readers look at bytes: every read is checked against what remains, and every complaint names
// file, byte offset, what was found and what was expected.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "core/fail.h"

namespace ingot {

/// The bytes of an unsigned integer in the other order.
template <std::unsigned_integral T>
constexpr T byteswap(T value) noexcept {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
}

namespace cursor_detail {
template <std::size_t bytes>
struct BitsOf;
template <>
struct BitsOf<1> {
  using type = std::uint8_t;
};
template <>
struct BitsOf<2> {
  using type = std::uint16_t;
};
template <>
struct BitsOf<4> {
  using type = std::uint32_t;
};
template <>
struct BitsOf<8> {
  using type = std::uint64_t;
};
}  // namespace cursor_detail

class Cursor {
 public:
  /// `operation` is the reader's name, `file` what errors call the bytes.
  Cursor(std::string_view operation, std::string_view file, std::span<const std::byte> bytes,
         std::endian order = std::endian::little) noexcept
      : operation_(operation), file_(file), bytes_(bytes), order_(order) {}

  std::size_t offset() const noexcept { return offset_; }
  std::size_t remaining() const noexcept { return bytes_.size() - offset_; }
  /// Continues at byte `at` of the file.
  void seek(std::uint64_t at, std::string_view what) {
    if (at > bytes_.size()) reject(offset_, what, "byte {} of a file of {}", at, bytes_.size());
    offset_ = static_cast<std::size_t>(at);
  }
  std::endian order() const noexcept { return order_; }
  void set_order(std::endian order) noexcept { order_ = order; }

  /// A number of the file's byte order. `what` names it in errors.
  template <class T>
    requires std::integral<T> || std::floating_point<T>
  T read(std::string_view what) {
    using Bits = typename cursor_detail::BitsOf<sizeof(T)>::type;
    Bits bits;
    std::memcpy(&bits, take(sizeof(T), what).data(), sizeof bits);
    if (order_ != std::endian::native) bits = byteswap(bits);
    return std::bit_cast<T>(bits);
  }

  /// The next `n` bytes, in place.
  std::span<const std::byte> take(std::uint64_t n, std::string_view what) {
    if (n > remaining()) reject(offset_, what, "{} bytes remain, expected {}", remaining(), n);
    const auto taken = bytes_.subspan(offset_, static_cast<std::size_t>(n));
    offset_ += static_cast<std::size_t>(n);
    return taken;
  }

  std::string_view text(std::uint64_t n, std::string_view what) {
    const auto taken = take(n, what);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  /// `n` as a count of things that take at least `least_bytes` each: refused where they cannot all be there, so that
  /// nothing is allocated for a number a damaged file claims.
  std::size_t count(std::uint64_t n, std::size_t least_bytes, std::string_view what) const {
    if (n > remaining() / least_bytes)
      reject(offset_, what, "{} of at least {} bytes each, but {} bytes remain", n, least_bytes, remaining());
    return static_cast<std::size_t>(n);
  }

  /// Throws invalid_file: "FILE, byte AT: WHAT: …".
  template <class... Args>
  [[noreturn]] void reject(std::size_t at, std::string_view what, fmt::format_string<Args...> format,
                           Args&&... args) const {
    throw Error(ErrorCode::invalid_file, operation_,
                fmt::format("{}, byte {}: {}: {}", file_, at, what, fmt::format(format, std::forward<Args>(args)...)));
  }

 private:
  std::string_view operation_, file_;
  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
  std::endian order_;
};

}  // namespace ingot
