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

#include "ingot/float_types.h"

namespace ingot {

#define INGOT_BLOCK_FORMAT(id)                                              \
  void encode_##id(const float* values, std::int64_t n, std::byte* blocks); \
  void decode_##id(const std::byte* blocks, std::int64_t n, float* values);
INGOT_BLOCK_FORMAT(q4_0)
INGOT_BLOCK_FORMAT(q4_1)
INGOT_BLOCK_FORMAT(q5_0)
INGOT_BLOCK_FORMAT(q5_1)
INGOT_BLOCK_FORMAT(q8_0)
INGOT_BLOCK_FORMAT(tq1_0)
INGOT_BLOCK_FORMAT(tq2_0)
#undef INGOT_BLOCK_FORMAT

namespace blocks {

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

/// The inverse of an unrounded step; infinite for steps below 2⁻¹²⁸.
inline float inverse(float d) noexcept { return d != 0 ? 1 / d : 0; }

/// Truncated to an integer. Infinity and NaN, which come of an infinite inverse, give 0: what x86's conversion
/// followed by a cut to 8 bits leaves, and so what ggml's files hold.
inline int code(float x) noexcept { return x > -1e6f && x < 1e6f ? static_cast<int>(x) : 0; }

/// Rounded to nearest, ties away from zero; 0 as in code(). Exact for |x| < 2²²: x − t has no rounding error there.
inline int rounded_code(float x) noexcept {
  if (!(x > -1e6f && x < 1e6f)) return 0;
  const int t = static_cast<int>(x);
  const float rest = x - static_cast<float>(t);
  return t + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

inline float magnitude(float x) noexcept { return x < 0 ? -x : x; }

/// The largest |x| of n.
inline float largest_magnitude(const float* x, int n) noexcept {
  float largest = 0;
  for (int i = 0; i < n; ++i) largest = magnitude(x[i]) > largest ? magnitude(x[i]) : largest;
  return largest;
}

/// The first x of largest |x| among n, with its sign.
inline float extreme(const float* x, int n) noexcept {
  float found = x[0];
  for (int i = 1; i < n; ++i)
    if (magnitude(x[i]) > magnitude(found)) found = x[i];
  return found;
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

}  // namespace blocks
}  // namespace ingot
