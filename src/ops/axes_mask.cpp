#include "ops/axes_mask.h"

#include <algorithm>

#include "core/fail.h"
#include "ops/axes.h"

namespace ingot {

Axes::Axes(std::span<const int> axes) : count_(static_cast<int>(axes.size())) {
  if (axes.size() > max_rank)
    fail(ErrorCode::invalid_argument, "Axes", "{} axes: a tensor has no more than {}", axes.size(), max_rank);
  std::copy(axes.begin(), axes.end(), axes_.begin());
}

unsigned axes_mask(const Axes& axes, const Tensor& x, const char* operation) {
  if (axes.all()) return (1u << x.rank()) - 1;
  unsigned mask = 0;
  for (const std::int64_t axis : normalize_axes(axes.list(), x, operation, 1)) mask |= 1u << axis;
  return x.rank() == 0 ? 0 : mask;
}

std::int64_t count_along(const Tensor& x, unsigned mask) {
  std::int64_t count = 1;
  for (int axis = 0; axis < x.rank(); ++axis)
    if (mask >> axis & 1) count *= x.shape()[axis];
  return count;
}

Shape reduced_shape(const Shape& shape, unsigned mask, bool keepdims) {
  Shape result;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (!(mask >> axis & 1))
      result.push_back(shape[axis]);
    else if (keepdims)
      result.push_back(1);
  return result;
}

}  // namespace ingot
