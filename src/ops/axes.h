// Lists of axes.
#pragma once

#include <algorithm>
#include <limits>

#include "core/fail.h"
#include "ingot/shape.h"

namespace ingot {

/// Each in 0 … rank − 1. Throws out_of_range, and invalid_argument for one that occurs twice.
inline Shape normalize_axes(const Shape& axes, int rank, const char* operation) {
  using Limits = std::numeric_limits<int>;
  Shape result;
  unsigned seen = 0;
  for (const std::int64_t axis : axes) {
    const int i =
        normalize_axis(static_cast<int>(std::clamp<std::int64_t>(axis, Limits::min(), Limits::max())), rank, operation);
    if (seen >> i & 1u) fail(ErrorCode::invalid_argument, operation, "axis {} twice in {}", i, to_string(axes));
    seen |= 1u << i;
    result.push_back(i);
  }
  return result;
}

}  // namespace ingot
