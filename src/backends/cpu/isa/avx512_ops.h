// Vector operations of the AVX-512 units (see dot_impl.h). INGOT_VNNI: int8 products by vpdpbusd.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/isa/tq1_x86.h"

#if defined(__GNUC__) && !defined(__clang__)
// GCC's own AVX-512 intrinsics start from "undefined" vectors that -Wmaybe-uninitialized takes for ours (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace ingot::cpu {
namespace {

struct Ops {
  static constexpr int bytes = 64, prefill_rows = 4, float_columns = 4;
  using I = __m512i;
  using F = __m512;

  INGOT_INLINE static std::uint32_t word(const std::byte* p) {
    std::uint32_t w;
    std::memcpy(&w, p, sizeof w);
    return w;
  }
  INGOT_INLINE static __m128i load16(const std::byte* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  INGOT_INLINE static __m256i load32(const std::byte* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }

  INGOT_INLINE static I zero_i() { return _mm512_setzero_si512(); }
  INGOT_INLINE static I ones_i() { return _mm512_set1_epi8(1); }
  INGOT_INLINE static I load_i(const std::byte* p) { return _mm512_loadu_si512(p); }
  INGOT_INLINE static void store_i(std::byte* p, I x) { _mm512_storeu_si512(p, x); }
  INGOT_INLINE static I add_i(I a, I b) { return _mm512_add_epi32(a, b); }
  INGOT_INLINE static I times(I a, int factor) { return _mm512_mullo_epi32(a, _mm512_set1_epi32(factor)); }
  INGOT_INLINE static int sum_i(I a) { return _mm512_reduce_add_epi32(a); }

  INGOT_INLINE static F zero_f() { return _mm512_setzero_ps(); }
  INGOT_INLINE static F set1_f(float x) { return _mm512_set1_ps(x); }
  INGOT_INLINE static F load_f(const void* p) { return _mm512_loadu_ps(p); }
  INGOT_INLINE static F load_f16(const std::byte* p) { return _mm512_cvtph_ps(load32(p)); }
  INGOT_INLINE static F load_bf16(const std::byte* p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(load32(p)), 16));
  }
  INGOT_INLINE static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  INGOT_INLINE static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  INGOT_INLINE static F cvt(I a) { return _mm512_cvtepi32_ps(a); }
  INGOT_INLINE static float sum_f(F a) { return _mm512_reduce_add_ps(a); }

#ifdef INGOT_VNNI
  // Q8_0's codes enter as w + 128, unsigned: 128 · Σ s is taken off through q8_offset, and no sum can saturate.
  static constexpr int q8_offset = 128;
  INGOT_INLINE static I dot(I acc, I u, I s) { return _mm512_dpbusd_epi32(acc, u, s); }
  INGOT_INLINE static I q8_dot(I acc, I codes, I s) { return _mm512_dpbusd_epi32(acc, codes, s); }
  INGOT_INLINE static void q8_codes(const std::byte* p, I* codes) {
    codes[0] = _mm512_xor_si512(_mm512_inserti64x4(_mm512_castsi256_si512(load32(p + 2)), load32(p + 36), 1),
                                _mm512_set1_epi8(-128));
  }
#else
  static constexpr int q8_offset = 0;
  // vpmaddubsw saturates above 32767: u ≤ 31 and |s| ≤ 127 give at most 2 · 31 · 127.
  INGOT_INLINE static I dot(I acc, I u, I s) {
    return _mm512_add_epi32(acc, _mm512_madd_epi16(_mm512_maddubs_epi16(u, s), _mm512_set1_epi16(1)));
  }
  // |w| · (±s): at most 2 · 128 · 127 = 32512, as activation codes never are −128.
  INGOT_INLINE static I q8_dot(I acc, I codes, I s) {
    const I signed_s = _mm512_mask_sub_epi8(s, _mm512_movepi8_mask(codes), _mm512_setzero_si512(), s);
    return dot(acc, _mm512_abs_epi8(codes), signed_s);
  }
  INGOT_INLINE static void q8_codes(const std::byte* p, I* codes) {
    codes[0] = _mm512_inserti64x4(_mm512_castsi256_si512(load32(p + 2)), load32(p + 36), 1);
  }
#endif

  INGOT_INLINE static I low_nibbles(I q) { return _mm512_and_si512(q, _mm512_set1_epi8(15)); }
  INGOT_INLINE static I high_nibbles(I q) { return _mm512_and_si512(_mm512_srli_epi16(q, 4), _mm512_set1_epi8(15)); }
  template <int J>
  INGOT_INLINE static I crumbs(I q) {
    return _mm512_and_si512(J ? _mm512_srli_epi16(q, 2 * J) : q, _mm512_set1_epi8(3));
  }
  // One shuffle brings words of 64 bytes to their places: the codes of three of four Q4_0 or Q4_1 blocks, the heads of
  // four Q4_0 blocks. Beside loads of each, Q4_0 gains 16 % on Zen 4 and Q4_1 6 %, whose heads gain nothing.
  using Words = short __attribute__((vector_size(64)));
  static constexpr Words iota = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
  INGOT_INLINE static I words(const std::byte* p, Words index) {
    return _mm512_permutexvar_epi16(reinterpret_cast<I>(index), load_i(p));
  }
  INGOT_INLINE static I nibbles(const std::byte* p, int stride, int at) {
    if (stride <= 20) {
      const auto step = static_cast<short>(stride / 2), first = static_cast<short>(at / 2);
      const I three = words(p, (iota & 7) + (iota >> 3) * step + first);
      return _mm512_mask_broadcast_i32x4(three, 0xF000, load16(p + 3 * stride + at));
    }
    I q = _mm512_castsi128_si512(load16(p + at));
    q = _mm512_inserti32x4(q, load16(p + stride + at), 1);
    q = _mm512_inserti32x4(q, load16(p + 2 * stride + at), 2);
    return _mm512_inserti32x4(q, load16(p + 3 * stride + at), 3);
  }
  // Other blocks: whole 32-bit words are broadcast from memory, which needs no shuffle; what follows d in the block
  // lands in odd lanes: m for the formats that have one.
  INGOT_INLINE static void scales4(const std::byte* p, int stride, F& d, F& m) {
    if (stride == 18) {
      const Words heads = (iota >> 2 & 3) * reinterpret_cast<Words>(_mm512_set1_epi16(static_cast<short>(stride / 2)));
      d = _mm512_cvtph_ps(_mm512_castsi512_si256(words(p, heads)));
      m = _mm512_cvtph_ps(_mm512_castsi512_si256(words(p, heads + 1)));
      return;
    }
    __m256i w = _mm256_set1_epi32(static_cast<int>(word(p)));
    w = _mm256_mask_set1_epi32(w, 0x0C, static_cast<int>(word(p + stride)));
    w = _mm256_mask_set1_epi32(w, 0x30, static_cast<int>(word(p + 2 * stride)));
    w = _mm256_mask_set1_epi32(w, 0xC0, static_cast<int>(word(p + 3 * stride)));
    const F pairs = _mm512_cvtph_ps(w);
    d = _mm512_moveldup_ps(pairs);
    m = _mm512_movehdup_ps(pairs);
  }
  INGOT_INLINE static F scales8(const std::byte* p, int stride) {
    __m256i w = _mm256_set1_epi32(static_cast<int>(word(p)));
    w = _mm256_mask_set1_epi32(w, 0xF0, static_cast<int>(word(p + stride)));
    return _mm512_moveldup_ps(_mm512_cvtph_ps(w));
  }
  INGOT_INLINE static F one_scale(const std::byte* p) {
    std::uint16_t half;
    std::memcpy(&half, p, sizeof half);
    return _mm512_cvtph_ps(_mm256_set1_epi16(static_cast<short>(half)));
  }
  INGOT_INLINE static void fifth_bits(const std::byte* p, int stride, int at, I& low, I& high) {
    const std::uint64_t a = word(p + at), b = word(p + stride + at), c = word(p + 2 * stride + at),
                        e = word(p + 3 * stride + at);
    const std::uint64_t ab = a | b << 32, ce = c | e << 32;
    constexpr std::uint64_t halves = 0x0000FFFF0000FFFFu;
    const auto pack = [](std::uint64_t x) { return (x | x >> 16) & 0xFFFFFFFFu; };
    const std::uint64_t low_bits = pack(ab & halves) | pack(ce & halves) << 32;
    const std::uint64_t high_bits = pack(ab >> 16 & halves) | pack(ce >> 16 & halves) << 32;
    const I sixteen = _mm512_set1_epi8(16);
    low = _mm512_mask_add_epi8(low, low_bits, low, sixteen);
    high = _mm512_mask_add_epi8(high, high_bits, high, sixteen);
  }
  INGOT_INLINE static void tq1(const std::byte* p, I* codes) {
    __m256i blocks[8];
    tq1_codes(p, blocks);
    for (int g = 0; g < 4; ++g)
      codes[g] = _mm512_inserti64x4(_mm512_castsi256_si512(blocks[2 * g]), blocks[2 * g + 1], 1);
  }

  /// The largest |x| of 32, as bits: integers order magnitudes, infinity and NaN above all.
  INGOT_INLINE static std::uint32_t largest32(const float* x) {
    const I mask = _mm512_set1_epi32(0x7FFFFFFF);
    const I a = _mm512_and_si512(_mm512_loadu_si512(x), mask), b = _mm512_and_si512(_mm512_loadu_si512(x + 16), mask);
    return _mm512_reduce_max_epu32(_mm512_max_epu32(a, b));
  }
  INGOT_INLINE static void quantize16(const float* x, float inverse, std::byte* out) {
    const I q = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), _mm512_set1_ps(inverse)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtsepi32_epi8(q));
  }
};

}  // namespace
}  // namespace ingot::cpu
