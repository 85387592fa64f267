#include "quant/packed.h"

#include <algorithm>

namespace ingot {
namespace {

template <int Bits>
struct Packed {
  static constexpr std::int64_t per_byte = 8 / Bits;
  static constexpr unsigned mask = (1u << Bits) - 1;

  static void store(std::int8_t code, std::byte* bytes, std::int64_t at) noexcept {
    const auto shift = static_cast<unsigned>(at % per_byte * Bits);
    std::byte& byte = bytes[at / per_byte];
    byte = (byte & ~static_cast<std::byte>(mask << shift)) |
           static_cast<std::byte>((static_cast<unsigned>(code) & mask) << shift);
  }

  // Shifting up and down again extends the sign.
  static std::int8_t code(std::byte byte, std::int64_t position) noexcept {
    const auto shift = static_cast<unsigned>((per_byte - 1 - position) * Bits);
    const auto top = static_cast<std::uint8_t>(std::to_integer<unsigned>(byte) << shift);
    return static_cast<std::int8_t>(static_cast<std::int8_t>(top) >> (8 - Bits));
  }

  static void pack(const std::int8_t* codes, std::int64_t n, std::byte* bytes, std::int64_t at) noexcept {
    std::int64_t i = 0;
    for (; i < n && (at + i) % per_byte != 0; ++i) store(codes[i], bytes, at + i);
    std::byte* whole = bytes + (at + i) / per_byte;
    for (const std::int8_t* in = codes + i; i + per_byte <= n; i += per_byte, in += per_byte) {
      unsigned byte = 0;
      for (int k = 0; k < per_byte; ++k) byte |= (static_cast<unsigned>(in[k]) & mask) << (k * Bits);
      *whole++ = static_cast<std::byte>(byte);
    }
    for (; i < n; ++i) store(codes[i], bytes, at + i);
  }

  static void unpack(const std::byte* bytes, std::int64_t at, std::int64_t n, std::int8_t* codes) noexcept {
    std::int64_t i = 0;
    for (; i < n && (at + i) % per_byte != 0; ++i) codes[i] = code(bytes[(at + i) / per_byte], (at + i) % per_byte);
    const std::byte* whole = bytes + (at + i) / per_byte;
    for (std::int8_t* out = codes + i; i + per_byte <= n; i += per_byte, out += per_byte, ++whole)
      for (int k = 0; k < per_byte; ++k) out[k] = code(*whole, k);
    for (; i < n; ++i) codes[i] = code(bytes[(at + i) / per_byte], (at + i) % per_byte);
  }
};

}  // namespace

void pack_codes(int bits, const std::int8_t* codes, std::int64_t n, std::byte* bytes, std::int64_t at) noexcept {
  return bits == 4 ? Packed<4>::pack(codes, n, bytes, at) : Packed<2>::pack(codes, n, bytes, at);
}

void unpack_codes(int bits, const std::byte* bytes, std::int64_t at, std::int64_t n, std::int8_t* codes) noexcept {
  return bits == 4 ? Packed<4>::unpack(bytes, at, n, codes) : Packed<2>::unpack(bytes, at, n, codes);
}

}  // namespace ingot
