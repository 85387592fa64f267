// TQ1_0's base-3 digits with AVX2, for every x86 unit.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstring>

#include "backends/cpu/isa/inline.h"

namespace ingot::cpu {
namespace {

/// The leading base-3 digit of each byte, (3·b) >> 8: the upper two bits of ¾ b rounded down. vpavgb rounds up, so it
/// is given complements.
INGOT_INLINE __m256i leading_digit(__m256i b) {
  const __m256i all = _mm256_set1_epi8(-1);
  const __m256i c = _mm256_xor_si256(b, all);
  const __m256i rest = _mm256_avg_epu8(c, _mm256_avg_epu8(c, all));
  return _mm256_andnot_si256(_mm256_srli_epi16(rest, 6), _mm256_set1_epi8(3));
}
INGOT_INLINE __m256i times3(__m256i b) { return _mm256_add_epi8(b, _mm256_add_epi8(b, b)); }

/// The 256 codes of a block in order: 5 digits of 32 bytes, 5 digits of 16 bytes, 4 digits of 4 bytes.
INGOT_INLINE void tq1_codes(const std::byte* p, __m256i* codes) {
  __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  for (int n = 0; n < 5; ++n, b = times3(b)) codes[n] = leading_digit(b);

  const __m128i middle = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 32));
  const __m256i first = _mm256_broadcastsi128_si256(middle);
  // Digits 0 and 1 of the 16 bytes side by side, then 2 and 3, then 4 and the last four bytes.
  __m256i pair = _mm256_blend_epi32(first, times3(first), 0xF0);
  codes[5] = leading_digit(pair);
  pair = times3(times3(pair));
  codes[6] = leading_digit(pair);
  pair = times3(times3(pair));
  int tail;
  std::memcpy(&tail, p + 48, sizeof tail);
  const __m256i words = _mm256_cvtepu8_epi16(_mm_set1_epi32(tail));
  const __m256i powers = _mm256_setr_epi16(1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27);
  const __m256i products = _mm256_and_si256(_mm256_mullo_epi16(words, powers), _mm256_set1_epi16(255));
  const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(products), _mm256_extracti128_si256(products, 1));
  codes[7] = leading_digit(_mm256_inserti128_si256(pair, bytes, 1));
}

}  // namespace
}  // namespace ingot::cpu
