// concat, stack, unstack, split, tile, repeat, pad.
#include <algorithm>

#include "core/checked.h"
#include "ingot/ops.h"
#include "ops/check.h"

namespace ingot {
namespace {

// x (outer, n, inner): a view of what is row-major.
Tensor around_axis(const Tensor& x, int axis) {
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= x.shape()[i];
  for (int i = axis + 1; i < x.rank(); ++i) inner *= x.shape()[i];
  return x.view(Shape{outer, x.shape()[axis], inner});
}

// x[i] comes from source(i, n), for a place i in front of the n elements, among them, or behind.
std::int64_t source_of(std::int64_t i, std::int64_t n, PadMode mode) {
  const auto modulo = [](std::int64_t a, std::int64_t b) { return (a % b + b) % b; };
  switch (mode) {
    case PadMode::wrap: return modulo(i, n);
    case PadMode::reflect: {
      if (n == 1) return 0;
      const std::int64_t at = modulo(i, 2 * (n - 1));
      return at < n ? at : 2 * (n - 1) - at;
    }
    case PadMode::symmetric: {
      const std::int64_t at = modulo(i, 2 * n);
      return at < n ? at : 2 * n - 1 - at;
    }
    case PadMode::edge:
    case PadMode::constant: break;
  }
  return std::clamp<std::int64_t>(i, 0, n - 1);
}

}  // namespace

Tensor concat(std::span<const Tensor> tensors, std::optional<int> which) {
  if (tensors.empty()) fail(ErrorCode::invalid_argument, "concat", "no tensors");
  std::vector<const Tensor*> inputs;
  for (const Tensor& x : tensors) inputs.push_back(&x);
  check_inputs("concat", inputs);
  if (!which) {
    std::vector<Tensor> flat;
    for (const Tensor& x : tensors) flat.push_back(reshape(x.is_quantized() ? dequantize(x) : x, Shape{-1}));
    return concat(flat, 0);
  }
  const Tensor& first = tensors.front();
  const int axis = normalize_axis(*which, first.rank(), "concat");
  Shape shape = first.shape();
  DType dtype = first.dtype();
  for (const Tensor& x : tensors.subspan(1)) {
    bool fits = x.rank() == first.rank();
    for (int i = 0; fits && i < x.rank(); ++i) fits = i == axis || x.shape()[i] == shape[i];
    if (!fits) fail(ErrorCode::shape_mismatch, "concat", "{} and {} along axis {}", describe(first), describe(x), axis);
    shape[axis] = checked_add(shape[axis], x.shape()[axis], "concat");
    dtype = promote_types(dtype, x.dtype());
  }
  check_shape("concat", shape);
  Tensor out = Tensor::empty(shape, dtype, first.device());
  std::int64_t at = 0;
  for (const Tensor& x : tensors) {
    copy_(out.slice(axis, at, at + x.shape()[axis]), x);
    at += x.shape()[axis];
  }
  return out;
}

Tensor stack(std::span<const Tensor> tensors, int axis) {
  if (tensors.empty()) fail(ErrorCode::invalid_argument, "stack", "no tensors");
  std::vector<Tensor> parts;
  for (const Tensor& x : tensors) {
    check_inputs("stack", {&x});
    if (x.shape() != tensors.front().shape())
      fail(ErrorCode::shape_mismatch, "stack", "{} and {}", describe(tensors.front()), describe(x));
    parts.push_back((x.is_quantized() ? dequantize(x) : x).unsqueeze(normalize_axis(axis, x.rank() + 1, "stack")));
  }
  return concat(parts, axis < 0 ? axis + parts.front().rank() : axis);
}

std::vector<Tensor> unstack(const Tensor& x, int axis) {
  check_inputs("unstack", {&x});
  axis = normalize_axis(axis, x.rank(), "unstack");
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < x.shape()[axis]; ++i) parts.push_back(x.select(axis, i));
  return parts;
}

std::vector<Tensor> split(const Tensor& x, std::int64_t sections, int axis) {
  check_inputs("split", {&x});
  axis = normalize_axis(axis, x.rank(), "split");
  if (sections < 1) fail(ErrorCode::invalid_argument, "split", "{} sections", sections);
  const std::int64_t n = x.shape()[axis];
  if (n % sections != 0)
    fail(ErrorCode::shape_mismatch, "split", "axis {} of {} does not divide into {} sections", axis, describe(x),
         sections);
  if (n == 0) return std::vector<Tensor>(static_cast<std::size_t>(sections), x);
  std::vector<Tensor> parts;
  for (std::int64_t at = 0; at < n; at += n / sections) parts.push_back(x.slice(axis, at, at + n / sections));
  return parts;
}

std::vector<Tensor> split(const Tensor& x, std::span<const std::int64_t> indices, int axis) {
  check_inputs("split", {&x});
  axis = normalize_axis(axis, x.rank(), "split");
  std::vector<Tensor> parts;
  std::int64_t from = 0;
  for (const std::int64_t to : indices) {
    parts.push_back(x.slice(axis, from, to));
    from = to;
  }
  parts.push_back(x.slice(axis, from, x.shape()[axis]));
  return parts;
}

Tensor tile(const Tensor& x, const Shape& repetitions) {
  check_inputs("tile", {&x});
  Shape times = repetitions, shape = x.shape();
  while (times.rank() < x.rank()) times.insert(0, 1);
  while (shape.rank() < times.rank()) shape.insert(0, 1);
  Tensor out = contiguous(x).view(shape);
  for (int axis = 0; axis < times.rank(); ++axis) {
    if (times[axis] < 0) fail(ErrorCode::invalid_argument, "tile", "repetitions {}", to_string(repetitions));
    shape[axis] = checked_mul(shape[axis], times[axis], "tile");
  }
  check_shape("tile", shape);
  if (shape.numel() == 0) return Tensor::empty(shape, x.dtype(), x.device());
  // From the last axis on, so that what is copied repeatedly is small.
  for (int axis = times.rank() - 1; axis >= 0; --axis) {
    if (times[axis] == 1) continue;
    const Tensor source = around_axis(out, axis);
    const std::int64_t outer = source.shape()[0], row = source.shape()[1] * source.shape()[2];
    Shape next = out.shape();
    next[axis] *= times[axis];
    out = Tensor::empty(next, x.dtype(), x.device());
    copy_(out.view(Shape{outer, times[axis], row}), source.view(Shape{outer, 1, row}));
  }
  return out.same_storage(x) ? astype(out, x.dtype(), true) : out;
}

Tensor repeat(const Tensor& x, std::int64_t count, std::optional<int> which) {
  check_inputs("repeat", {&x});
  if (count < 0) fail(ErrorCode::invalid_argument, "repeat", "{} times", count);
  Tensor source = contiguous(x);
  if (!which) source = source.view(Shape{x.numel()});
  const int axis = which ? normalize_axis(*which, x.rank(), "repeat") : 0;
  Shape shape = source.shape();
  shape[axis] = checked_mul(shape[axis], count, "repeat");
  check_shape("repeat", shape);
  Tensor out = Tensor::empty(shape, x.dtype(), x.device());
  if (out.numel() == 0) return out;
  source = around_axis(source, axis);
  copy_(out.view(Shape{source.shape()[0] * source.shape()[1], count, source.shape()[2]}),
        source.view(Shape{source.shape()[0] * source.shape()[1], 1, source.shape()[2]}));
  return out;
}

Tensor repeat(const Tensor& x, const Tensor& counts, std::optional<int> which) {
  check_inputs("repeat", {&x, &counts});
  check_plain("repeat", counts);
  if (!which) return repeat(reshape(contiguous(x), Shape{x.numel()}), counts, 0);
  const int axis = normalize_axis(*which, x.rank(), "repeat");
  const std::int64_t n = x.shape()[axis];
  if (!is_integer(counts.dtype()))
    fail(ErrorCode::dtype_mismatch, "repeat", "counts must be integers, found {}", describe(counts));
  if (counts.rank() > 1 || (counts.numel() != n && counts.numel() != 1))
    fail(ErrorCode::shape_mismatch, "repeat", "counts of {} for axis {} of {}", describe(counts), axis, describe(x));
  const Tensor list = contiguous(astype(counts, DType::i64));
  const std::int64_t* times = list.numel() ? list.data<std::int64_t>() : nullptr;
  std::int64_t total = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t count = times[list.numel() == 1 ? 0 : i];
    if (count < 0) fail(ErrorCode::invalid_argument, "repeat", "{} times", count);
    total = checked_add(total, count, "repeat");
  }
  const Tensor indices = Tensor::empty(Shape{total}, DType::i64);
  std::int64_t* to = total ? indices.mutable_data<std::int64_t>() : nullptr;
  for (std::int64_t i = 0; i < n; ++i) to = std::fill_n(to, times[list.numel() == 1 ? 0 : i], i);
  return take(x, indices, axis);
}

Tensor pad(const Tensor& x, std::span<const PadWidth> widths, PadMode mode, const Scalar& value) {
  check_inputs("pad", {&x});
  if (widths.size() != 1 && widths.size() != static_cast<std::size_t>(x.rank()))
    fail(ErrorCode::invalid_argument, "pad", "{} widths for {}", widths.size(), describe(x));
  const auto width = [&](int axis) { return widths[widths.size() == 1 ? 0 : static_cast<std::size_t>(axis)]; };
  Shape shape = x.shape();
  for (int axis = 0; axis < x.rank(); ++axis) {
    const PadWidth w = width(axis);
    if (w.before < 0 || w.after < 0)
      fail(ErrorCode::invalid_argument, "pad", "widths ({}, {}) of axis {}", w.before, w.after, axis);
    if (mode != PadMode::constant && shape[axis] == 0 && (w.before > 0 || w.after > 0))
      fail(ErrorCode::invalid_argument, "pad", "axis {} of {} has no elements to extend", axis, describe(x));
    shape[axis] = checked_add(shape[axis], checked_add(w.before, w.after, "pad"), "pad");
  }
  check_shape("pad", shape);
  const Tensor number = mode == PadMode::constant ? full(Shape{}, value, x.dtype(), x.device()) : Tensor();
  const Tensor out = Tensor::empty(shape, x.dtype(), x.device());
  Tensor middle = out;
  for (int axis = 0; axis < x.rank(); ++axis)
    middle = middle.slice(axis, width(axis).before, width(axis).before + x.shape()[axis]);
  copy_(middle, x);
  // One axis after the other, from what is filled by then, in runs of neighbours whose sources are neighbours too.
  for (int axis = 0; axis < x.rank(); ++axis) {
    Tensor filled = out;
    for (int later = axis + 1; later < x.rank(); ++later)
      filled = filled.slice(later, width(later).before, width(later).before + x.shape()[later]);
    const std::int64_t before = width(axis).before, n = x.shape()[axis];
    if (mode != PadMode::constant && mode != PadMode::edge && shape[axis] > 16 * n) {  // too many runs
      std::vector<std::int64_t> from;
      for (std::int64_t i = 0; i < shape[axis]; ++i) from.push_back(source_of(i - before, n, mode));
      const Tensor indices = Tensor::from(std::span<const std::int64_t>(from));
      copy_(filled, take(filled.slice(axis, before, before + n), indices, axis));
      continue;
    }
    const auto fill = [&](std::int64_t first, std::int64_t last) {
      if (mode == PadMode::constant) {
        const Tensor border = filled.slice(axis, first, last);
        copy_(border, number.expand(border.shape()));
        return;
      }
      const auto source = [&](std::int64_t i) { return before + source_of(i - before, n, mode); };
      while (first < last) {
        const std::int64_t from = source(first), step = first + 1 < last ? source(first + 1) - from : 0;
        std::int64_t count = 1;
        while (first + count < last && source(first + count) == from + count * step) ++count;
        const Tensor border = filled.slice(axis, first, first + count);
        const std::int64_t end = from + count * step;
        const Tensor run = step == 0 ? filled.slice(axis, from, from + 1)
                                     : filled.slice(axis, from, end < 0 ? -shape[axis] - 1 : end, step);
        copy_(border, run.expand(border.shape()));
        first += count;
      }
    };
    if (before > 0) fill(0, before);
    if (width(axis).after > 0) fill(before + n, shape[axis]);
  }
  return out;
}

}  // namespace ingot
