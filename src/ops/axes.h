// Lists of axes.
#pragma once

#include <algorithm>
#include <limits>

#include "core/fail.h"
#include "ingot/tensor.h"

namespace ingot {

/// Axes of x (a Shape or a span), each in 0 … rank − 1. Throws out_of_range, and invalid_argument for one that occurs
/// twice. As in NumPy, 0 and −1 name an axis of a 0-d tensor where `least_rank` is 1.
template <class List>
Shape normalize_axes(const List& axes, const Tensor& x, const char* operation, int least_rank = 0) {
  using Limits = std::numeric_limits<int>;
  Shape result;
  unsigned seen = 0;
  for (const std::int64_t given : axes) {
    const int axis = normalize_axis(static_cast<int>(std::clamp<std::int64_t>(given, Limits::min(), Limits::max())),
                                    std::max(x.rank(), least_rank), operation);
    if (seen >> axis & 1u)
      fail(ErrorCode::invalid_argument, operation, "axis {} of {} is named twice", axis, describe(x));
    seen |= 1u << axis;
    result.push_back(axis);
  }
  return result;
}

}  // namespace ingot
