// The 4-bit floats of MXFP4 and NVFP4 (E2M1: 0 ½ 1 1½ 2 3 4 6, the fourth bit the sign).
#pragma once

#include "quant/blocks/block.h"

namespace ingot::blocks {

inline constexpr float twice_e2m1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// The first code whose value times d is nearest to x.
inline int nearest_e2m1(float x, float d) noexcept {
  int best = 0;
  for (int q = 1; q < 16; ++q)
    if (magnitude(twice_e2m1[q] * d - x) < magnitude(twice_e2m1[best] * d - x)) best = q;
  return best;
}

}  // namespace ingot::blocks
