// The block formats' encoders and decoders, one file each, and what they share.
//
// Fields are little-endian; d and m are f16 widened to f32. Products are f32, in the written order and without FMA (the
// folder is compiled with -ffp-contract=off), because the bytes must equal ggml's. Sources: ggml's reference
// quantizers and the `gguf` package, which agree except for the signs of zeros (Q4_0, Q5_0: gguf's are taken).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "ingot/float_types.h"
#include "quant/block_format.h"

namespace ingot::blocks {

#define INGOT_X(id, ...) extern const BlockFormat id;
INGOT_BLOCK_SCHEMES(INGOT_X)
#undef INGOT_X

using Field = BlockField;

struct Geometry {
  int elements, bytes;
};
constexpr Geometry geometry(Scheme scheme) noexcept {
  switch (scheme) {
#define INGOT_X(id, name, elements, bytes, ...) \
  case Scheme::id: return {elements, bytes};
    INGOT_SCHEMES(INGOT_X)
#undef INGOT_X
  }
  return {};
}

/// The format whose functions handle one block each; `Encode` may take a whole row. Without it the format is read only.
/// `Weighted` encodes where there is importance, if not as Encode does.
template <Scheme S, void (*Decode)(const std::byte* in, float* x), auto Encode = BlockEncoder{},
          BlockEncoder Weighted = nullptr>
constexpr BlockFormat block_format_of(std::span<const Field> numbers = {}) noexcept {
  BlockFormat format;
  format.decode = [](const std::byte* in, std::int64_t n, float* x) {
    constexpr Geometry g = geometry(S);
    for (; n > 0; n -= g.elements, in += g.bytes, x += g.elements) Decode(in, x);
  };
  if constexpr (std::is_convertible_v<decltype(Encode), BlockEncoder>)
    format.encode = Encode;
  else
    format.encode = [](const float* x, const float* importance, std::int64_t n, std::byte* out) {
      if constexpr (Weighted != nullptr)
        if (importance) return Weighted(x, importance, n, out);
      constexpr Geometry g = geometry(S);
      for (; n > 0; n -= g.elements, x += g.elements, out += g.bytes) Encode(x, out);
    };
  format.numbers = numbers;
  return format;
}

static_assert(std::endian::native == std::endian::little, "blocks are read in place");

inline float load_f16(const std::byte* at) noexcept {
  Float16 half;
  std::memcpy(&half, at, sizeof half);
  return to_float(half);
}

inline void store_f16(std::byte* at, float value) noexcept {
  const Float16 half = to_float16(value);
  std::memcpy(at, &half, sizeof half);
}

inline int byte_at(const std::byte* at, std::int64_t i) noexcept { return std::to_integer<int>(at[i]); }

/// Element `i` of a list of nibbles, the low half of each byte first.
inline int nibble_at(const std::byte* at, int i) noexcept { return byte_at(at, i / 2) >> 4 * (i % 2) & 15; }

template <class Unsigned>
Unsigned load(const std::byte* at) noexcept {
  Unsigned number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

/// Element `e` of two-bit codes in planes: byte 32p + m holds elements 128p + 32j + m in bits 2j, 2j + 1.
inline int plane_code(const std::byte* codes, int e) noexcept {
  return byte_at(codes, 32 * (e / 128) + e % 32) >> 2 * (e % 128 / 32) & 3;
}

/// The inverse of an unrounded step; infinite for steps below 2⁻¹²⁸.
inline float inverse(float d) noexcept { return d != 0 ? 1 / d : 0; }

/// x, or 0 where no integer code is near. A choice of numbers rather than a branch, so that loops over it become
/// vectors.
inline float in_range(float x) noexcept { return ((x > -1e6f) & (x < 1e6f)) ? x : 0.0f; }

/// Truncated to an integer. Infinity and NaN, which come of an infinite inverse, give 0: what x86's conversion
/// followed by a cut to 8 bits leaves, and so what ggml's files hold.
inline int code(float x) noexcept { return static_cast<int>(in_range(x)); }

/// Rounded to nearest, ties away from zero; 0 as in code(). Exact for |x| < 2²²: x − t has no rounding error there.
inline int rounded_code(float x) noexcept {
  const int t = code(x);
  const float rest = in_range(x) - static_cast<float>(t);
  return t + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

inline float magnitude(float x) noexcept { return x < 0 ? -x : x; }

/// The largest |x| of n; NaN counts as 0. Magnitudes compare as integers, which compilers do in vectors.
inline float largest_magnitude(const float* x, int n) noexcept {
  std::int32_t largest = 0;
  for (int i = 0; i < n; ++i) {
    const auto bits = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(x[i]) & 0x7FFFFFFFu);
    const std::int32_t number = bits > 0x7F800000 ? 0 : bits;
    largest = number > largest ? number : largest;
  }
  return std::bit_cast<float>(largest);
}

/// The first x of largest |x| among n, with its sign; x[0] where all are NaN.
inline float extreme(const float* x, int n) noexcept {
  std::int32_t above = 0, below = 0;  // the largest of each sign
  for (int i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::int32_t>(x[i]), opposite = bits ^ std::numeric_limits<std::int32_t>::min();
    const std::int32_t positive = bits > 0x7F800000 ? 0 : bits, negative = opposite > 0x7F800000 ? 0 : opposite;
    above = positive > above ? positive : above;
    below = negative > below ? negative : below;
  }
  if (above != below) return above > below ? std::bit_cast<float>(above) : -std::bit_cast<float>(below);
  const float largest = std::bit_cast<float>(above);
  for (int i = 0; i < n; ++i)
    if (magnitude(x[i]) == largest) return x[i];
  return x[0];
}

struct Range {
  float min, max;
};

inline Range range(const float* x, int n) noexcept {
  Range r{x[0], x[0]};
  for (int i = 1; i < n; ++i) {
    if (x[i] < r.min) r.min = x[i];
    if (x[i] > r.max) r.max = x[i];
  }
  return r;
}

}  // namespace ingot::blocks
