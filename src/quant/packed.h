// Integers of 4 and 2 bits in bytes, the first in the low bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot {

/// codes[0 … n) modulo 2^bits → elements `at` … at + n of packed bytes; the other elements of shared bytes stay.
void pack_codes(int bits, const std::int8_t* codes, std::int64_t n, std::byte* bytes, std::int64_t at) noexcept;
/// Elements `at` … at + n of packed bytes → codes[0 … n).
void unpack_codes(int bits, const std::byte* bytes, std::int64_t at, std::int64_t n, std::int8_t* codes) noexcept;

}  // namespace ingot
