// Which elements of a tensor each result of a reduction is made of: what oracles of reductions are written over.
#pragma once

#include <vector>

#include "ingot/shape.h"

namespace ingot::testing {

/// values (row-major, of `shape`) by the result they belong to when the axes of `mask` are reduced; results are in
/// row-major order, values within one too.
template <class T>
std::vector<std::vector<T>> groups(const std::vector<T>& values, const Shape& shape, unsigned mask) {
  std::int64_t count = 1;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (!(mask >> axis & 1)) count *= shape[axis];
  std::vector<std::vector<T>> result(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto rest = static_cast<std::int64_t>(i);
    std::int64_t at = 0, step = 1;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      const std::int64_t index = rest % shape[axis];
      rest /= shape[axis];
      if (mask >> axis & 1) continue;
      at += index * step;
      step *= shape[axis];
    }
    result[static_cast<std::size_t>(at)].push_back(values[i]);
  }
  return result;
}

}  // namespace ingot::testing
