// Dot products of plain rows with f32 rows, over Ops (dot_impl.h includes this).
//
// Both operands run along k, so nothing is packed: R × C outputs at a time share their loads (R + C loads for R · C
// fused multiply-adds). k is cut into pieces whose rows stay in the first cache; a piece's sums are reduced and added
// in order, so an output's bits depend on its two rows only.
#pragma once

#include "backends/cpu/isa/dot_kernels.h"

namespace ingot::cpu {
namespace {

constexpr std::int64_t piece = 1024;  // 4 + 4 rows of 4 KiB

struct F32 {
  static constexpr int size = 4;
  INGOT_INLINE static F load(const std::byte* p) { return Ops::load_f(p); }
};
struct F16 {
  static constexpr int size = 2;
  INGOT_INLINE static F load(const std::byte* p) { return Ops::load_f16(p); }
};
struct BF16 {
  static constexpr int size = 2;
  INGOT_INLINE static F load(const std::byte* p) { return Ops::load_bf16(p); }
};

template <class T, int R, int C>
struct FloatTile {
  F acc[R][C];
  INGOT_INLINE FloatTile() {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
      for (int c = 0; c < C; ++c) acc[r][c] = Ops::zero_f();
  }
  INGOT_INLINE void add(const std::byte* w, std::ptrdiff_t w_stride, const float* x, std::ptrdiff_t x_stride) {
    F a[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) a[c] = Ops::load_f(x + c * x_stride);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const F b = T::load(w + r * w_stride);
#pragma GCC unroll 16
      for (int c = 0; c < C; ++c) acc[r][c] = Ops::fma(a[c], b, acc[r][c]);
    }
  }
};

template <class T, int R, int C>
void float_tile(const std::byte* w, std::ptrdiff_t w_stride, const float* x, std::ptrdiff_t x_stride, std::int64_t n,
                const std::byte* ahead, bool first, float* out, std::ptrdiff_t out_stride) {
  FloatTile<T, R, C> sums;
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    if constexpr (C == 1) {
#pragma GCC unroll 16
      for (int b = 0; b < R * lanes * T::size; b += 64) __builtin_prefetch(ahead + i * R * T::size + b, 0, 2);
    }
    sums.add(w + i * T::size, w_stride, x + i, x_stride);
  }
  if (i < n) {
    // The rest beside zeros, so that reading never passes a row's end.
    alignas(64) std::byte w_rest[R][lanes * T::size] = {};
    alignas(64) float x_rest[C][lanes] = {};
    for (int r = 0; r < R; ++r)
      std::memcpy(w_rest[r], w + r * w_stride + i * T::size, static_cast<std::size_t>((n - i) * T::size));
    for (int c = 0; c < C; ++c) std::memcpy(x_rest[c], x + c * x_stride + i, static_cast<std::size_t>(n - i) * 4);
    sums.add(w_rest[0], lanes * T::size, x_rest[0], lanes);
  }
  for (int c = 0; c < C; ++c)
    for (int r = 0; r < R; ++r) {
      float& y = out[c * out_stride + r];
      y = first ? Ops::sum_f(sums.acc[r][c]) : y + Ops::sum_f(sums.acc[r][c]);
    }
}

template <class T, int C>
void float_piece(const WeightRows& weights, std::int64_t begin, std::int64_t end, const float* x,
                 std::ptrdiff_t x_stride, std::int64_t k, std::int64_t at, float* out, std::ptrdiff_t out_stride) {
  const auto* data = static_cast<const std::byte*>(weights.data) + at * T::size;
  const std::int64_t n = k - at < piece ? k - at : piece;
  std::int64_t r = begin;
  const auto tiles = [&]<int R>() {
    for (; r + R <= end; r += R) {
      const std::byte* row = data + r * weights.stride;
      // Memory is asked in the order of addresses, as in tile(): the next rows, as far as these have been read.
      // Where there is nothing to read, `row` may be null.
      const std::byte* ahead = n > 0 ? row + R * weights.stride + prefetch_distance + (R - 1) * at * T::size : row;
      float_tile<T, R, C>(row, weights.stride, x + at, x_stride, n, ahead, at == 0, out + r, out_stride);
    }
  };
  tiles.template operator()<4>();
  tiles.template operator()<1>();
}

template <class T, int C>
void float_rows(const WeightRows& weights, const float* x, std::ptrdiff_t x_stride, std::int64_t k, float* out,
                std::ptrdiff_t out_stride) {
  // One activation row: weights come from memory once, so each row is read through. Several: a piece of theirs stays
  // in the first cache while all weight rows pass. k = 0 still writes zeros.
  const std::int64_t step = C == 1 ? 4 : weights.count;
  for (std::int64_t r = 0; r < weights.count; r += step)
    for (std::int64_t at = 0; at == 0 || at < k; at += piece)
      float_piece<T, C>(weights, r, r + step < weights.count ? r + step : weights.count, x, x_stride, k, at, out,
                        out_stride);
}

template <class T>
void float_columns(const WeightRows& weights, const float* x, std::ptrdiff_t x_stride, std::int64_t columns,
                   std::int64_t k, float* out, std::ptrdiff_t out_stride) {
  constexpr int C = Ops::float_columns;
  std::int64_t c = 0;
  for (; c + C <= columns; c += C)
    float_rows<T, C>(weights, x + c * x_stride, x_stride, k, out + c * out_stride, out_stride);
  for (; c < columns; ++c) float_rows<T, 1>(weights, x + c * x_stride, x_stride, k, out + c * out_stride, out_stride);
}

void dot_float(FloatFormat format, const WeightRows& weights, const float* x, std::ptrdiff_t x_stride,
               std::int64_t columns, std::int64_t k, float* out, std::ptrdiff_t out_stride) {
  switch (format) {
    case FloatFormat::f32: return float_columns<F32>(weights, x, x_stride, columns, k, out, out_stride);
    case FloatFormat::f16: return float_columns<F16>(weights, x, x_stride, columns, k, out, out_stride);
    case FloatFormat::bf16: return float_columns<BF16>(weights, x, x_stride, columns, k, out, out_stride);
  }
}

}  // namespace
}  // namespace ingot::cpu
