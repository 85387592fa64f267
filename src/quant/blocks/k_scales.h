// The 12 bytes of Q4_K and Q5_K that hold eight six-bit scales and eight six-bit minima: scales and minima 0 … 3 in the
// low bits of bytes 0 … 3 and 4 … 7; of 4 … 7 the low nibbles in bytes 8 … 11 (scale low, minimum high) and the top
// bits above the first ones.
#pragma once

#include "quant/blocks/block.h"

namespace ingot::blocks {

struct ScaleAndMin {
  int scale, min;
};

inline ScaleAndMin scale_and_min(const std::byte* packed, int j) noexcept {
  if (j < 4) return {byte_at(packed, j) & 63, byte_at(packed, j + 4) & 63};
  const int low = byte_at(packed, j + 4);
  return {(low & 15) | byte_at(packed, j - 4) >> 6 << 4, low >> 4 | byte_at(packed, j) >> 6 << 4};
}

}  // namespace ingot::blocks
