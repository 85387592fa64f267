// Views with other axes, broadcasting, flip, roll.
#include "ingot/ops/manipulation.h"

#include <algorithm>
#include <limits>

#include "ops/axes.h"
#include "ops/check.h"

namespace ingot {

Tensor permute_dims(const Tensor& x, const Shape& axes) {
  check_inputs("permute_dims", {&x});
  if (axes.rank() != x.rank())
    fail(ErrorCode::invalid_argument, "permute_dims", "axes {} for {}", to_string(axes), describe(x));
  return x.permute(normalize_axes(axes, x, "permute_dims"));
}

Tensor matrix_transpose(const Tensor& x) {
  check_inputs("matrix_transpose", {&x});
  if (x.rank() < 2) fail(ErrorCode::shape_mismatch, "matrix_transpose", "{} has fewer than two axes", describe(x));
  return x.transpose(-1, -2);
}

Tensor squeeze(const Tensor& x, const Shape& axes) {
  check_inputs("squeeze", {&x});
  const Shape which = normalize_axes(axes, x, "squeeze");
  Tensor view = x;
  for (int axis = x.rank() - 1; axis >= 0; --axis) {
    if (std::find(which.begin(), which.end(), axis) == which.end()) continue;
    if (x.shape()[axis] != 1)
      fail(ErrorCode::shape_mismatch, "squeeze", "axis {} of {} has not size 1", axis, describe(x));
    view = view.squeeze(axis);
  }
  return view;
}

Tensor expand_dims(const Tensor& x, int axis) {
  check_inputs("expand_dims", {&x});
  return x.unsqueeze(normalize_axis(axis, x.rank() + 1, "expand_dims"));
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  check_inputs("broadcast_to", {&x});
  check_shape("broadcast_to", shape);
  if (shape.rank() < x.rank() || broadcast_shapes(x.shape(), shape, "broadcast_to") != shape)
    fail(ErrorCode::shape_mismatch, "broadcast_to", "{} does not broadcast to {}", describe(x), to_string(shape));
  return x.expand(shape);
}

std::vector<Tensor> broadcast_arrays(std::span<const Tensor> tensors) {
  Shape shape;
  for (const Tensor& x : tensors) {
    check_inputs("broadcast_arrays", {&x});
    shape = broadcast_shapes(shape, x.shape(), "broadcast_arrays");
  }
  check_shape("broadcast_arrays", shape);
  std::vector<Tensor> views;
  for (const Tensor& x : tensors) views.push_back(x.expand(shape));
  return views;
}

Tensor moveaxis(const Tensor& x, const Shape& source, const Shape& destination) {
  check_inputs("moveaxis", {&x});
  if (source.rank() != destination.rank())
    fail(ErrorCode::invalid_argument, "moveaxis", "{} axes to {} places: {} to {}", source.rank(), destination.rank(),
         to_string(source), to_string(destination));
  const Shape from = normalize_axes(source, x, "moveaxis"), to = normalize_axes(destination, x, "moveaxis");
  Shape axes = Shape::filled(x.rank(), -1);
  for (int i = 0; i < from.rank(); ++i) axes[static_cast<int>(to[i])] = from[i];
  int next = 0;
  for (int i = 0; i < x.rank(); ++i) {
    if (axes[i] >= 0) continue;
    while (std::find(from.begin(), from.end(), next) != from.end()) ++next;
    axes[i] = next++;
  }
  return x.permute(axes);
}

Tensor flip(const Tensor& x, const std::optional<Shape>& axes) {
  check_inputs("flip", {&x});
  using Limits = std::numeric_limits<std::int64_t>;
  const Shape which = normalize_axes(axes.value_or(Shape{}), x, "flip");
  Tensor view = x;
  for (int axis = 0; axis < x.rank(); ++axis)
    if (!axes || std::find(which.begin(), which.end(), axis) != which.end())
      view = view.slice(axis, Limits::max(), Limits::min(), -1);
  return view;
}

namespace {

// out = x rolled by shift[axis] along every axis from `axis` on: along each one two blocks change places.
void roll_from(const Tensor& out, const Tensor& x, const Shape& shift, int axis) {
  while (axis < x.rank() && shift[axis] == 0) ++axis;
  if (axis == x.rank()) return copy_(out, x);
  const std::int64_t n = x.shape()[axis], s = shift[axis];
  roll_from(out.slice(axis, s, n), x.slice(axis, 0, n - s), shift, axis + 1);
  roll_from(out.slice(axis, 0, s), x.slice(axis, n - s, n), shift, axis + 1);
}

}  // namespace

Tensor roll(const Tensor& x, std::span<const std::int64_t> shifts, const std::optional<Shape>& axes) {
  check_inputs("roll", {&x});
  if (x.is_quantized()) return roll(contiguous(x), shifts, axes);
  if (!axes) {
    if (shifts.size() != 1) fail(ErrorCode::invalid_argument, "roll", "{} shifts without axes", shifts.size());
    return reshape(roll(reshape(x, Shape{-1}), shifts, Shape{0}), x.shape());
  }
  if (shifts.size() != 1 && shifts.size() != static_cast<std::size_t>(axes->rank()))
    fail(ErrorCode::invalid_argument, "roll", "{} shifts for axes {}", shifts.size(), to_string(*axes));
  Shape shift = Shape::filled(x.rank(), 0);
  for (int i = 0; i < axes->rank(); ++i) {
    const auto axis = static_cast<int>(normalize_axes(Shape{(*axes)[i]}, x, "roll")[0]);
    if (const std::int64_t n = x.shape()[axis]) {
      const std::int64_t by = shifts[shifts.size() == 1 ? 0 : static_cast<std::size_t>(i)] % n;
      shift[axis] = (shift[axis] + (by < 0 ? by + n : by)) % n;
    }
  }
  Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  if (out.numel() > 0) roll_from(out, x, shift, 0);
  return out;
}

}  // namespace ingot
