// Lines: the elements of a tensor along one axis, read and written as doubles.
#pragma once

#include <utility>
#include <vector>

#include "core/strided.h"
#include "core/visit.h"
#include "ingot/tensor.h"

namespace ingot::reference {

template <class T>
std::vector<double> read_line(const T* first, std::int64_t step, std::int64_t n) {
  std::vector<double> line(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) line[static_cast<std::size_t>(i)] = to_double(first[i * step]);
  return line;
}

/// Calls f(offset in a, offset in b) for every line along `axis` of two tensors of equal shape but for that axis.
template <class F>
void for_each_line(const Tensor& a, const Tensor& b, int axis, F&& f) {
  Shape shape = a.shape(), strides_a = a.strides(), strides_b = b.strides();
  shape.erase(axis);
  strides_a.erase(axis);
  strides_b.erase(axis);
  const StridedLoop<2> loop(shape, {strides_a, strides_b});
  const auto steps = loop.inner_strides();
  loop.run(0, loop.size(), [&](const auto& at, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) f(at[0] + i * steps[0], at[1] + i * steps[1]);
  });
}

}  // namespace ingot::reference
