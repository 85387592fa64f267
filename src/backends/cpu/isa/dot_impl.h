// The dot-product kernels over an instruction set's vector operations. Included once by each unit of this folder after
// it has defined, in an unnamed namespace, struct Ops with:
//   bytes         bytes of a vector (V): 16, 32 or 64;   I: V int8 or V/4 int32;   F: V/4 floats
//   load_i, zero_i, zero_f, set1_f, load_f, load_f16, load_bf16, mul, fma, cvt, sum_f, sum_i (fixed order)
//   dot(acc, u, s)       acc + sums of four u8 · s8; u ≤ 31
//   q8_dot, q8_offset    signed weights: dot of the raw codes, which comes out too large by q8_offset · Σ s
//   low_nibbles, high_nibbles, crumbs<j>   the low/high 4 bits of each byte; its bits 2j, 2j + 1
//   nibbles(p, stride, at)        16 bytes of each of V/16 blocks
//   scales4(p, stride, d, m)      f16 pair at the start of V/16 blocks, each in 4 lanes
//   one_scale(p), scales8(p, stride)            f16 at the start of V/32 blocks (one for V = 16), each in 8 lanes
//   fifth_bits(p, stride, at, lo, hi)   adds 16 where the block's u32 has its bit: elements 0–15 to lo, 16–31 to hi
//   q8_codes(p, codes)            codes of V/32 blocks of Q8_0 (one for V = 16), as q8_dot wants them
//   tq1(p, codes)                 256 codes of a TQ1_0 block in order
//   largest32(x), quantize16(x, inverse, out)   for prepare()
//   prefill_rows, float_columns   the shape of a tile of several activation rows: what fits the registers
//
// Everything is unnamed and inlined: no symbol compiled with this unit's instructions may be shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/isa/dot_kernels.h"
#include "backends/cpu/isa/inline.h"

namespace ingot::cpu {
namespace {

using I = Ops::I;
using F = Ops::F;
constexpr int V = Ops::bytes;
constexpr int lanes = V / 4;
constexpr std::size_t header_bytes = 64;  // of a prepared row: its f32 scale with per_row

// Formats. A row is a sequence of units; a unit has `groups` accumulations of int32, each over `slots` blocks of 32
// elements, each of which ends in lanes/slots lanes. Block (g, s) of a unit is number block(g, s) in the row's order.
// `split`: a group is two vectors, first the first halves of its blocks, then the second halves, as nibbles lie.

constexpr int wide_slots = V == 64 ? 2 : 1;

template <int BlockBytes>
struct Nibbles {
  static constexpr int slots = V / 16, groups = 1, unit_bytes = BlockBytes * slots;
  static constexpr bool split = true, min = false, whole_row = false;
  static constexpr int block(int, int s) { return s; }
};

struct Q4_0 : Nibbles<18> {
  static constexpr int offset = 8;
  INGOT_INLINE static void unpack(const std::byte* p, I* codes, F& d, F& m) {
    const I q = Ops::nibbles(p, 18, 2);
    codes[0] = Ops::low_nibbles(q);
    codes[1] = Ops::high_nibbles(q);
    Ops::scales4(p, 18, d, m);
  }
};

struct Q4_1 : Nibbles<20> {
  static constexpr int offset = 0;
  static constexpr bool min = true;
  INGOT_INLINE static void unpack(const std::byte* p, I* codes, F& d, F& m) {
    const I q = Ops::nibbles(p, 20, 4);
    codes[0] = Ops::low_nibbles(q);
    codes[1] = Ops::high_nibbles(q);
    Ops::scales4(p, 20, d, m);
  }
};

struct Q5_0 : Nibbles<22> {
  static constexpr int offset = 16;
  INGOT_INLINE static void unpack(const std::byte* p, I* codes, F& d, F& m) {
    const I q = Ops::nibbles(p, 22, 6);
    codes[0] = Ops::low_nibbles(q);
    codes[1] = Ops::high_nibbles(q);
    Ops::fifth_bits(p, 22, 2, codes[0], codes[1]);
    Ops::scales4(p, 22, d, m);
  }
};

struct Q5_1 : Nibbles<24> {
  static constexpr int offset = 0;
  static constexpr bool min = true;
  INGOT_INLINE static void unpack(const std::byte* p, I* codes, F& d, F& m) {
    const I q = Ops::nibbles(p, 24, 8);
    codes[0] = Ops::low_nibbles(q);
    codes[1] = Ops::high_nibbles(q);
    Ops::fifth_bits(p, 24, 4, codes[0], codes[1]);
    Ops::scales4(p, 24, d, m);
  }
};

struct Q8_0 {
  static constexpr int slots = wide_slots, groups = 1, unit_bytes = 34 * slots, offset = Ops::q8_offset;
  static constexpr bool split = false, min = false, whole_row = false;
  static constexpr int block(int, int s) { return s; }
  INGOT_INLINE static void unpack(const std::byte* p, I* codes, F& d, F&) {
    Ops::q8_codes(p, codes);
    d = Ops::scales8(p, 34);
  }
};

struct TQ1_0 {
  static constexpr int slots = wide_slots, groups = 8 / slots, unit_bytes = 54, offset = 1;
  static constexpr bool split = false, min = false, whole_row = false;
  static constexpr int block(int g, int s) { return g * slots + s; }
  INGOT_INLINE static void unpack(const std::byte* p, I* codes, F& d, F&) {
    Ops::tq1(p, codes);
    d = Ops::one_scale(p + 52);
  }
};

// Four crumbs a byte: 32 bytes hold blocks j = 0 … 3 of 128 elements. V = 64 takes two such stretches side by side.
struct TQ2_0 {
  static constexpr int slots = wide_slots, groups = 8 / slots, unit_bytes = 66, offset = 1;
  static constexpr bool split = false, min = false, whole_row = false;
  static constexpr int block(int g, int s) { return g + 4 * s; }
  INGOT_INLINE static void unpack(const std::byte* p, I* codes, F& d, F&) {
    constexpr int step = V == 16 ? 2 : 1;  // vectors of one group
    for (int at = 0; at < 64; at += V) {
      const I q = Ops::load_i(p + at);
      I* to = codes + (V == 16 ? at / 32 * 8 + at % 32 / 16 : at / V * 4);
      to[0] = Ops::crumbs<0>(q);
      to[step] = Ops::crumbs<1>(q);
      to[2 * step] = Ops::crumbs<2>(q);
      to[3 * step] = Ops::crumbs<3>(q);
    }
    d = Ops::one_scale(p + 64);
  }
};

struct I2_S {
  static constexpr int slots = wide_slots, groups = 4, unit_bytes = 32 * slots, offset = 1;
  static constexpr bool split = false, min = false, whole_row = true;
  static constexpr int block(int g, int s) { return g + 4 * s; }
  INGOT_INLINE static void unpack(const std::byte* p, I* codes, F& d, F&) {
    constexpr int step = V == 16 ? 2 : 1;
    for (int at = 0; at < unit_bytes; at += V) {
      const I q = Ops::load_i(p + at);
      I* to = codes + at / V;
      to[0] = Ops::crumbs<3>(q);
      to[step] = Ops::crumbs<2>(q);
      to[2 * step] = Ops::crumbs<1>(q);
      to[3 * step] = Ops::crumbs<0>(q);
    }
    d = Ops::set1_f(1);
  }
};

template <class T>
struct Geometry {
  static constexpr int vectors = 32 * T::slots / V;  // of codes in a group
  static constexpr int unit_blocks = T::groups * T::slots;
  // A prepared group: its codes, −offset · Σ of each four codes, the blocks' scales, each where the kernel has the
  // lanes of its block; behind the last group of a unit, for formats with a minimum, scale · Σ of each block's codes.
  static constexpr int group_bytes = (vectors + 2) * V;
  static constexpr int unit_bytes = T::groups * group_bytes + (T::min ? V : 0);
  static constexpr int lanes_per_slot = lanes / T::slots;
  static std::int64_t units(std::int64_t k) { return (k / 32 + unit_blocks - 1) / unit_blocks; }
};

template <class T>
INGOT_INLINE I multiply(I acc, I codes, I x) {
  if constexpr (__is_same(T, Q8_0))
    return Ops::q8_dot(acc, codes, x);
  else
    return Ops::dot(acc, codes, x);
}

template <class T>
void prepare(const float* x, std::int64_t k, bool per_row, std::byte* out) {
  using Geo = Geometry<T>;
  constexpr std::uint32_t largest_float = 0x7F7FFFFFu;
  const std::int64_t blocks = k / 32;
  const float nan = __builtin_nanf("");
  float row_scale = 0, row_inverse = 0;
  if (per_row) {
    std::uint32_t top = 0;
    for (std::int64_t b = 0; b < blocks; ++b) {
      const std::uint32_t bits = Ops::largest32(x + 32 * b);
      top = bits > top ? bits : top;
    }
    float largest;
    std::memcpy(&largest, &top, sizeof largest);
    row_inverse = 127.0f / (largest > 1e-5f ? largest : 1e-5f);
    row_scale = 1 / row_inverse;
    if (top > largest_float) row_inverse = 0, row_scale = nan;
  }
  std::memset(out, 0, header_bytes);
  std::memcpy(out, &row_scale, sizeof row_scale);

  std::byte* unit = out + header_bytes;
  for (std::int64_t first = 0; first < blocks; first += Geo::unit_blocks, unit += Geo::unit_bytes) {
    float block_sums[lanes] = {};
    for (int g = 0; g < T::groups; ++g) {
      std::byte* group = unit + g * Geo::group_bytes;
      alignas(64) float scales[lanes] = {};
      for (int s = 0; s < T::slots; ++s) {
        std::byte* halves[2];
        for (int h = 0; h < 2; ++h) halves[h] = group + (T::split ? h * V + s * 16 : s * 32 + h * 16);
        const std::int64_t b = first + T::block(g, s);
        if (b >= blocks) {  // padding of the last unit
          for (std::byte* half : halves) std::memset(half, 0, 16);
          continue;
        }
        float scale = row_scale, inverse = row_inverse;
        if (!per_row) {
          const std::uint32_t bits = Ops::largest32(x + 32 * b);
          float largest;
          std::memcpy(&largest, &bits, sizeof largest);
          // Below 2⁻¹⁰⁰ the inverse would leave f32: such a block is zero for every purpose.
          const bool tiny = largest < 0x1p-100f;
          scale = tiny ? 0 : largest / 127;
          inverse = tiny ? 0 : 1 / scale;
          if (bits > largest_float) inverse = 0, scale = nan;
        }
        Ops::quantize16(x + 32 * b, inverse, halves[0]);
        Ops::quantize16(x + 32 * b + 16, inverse, halves[1]);
        for (int lane = 0; lane < Geo::lanes_per_slot; ++lane) scales[s * Geo::lanes_per_slot + lane] = scale;
        if constexpr (T::min) {
          int sum = 0;
          for (const std::byte* half : halves)
            for (int i = 0; i < 16; ++i) sum += static_cast<std::int8_t>(half[i]);
          block_sums[s * Geo::lanes_per_slot] = scale * static_cast<float>(sum);
        }
      }
      I sums = Ops::zero_i();
      for (int v = 0; v < Geo::vectors; ++v) sums = Ops::dot(sums, Ops::ones_i(), Ops::load_i(group + v * V));
      Ops::store_i(group + Geo::vectors * V, Ops::times(sums, -T::offset));
      std::memcpy(group + (Geo::vectors + 1) * V, scales, V);
    }
    if constexpr (T::min) std::memcpy(unit + T::groups * Geo::group_bytes, block_sums, V);
  }
}

// One unit of R weight rows against C activation rows. Whole: per_row, so that integers can be summed over the unit,
// and for I2_S, whose scale is the tensor's, over the row.
template <class T, int R, int C, bool Whole>
struct Tile {
  static constexpr bool integers = Whole && T::whole_row;
  using Geo = Geometry<T>;

  F acc[R][C];
  I acc_i[R][C];

  INGOT_INLINE Tile() {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
      for (int c = 0; c < C; ++c) {
        acc[r][c] = Ops::zero_f();
        acc_i[r][c] = Ops::zero_i();
      }
  }

  INGOT_INLINE void add(const std::byte* const (&w)[R], const std::byte* x, std::size_t x_stride) {
    if constexpr (C == 1) {
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        I codes[count];
        F d, m = Ops::zero_f();
        T::unpack(w[r], codes, d, m);
        multiply_add(r, 0, codes, d, m, x);
      }
    } else {
      // The rows stay unpacked in registers while the columns pass, and each column is loaded once for all of them.
      I codes[R][count];
      F d[R], m[R];
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        m[r] = Ops::zero_f();
        T::unpack(w[r], codes[r], d[r], m[r]);
      }
#pragma GCC unroll 16
      for (int c = 0; c < C; ++c)
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
          multiply_add(r, c, codes[r], d[r], m[r], x + static_cast<std::size_t>(c) * x_stride);
    }
  }

 private:
  static constexpr int nv = Geo::vectors, count = T::groups * nv;

  INGOT_INLINE void multiply_add(int r, int c, const I* codes, F d, F m, const std::byte* p) {
    if constexpr (Whole && (T::groups > 1)) {
      I sum = integers ? acc_i[r][c] : Ops::zero_i();
#pragma GCC unroll 16
      for (int g = 0; g < T::groups; ++g) {
        const std::byte* q = p + g * Geo::group_bytes;
        sum = Ops::add_i(sum, Ops::load_i(q + nv * V));
#pragma GCC unroll 16
        for (int v = 0; v < nv; ++v) sum = multiply<T>(sum, codes[g * nv + v], Ops::load_i(q + v * V));
      }
      if constexpr (integers)
        acc_i[r][c] = sum;
      else
        acc[r][c] = Ops::fma(Ops::cvt(sum), d, acc[r][c]);
    } else {
      F part = Ops::zero_f();
#pragma GCC unroll 16
      for (int g = 0; g < T::groups; ++g) {
        const std::byte* q = p + g * Geo::group_bytes;
        I sum = Ops::load_i(q + nv * V);
#pragma GCC unroll 16
        for (int v = 0; v < nv; ++v) sum = multiply<T>(sum, codes[g * nv + v], Ops::load_i(q + v * V));
        const F scale = Ops::load_f(q + (nv + 1) * V);
        if constexpr (T::groups == 1)
          acc[r][c] = Ops::fma(Ops::cvt(sum), Ops::mul(d, scale), acc[r][c]);
        else
          part = Ops::fma(Ops::cvt(sum), scale, part);
      }
      if constexpr (T::groups > 1) acc[r][c] = Ops::fma(part, d, acc[r][c]);
      if constexpr (T::min) acc[r][c] = Ops::fma(m, Ops::load_f(p + T::groups * Geo::group_bytes), acc[r][c]);
    }
  }
};

// Decoding waits for memory, which is fast only when it is asked for lines in the order of their addresses: R rows read
// side by side got half of what one stream gets (Zen 4). So while a tile is multiplied, the bytes of the next one are
// asked for in order (rows lie back to back), this far beyond its start, into the second cache: R long rows would not
// fit the first.
constexpr std::int64_t prefetch_distance = 4096;

template <class T, int R, int C, bool Whole>
void tile(const WeightRows& weights, std::int64_t row, std::int64_t row_bytes, const std::byte* x, std::size_t x_stride,
          float* out, std::ptrdiff_t out_stride) {
  using Geo = Geometry<T>;
  const std::byte* w[R];
  for (int r = 0; r < R; ++r) w[r] = static_cast<const std::byte*>(weights.data) + (row + r) * weights.stride;
  const std::byte* p = x + header_bytes;
  Tile<T, R, C, Whole> sums;
  const std::int64_t full = row_bytes / T::unit_bytes;
  const std::byte* next = w[0] + R * weights.stride + prefetch_distance;
  for (std::int64_t u = 0; u < full; ++u, p += Geo::unit_bytes) {
    if constexpr (C == 1) {
      const std::byte* ahead = next + u * R * T::unit_bytes;
#pragma GCC unroll 16
      for (int i = 0; i < R * T::unit_bytes; i += 64) __builtin_prefetch(ahead + i, 0, 2);
    }
    sums.add(w, p, x_stride);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) w[r] += T::unit_bytes;
  }
  if (const std::int64_t rest = row_bytes - full * T::unit_bytes; rest > 0) {
    // Blocks that do not fill a unit, beside zeros: the reading never passes the row's end.
    alignas(64) std::byte padded[R][T::unit_bytes + 64];
    const std::byte* rows[R];
    for (int r = 0; r < R; ++r) {
      std::memset(padded[r], 0, T::unit_bytes);
      std::memcpy(padded[r], w[r], static_cast<std::size_t>(rest));
      rows[r] = padded[r];
    }
    sums.add(rows, p, x_stride);
  }
  for (int c = 0; c < C; ++c) {
    float row_scale;
    std::memcpy(&row_scale, x + static_cast<std::size_t>(c) * x_stride, sizeof row_scale);
    for (int r = 0; r < R; ++r) {
      float sum = sums.integers ? static_cast<float>(Ops::sum_i(sums.acc_i[r][c])) : Ops::sum_f(sums.acc[r][c]);
      if (Whole && T::groups > 1) sum *= row_scale;
      out[c * out_stride + row + r] = sum * weights.scale;
    }
  }
}

template <class T, int R, int C, bool Whole>
void rows(const WeightRows& weights, std::int64_t row_bytes, const std::byte* x, std::size_t x_stride, float* out,
          std::ptrdiff_t out_stride) {
  std::int64_t row = 0;
  for (; row + R <= weights.count; row += R)
    tile<T, R, C, Whole>(weights, row, row_bytes, x, x_stride, out, out_stride);
  for (; row < weights.count; ++row) tile<T, 1, C, Whole>(weights, row, row_bytes, x, x_stride, out, out_stride);
}

template <class T, bool Whole>
void dot_columns(const WeightRows& weights, std::int64_t row_bytes, const std::byte* x, std::size_t x_stride,
                 std::int64_t columns, float* out, std::ptrdiff_t out_stride) {
  std::int64_t c = 0;
  for (; c + 4 <= columns; c += 4)
    rows<T, T::groups == 1 ? Ops::prefill_rows : (Ops::prefill_rows + 1) / 2, 4, Whole>(
        weights, row_bytes, x + static_cast<std::size_t>(c) * x_stride, x_stride, out + c * out_stride, out_stride);
  for (; c < columns; ++c)
    rows<T, 4, 1, Whole>(weights, row_bytes, x + static_cast<std::size_t>(c) * x_stride, x_stride, out + c * out_stride,
                         out_stride);
}

template <class T>
void dot_format(const WeightRows& weights, const std::byte* x, std::size_t x_stride, std::int64_t columns,
                std::int64_t k, bool per_row, float* out, std::ptrdiff_t out_stride) {
  const std::int64_t row_bytes = k / 32 * T::unit_bytes / Geometry<T>::unit_blocks;
  // Whole sums of a row stay below 2³¹: 3 · 127 · 2²².
  if constexpr (T::groups > 1)
    if (per_row && k <= 1 << 22) return dot_columns<T, true>(weights, row_bytes, x, x_stride, columns, out, out_stride);
  dot_columns<T, false>(weights, row_bytes, x, x_stride, columns, out, out_stride);
}

#define INGOT_DOT_FORMATS(X) \
  X(q4_0, Q4_0) X(q4_1, Q4_1) X(q5_0, Q5_0) X(q5_1, Q5_1) X(q8_0, Q8_0) X(tq1_0, TQ1_0) X(tq2_0, TQ2_0) X(i2_s, I2_S)

std::size_t prepared_bytes(DotFormat format, std::int64_t k) {
  std::int64_t bytes = 0;
  switch (format) {
#define INGOT_CASE(id, T) \
  case DotFormat::id: bytes = Geometry<T>::units(k) * Geometry<T>::unit_bytes; break;
    INGOT_DOT_FORMATS(INGOT_CASE)
#undef INGOT_CASE
  }
  return (static_cast<std::size_t>(bytes) + header_bytes + 63) / 64 * 64;
}

void prepare_row(DotFormat format, const float* x, std::int64_t k, bool per_row, std::byte* out) {
  switch (format) {
#define INGOT_CASE(id, T) \
  case DotFormat::id: return prepare<T>(x, k, per_row, out);
    INGOT_DOT_FORMATS(INGOT_CASE)
#undef INGOT_CASE
  }
}

void dot(DotFormat format, const WeightRows& weights, const std::byte* prepared, std::size_t prepared_stride,
         std::int64_t columns, std::int64_t k, bool per_row, float* out, std::ptrdiff_t out_stride) {
  switch (format) {
#define INGOT_CASE(id, T) \
  case DotFormat::id: return dot_format<T>(weights, prepared, prepared_stride, columns, k, per_row, out, out_stride);
    INGOT_DOT_FORMATS(INGOT_CASE)
#undef INGOT_CASE
  }
}

}  // namespace
}  // namespace ingot::cpu

#include "backends/cpu/isa/float_impl.h"

#define INGOT_DOT_KERNELS(name) \
  {name, ::ingot::cpu::prepared_bytes, ::ingot::cpu::prepare_row, ::ingot::cpu::dot, ::ingot::cpu::dot_float}
