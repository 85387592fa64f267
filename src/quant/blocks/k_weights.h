// Weights of the squared errors that the searches minimise where the importance of the columns is known: ggml's,
// importance · √(σ² + x²), with σ² a multiple of the mean of x² over a block or a row.
#pragma once

#include "quant/blocks/k_lanes.h"

namespace ingot::blocks {
namespace {

/// The importance of the columns of a row, one number each; null: unknown.
using Importance = const float*;

INGOT_ALWAYS Importance behind(Importance importance, std::int64_t columns) {
  return importance ? importance + columns : nullptr;
}

/// `from` itself, or a copy of its n elements with zeros behind them where they are fewer than `room` holds.
template <int Count>
INGOT_ALWAYS const float* padded(const float* from, std::int64_t n, float (&room)[Count]) {
  if (n >= Count || !from) return from;
  std::memcpy(room, from, static_cast<std::size_t>(n) * sizeof(float));
  std::memset(room + n, 0, static_cast<std::size_t>(Count - n) * sizeof(float));
  return room;
}

/// Σ x² of each group.
template <int Size>
INGOT_ALWAYS Groups sums_of_squares(const Groups (&x)[Size]) {
  Groups sums;
  for (int g = 0; g < 16; g += lanes) {
    Floats squares{};
    for (const Groups& column : x) squares += at(column, g) * at(column, g);
    put(sums, g, squares);
  }
  return sums;
}

/// σ² of each group: `factor` times the mean over its block of `Block` elements.
template <int Block, int Size>
INGOT_ALWAYS Groups block_variance(const Groups (&x)[Size], float factor) {
  constexpr int of_block = Block / Size;
  Groups variance = sums_of_squares(x);
  for (int first = 0; first < 16; first += of_block) {
    float sum = 0;
    for (int g = first; g < first + of_block; ++g) sum += variance[g];
    for (int g = first; g < first + of_block; ++g) variance[g] = factor * sum / Block;
  }
  return variance;
}

/// σ² of a row of n elements: the mean.
INGOT_ALWAYS float row_variance(const float* x, std::int64_t n) {
  float sum = 0;
  for (std::int64_t i = 0; i < n; i += 512) {
    Groups groups[32];
    float room[512];
    load_groups(padded(x + i, n - i, room), groups);
    const Groups sums = sums_of_squares(groups);
    for (const float of_group : sums.of) sum += of_group;
  }
  return sum / static_cast<float>(n);
}

template <int Size>
INGOT_ALWAYS void weigh_by(Importance importance, const Groups (&x)[Size], const Groups& variance, Groups (&w)[Size]) {
  load_groups(importance, w);
  for (int g = 0; g < 16; g += lanes)
    for (int k = 0; k < Size; ++k) put(w[k], g, at(w[k], g) * root(at(variance, g) + at(x[k], g) * at(x[k], g)));
}

}  // namespace
}  // namespace ingot::blocks
