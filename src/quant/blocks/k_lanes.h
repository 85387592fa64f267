// Sixteen groups of a K-quant side by side, one in each lane of a vector: every lane does in order what scalar code
// would do for its group, so that the bytes are the same for every width of the processor's vectors. The K-quants'
// encoders are compiled once for the common code and once for each instruction set, hence no linkage (docs/HACKING.md,
// "Portable binaries"), and without fused products. Formats that are no K-quants but searched likewise stand here too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace ingot::blocks {
namespace {

#define INGOT_ALWAYS [[gnu::always_inline]] static inline

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
using Floats [[gnu::vector_size(4 * lanes)]] = float;
using Ints [[gnu::vector_size(4 * lanes)]] = std::int32_t;
using Bytes [[gnu::vector_size(lanes)]] = std::uint8_t;

/// A number of each group.
struct alignas(64) Groups {
  float of[16];

  float& operator[](int g) noexcept { return of[g]; }
  float operator[](int g) const noexcept { return of[g]; }
};

/// Those of the groups from `first` on.
INGOT_ALWAYS Floats load(const float* x) {
  Floats v;
  std::memcpy(&v, x, sizeof v);
  return v;
}
INGOT_ALWAYS Floats at(const Groups& x, int first) { return load(x.of + first); }
INGOT_ALWAYS void put(Groups& x, int first, Floats v) { std::memcpy(x.of + first, &v, sizeof v); }

INGOT_ALWAYS Floats all(float x) { return x - Floats{}; }
// Compilers make a comparison and a blend of `a < b ? a : b`, at twice the time of the instruction that does just this.
#if defined(__AVX512F__)
INGOT_ALWAYS Floats lower(Floats a, Floats b) { return _mm512_min_ps(a, b); }
INGOT_ALWAYS Floats higher(Floats a, Floats b) { return _mm512_max_ps(a, b); }
INGOT_ALWAYS Floats root(Floats a) { return _mm512_sqrt_ps(a); }
#elif defined(__AVX2__)
INGOT_ALWAYS Floats lower(Floats a, Floats b) { return _mm256_min_ps(a, b); }
INGOT_ALWAYS Floats higher(Floats a, Floats b) { return _mm256_max_ps(a, b); }
INGOT_ALWAYS Floats root(Floats a) { return _mm256_sqrt_ps(a); }
#elif defined(__SSE2__)
INGOT_ALWAYS Floats lower(Floats a, Floats b) { return _mm_min_ps(a, b); }
INGOT_ALWAYS Floats higher(Floats a, Floats b) { return _mm_max_ps(a, b); }
INGOT_ALWAYS Floats root(Floats a) { return _mm_sqrt_ps(a); }
#else
INGOT_ALWAYS Floats lower(Floats a, Floats b) { return a < b ? a : b; }
INGOT_ALWAYS Floats higher(Floats a, Floats b) { return a > b ? a : b; }
INGOT_ALWAYS Floats root(Floats a) {
  for (int i = 0; i < lanes; ++i) a[i] = __builtin_sqrtf(a[i]);
  return a;
}
#endif
INGOT_ALWAYS Floats magnitude_of(Floats a) { return higher(a, -a); }

/// Rounded to nearest, ties to even: adding 1½·2²³ leaves no bits below 1. |x| < 2²².
template <class Number>
INGOT_ALWAYS Number nearest(Number x) {
  return (x + 0x1.8p23f) - 0x1.8p23f;
}

/// Rounded to nearest within `low` … `high`, which are whole; NaN gives one of them.
INGOT_ALWAYS Floats code_of(Floats x, float low, float high) { return nearest(lower(higher(x, all(low)), all(high))); }

/// Codes as bytes; `x` are whole numbers of 0 … 255.
INGOT_ALWAYS void put_bytes(Floats x, std::uint8_t* out) {
  const Bytes bytes = __builtin_convertvector(__builtin_convertvector(x, Ints), Bytes);
  std::memcpy(out, &bytes, sizeof bytes);
}

/// A finite f16: its bits and what they stand for.
struct Half {
  std::uint16_t bits;
  float value;
};

/// Rounded to nearest, ties to even; 65504 past the end.
INGOT_ALWAYS Half half(float x) {
  const float size = x < 0 ? -x : x;
  Half h;
  if (size < 0x1p-14f) {
    h.value = (size + 0.75f) - 0.75f;  // multiples of 2⁻²⁴
    h.bits = static_cast<std::uint16_t>(h.value * 0x1p24f);
  } else {
    std::uint32_t bits;
    const float held = size < 65504 ? size : 65504;
    std::memcpy(&bits, &held, 4);
    bits = (bits + 0xFFF + (bits >> 13 & 1)) & ~0x1FFFu;
    std::memcpy(&h.value, &bits, 4);
    h.bits = static_cast<std::uint16_t>((bits >> 13) - (112u << 10));
  }
  if (x < 0) {
    h.value = -h.value;
    h.bits |= 0x8000;
  }
  return h;
}

INGOT_ALWAYS void put_half(std::byte* at, Half h) { std::memcpy(at, &h.bits, 2); }

/// Element k of every group: the groups, `Size` elements each, follow each other.
template <int Size>
INGOT_ALWAYS void load_groups(const float* x, Groups (&out)[Size]) {
  using Four [[gnu::vector_size(16)]] = float;
  for (int g = 0; g < 16; g += 4)
    for (int k = 0; k < Size; k += 4) {
      Four row[4];
      for (int i = 0; i < 4; ++i) std::memcpy(&row[i], x + Size * (g + i) + k, 16);
      const Four a = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
      const Four b = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
      const Four c = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
      const Four d = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
      const Four column[4] = {__builtin_shufflevector(a, b, 0, 1, 4, 5), __builtin_shufflevector(a, b, 2, 3, 6, 7),
                              __builtin_shufflevector(c, d, 0, 1, 4, 5), __builtin_shufflevector(c, d, 2, 3, 6, 7)};
      for (int i = 0; i < 4; ++i) std::memcpy(out[k + i].of + g, &column[i], 16);
    }
}

}  // namespace
}  // namespace ingot::blocks
