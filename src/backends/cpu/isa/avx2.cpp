// AVX2 with FMA and F16C.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/isa/tq1_x86.h"

namespace ingot::cpu {
namespace {

struct Ops {
  static constexpr int bytes = 32, prefill_rows = 1, float_columns = 2;
  using I = __m256i;
  using F = __m256;

  INGOT_INLINE static int word(const std::byte* p) {
    int w;
    std::memcpy(&w, p, sizeof w);
    return w;
  }
  INGOT_INLINE static __m128i load16(const std::byte* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }

  INGOT_INLINE static I zero_i() { return _mm256_setzero_si256(); }
  INGOT_INLINE static I ones_i() { return _mm256_set1_epi8(1); }
  INGOT_INLINE static I load_i(const std::byte* p) { return _mm256_loadu_si256(reinterpret_cast<const I*>(p)); }
  INGOT_INLINE static void store_i(std::byte* p, I x) { _mm256_storeu_si256(reinterpret_cast<I*>(p), x); }
  INGOT_INLINE static I add_i(I a, I b) { return _mm256_add_epi32(a, b); }
  INGOT_INLINE static I times(I a, int factor) { return _mm256_mullo_epi32(a, _mm256_set1_epi32(factor)); }
  INGOT_INLINE static int sum_i(I a) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    s = _mm_add_epi32(s, _mm_unpackhi_epi64(s, s));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 1)));
  }

  INGOT_INLINE static F zero_f() { return _mm256_setzero_ps(); }
  INGOT_INLINE static F set1_f(float x) { return _mm256_set1_ps(x); }
  INGOT_INLINE static F load_f(const void* p) { return _mm256_loadu_ps(static_cast<const float*>(p)); }
  INGOT_INLINE static F load_f16(const std::byte* p) { return _mm256_cvtph_ps(load16(p)); }
  INGOT_INLINE static F load_bf16(const std::byte* p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load16(p)), 16));
  }
  INGOT_INLINE static F mul(F a, F b) { return _mm256_mul_ps(a, b); }
  INGOT_INLINE static F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
  INGOT_INLINE static F cvt(I a) { return _mm256_cvtepi32_ps(a); }
  INGOT_INLINE static float sum_f(F a) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
  }

  static constexpr int q8_offset = 0;
  // vpmaddubsw saturates above 32767: u ≤ 31 and |s| ≤ 127 give at most 2 · 31 · 127.
  INGOT_INLINE static I dot(I acc, I u, I s) {
    return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(u, s), _mm256_set1_epi16(1)));
  }
  // |w| · (±s): at most 2 · 128 · 127 = 32512, as activation codes never are −128.
  INGOT_INLINE static I q8_dot(I acc, I codes, I s) {
    return dot(acc, _mm256_abs_epi8(codes), _mm256_sign_epi8(s, codes));
  }

  INGOT_INLINE static void q8_codes(const std::byte* p, I* codes) { codes[0] = load_i(p + 2); }

  INGOT_INLINE static I low_nibbles(I q) { return _mm256_and_si256(q, _mm256_set1_epi8(15)); }
  INGOT_INLINE static I high_nibbles(I q) { return _mm256_and_si256(_mm256_srli_epi16(q, 4), _mm256_set1_epi8(15)); }
  template <int J>
  INGOT_INLINE static I crumbs(I q) {
    return _mm256_and_si256(J ? _mm256_srli_epi16(q, 2 * J) : q, _mm256_set1_epi8(3));
  }
  INGOT_INLINE static I nibbles(const std::byte* p, int stride, int at) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(p + at)), load16(p + stride + at), 1);
  }
  // Each block's first word (d and what follows: m for the formats that have one) twice, then pairs apart.
  INGOT_INLINE static void scales4(const std::byte* p, int stride, F& d, F& m) {
    const F pairs = _mm256_cvtph_ps(_mm_blend_epi32(_mm_set1_epi32(word(p)), _mm_set1_epi32(word(p + stride)), 0xC));
    d = _mm256_moveldup_ps(pairs);
    m = _mm256_movehdup_ps(pairs);
  }
  INGOT_INLINE static F scales8(const std::byte* p, int) { return one_scale(p); }
  INGOT_INLINE static F one_scale(const std::byte* p) {
    std::uint16_t half;
    std::memcpy(&half, p, sizeof half);
    return _mm256_cvtph_ps(_mm_set1_epi16(static_cast<short>(half)));
  }
  INGOT_INLINE static void fifth_bits(const std::byte* p, int stride, int at, I& low, I& high) {
    // Byte i of a half takes the bit i of 16: its byte by a shuffle, its bit by a mask.
    const I bits = _mm256_blend_epi32(_mm256_set1_epi32(word(p + at)), _mm256_set1_epi32(word(p + stride + at)), 0xF0);
    const I first = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
                                     1, 1, 1, 1);
    const I mask = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201ull));
    const I sixteen = _mm256_set1_epi8(16);
    const auto pick = [&](I index) {
      const I byte = _mm256_shuffle_epi8(bits, index);
      return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(byte, mask), mask), sixteen);
    };
    low = _mm256_or_si256(low, pick(first));
    high = _mm256_or_si256(high, pick(_mm256_add_epi8(first, _mm256_set1_epi8(2))));
  }
  INGOT_INLINE static void tq1(const std::byte* p, I* codes) { tq1_codes(p, codes); }

  /// The largest |x| of 32, as bits: integers order magnitudes, infinity and NaN above all.
  INGOT_INLINE static std::uint32_t largest32(const float* x) {
    const I mask = _mm256_set1_epi32(0x7FFFFFFF);
    I top = _mm256_setzero_si256();
    for (int i = 0; i < 32; i += 8)
      top = _mm256_max_epu32(top, _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const I*>(x + i)), mask));
    __m128i t = _mm_max_epu32(_mm256_castsi256_si128(top), _mm256_extracti128_si256(top, 1));
    t = _mm_max_epu32(t, _mm_unpackhi_epi64(t, t));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(_mm_max_epu32(t, _mm_shuffle_epi32(t, 1))));
  }
  INGOT_INLINE static void quantize16(const float* x, float inverse, std::byte* out) {
    const F factor = _mm256_set1_ps(inverse);
    const I a = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), factor));
    const I b = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8), factor));
    const I words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xD8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                     _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
  }
};

}  // namespace
}  // namespace ingot::cpu

#include "backends/cpu/isa/dot_impl.h"

namespace ingot::cpu {
const DotKernels avx2_kernels = INGOT_DOT_KERNELS("avx2");
}  // namespace ingot::cpu
