// Codes of any width in 32-bit words, low bits first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ingot::huggingface::quantized {

/// 32 bits at any byte.
inline std::uint32_t word_at(const std::byte* words, std::int64_t i) noexcept {
  std::uint32_t word;
  std::memcpy(&word, words + 4 * i, sizeof word);
  return word;
}

/// Bits `at` … at + bits of a row of words; bits ≤ 8.
inline std::int32_t bits_at(const std::byte* words, std::int64_t at, int bits) noexcept {
  const std::int64_t word = at / 32;
  const auto shift = static_cast<int>(at % 32);
  std::uint32_t value = word_at(words, word) >> shift;
  if (shift + bits > 32) value |= word_at(words, word + 1) << (32 - shift);
  return static_cast<std::int32_t>(value & ((1u << bits) - 1));
}

}  // namespace ingot::huggingface::quantized
