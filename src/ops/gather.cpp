// take, gather, scatter and their kin: indices along one axis.
#include "ops/gather.h"

#include <algorithm>

#include "core/visit.h"
#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "ops/check.h"
#include "ops/overlap.h"
#include "ops/params.h"

namespace ingot {
namespace {

void check_indices(const char* operation, const Tensor& indices) {
  check_plain(operation, indices);
  if (!is_integer(indices.dtype()))
    fail(ErrorCode::dtype_mismatch, operation, "indices must be integers, found {}", describe(indices));
}

// `x`, which has the shape of `selection`, as (offsets, rest…): a view where x is row-major.
Tensor as_rows(const Selection& selection, const Tensor& x) {
  Shape shape = selection.rest;
  shape.insert(selection.lead, selection.broadcast.numel());
  Shape order{selection.lead};
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (axis != selection.lead) order.push_back(axis);
  return reshape(x, shape).permute(order);
}

// x[…, indices, …] along one axis, which `indices` replace.
Selection along(const char* operation, const Tensor& x, const Tensor& indices, int axis) {
  Selection result;
  Shape order{axis};
  for (int i = 0; i < x.rank(); ++i) {
    if (i == axis) continue;
    order.push_back(i);
    result.rest.push_back(x.shape()[i]);
  }
  result.view = x.permute(order);
  result.indexed = 1;
  result.offsets = offsets_of(operation, indices, axis, x.shape()[axis], x.strides()[axis]);
  result.broadcast = indices.shape();
  result.lead = axis;
  return result;
}

// x[i, …, indices[i, …, k], …]: one element for each index.
Selection elementwise_along(const char* operation, const Tensor& x, const Tensor& indices, int axis) {
  Selection result;
  result.view = x;
  result.indexed = x.rank();
  result.broadcast = indices.shape();
  Tensor places;  // offsets of the other axes, which broadcast along `axis`
  for (int i = 0; i < x.rank(); ++i) {
    if (i == axis || indices.shape()[i] <= 1) continue;
    Shape line = Shape::filled(x.rank(), 1);
    line[i] = indices.shape()[i];
    places = sum_of_offsets(places, multiply(arange(indices.shape()[i]), x.strides()[i]).view(line));
  }
  result.offsets = sum_of_offsets(places, offsets_of(operation, indices, axis, x.shape()[axis], x.strides()[axis]));
  return result;
}

// Both broadcast to one shape but for `axis`, where each keeps its size.
void broadcast_but(const char* operation, Tensor& x, Tensor& indices, int axis) {
  if (x.rank() != indices.rank())
    fail(ErrorCode::shape_mismatch, operation, "{} and indices of {}: the ranks differ", describe(x),
         describe(indices));
  Shape a = x.shape(), b = indices.shape();
  a[axis] = b[axis] = 1;
  Shape shape = broadcast_shapes(a, b, operation);
  shape[axis] = x.shape()[axis];
  x = x.expand(shape);
  shape[axis] = indices.shape()[axis];
  indices = indices.expand(shape);
}

// Indices no larger than x but for `axis`.
void check_inside(const char* operation, const Tensor& x, const Tensor& indices, int axis) {
  bool fits = x.rank() == indices.rank();
  for (int i = 0; fits && i < x.rank(); ++i) fits = i == axis || indices.shape()[i] <= x.shape()[i];
  if (!fits)
    fail(ErrorCode::shape_mismatch, operation, "{} and indices of {} along axis {}", describe(x), describe(indices),
         axis);
}

}  // namespace

Shape Selection::shape() const {
  Shape result = rest;
  for (int i = 0; i < broadcast.rank(); ++i) result.insert(lead + i, broadcast[i]);
  return result;
}

void fail_index(const char* operation, std::int64_t index, int axis, std::int64_t size) {
  fail(ErrorCode::out_of_range, operation, "index {} is out of range for axis {} of size {}", index, axis, size);
}

Tensor offsets_of(const char* operation, const Tensor& indices, int axis, std::int64_t size, std::int64_t stride) {
  const Tensor source = contiguous(astype(indices, DType::i64));
  const std::int64_t count = source.numel();
  if (count == 0) return source;
  const std::int64_t* from = source.data<std::int64_t>();
  // u64 beyond 2⁶³ − 1 came out negative.
  const std::int64_t least = kind(indices.dtype()) == Kind::unsigned_integer ? 0 : -size;
  std::int64_t low = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (from[i] < least || from[i] >= size) fail_index(operation, from[i], axis, size);
    low = std::min(low, from[i]);
  }
  if (low == 0 && stride == 1) return source;
  const Tensor out = Tensor::empty(indices.shape(), DType::i64);
  std::int64_t* to = out.mutable_data<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) to[i] = (from[i] < 0 ? from[i] + size : from[i]) * stride;
  return out;
}

Tensor sum_of_offsets(const Tensor& a, const Tensor& b) { return a.defined() ? add(a, b) : b; }

Tensor gatherable(const Tensor& x) {
  if (!x.is_quantized() && bit_width(x.dtype()) < 8) return astype(x, DType::i8);
  return x.is_quantized() || !x.is_aligned() ? contiguous(x) : x;
}

Tensor gathered(const Selection& selection) {
  const Shape shape = selection.shape();
  check_shape("gather", shape);
  const Tensor out = Tensor::empty(shape, selection.view.dtype(), selection.view.device());
  if (out.numel() == 0) return out;
  const Tensor offsets = contiguous(selection.offsets).view(Shape{-1}), rows = as_rows(selection, out);
  dispatch(Op::gather, {&selection.view, &offsets}, {&rows}, GatherParams{selection.indexed});
  return out;
}

Tensor fitting(const char* operation, const Operand& value, const Tensor& target, const Shape& shape) {
  if (!value.is_tensor()) {
    const bool packed = bit_width(target.dtype()) < 8;
    return value.scalar().to_tensor(packed ? DType::i8 : target.dtype(), operation).expand(shape);
  }
  Tensor source = value.tensor();
  check_inputs(operation, {&target, &source});
  while (source.rank() > shape.rank() && source.shape()[0] == 1) source = source.select(0, 0);
  bool fits = source.rank() <= shape.rank();
  for (int i = 1; fits && i <= source.rank(); ++i)
    fits = source.size(-i) == 1 || source.size(-i) == shape[shape.rank() - i];
  if (!fits)
    fail(ErrorCode::shape_mismatch, operation, "{} does not broadcast to {}", describe(value.tensor()),
         to_string(shape));
  const bool apart = !overlaps_partly(source, target) && !source.same_storage(target);
  return astype(source, target.dtype(), !apart).expand(shape);
}

void scattered(const char* operation, const Tensor& target, const Operand& value, bool add,
               const std::function<Selection(const Tensor&)>& select) {
  const bool packed = bit_width(target.dtype()) < 8, direct = target.is_aligned() && !packed;
  const Tensor into = direct ? target : astype(target, packed ? DType::i8 : target.dtype(), true);
  const Selection selection = select(into);
  const Tensor values = fitting(operation, value, into, selection.shape());
  if (values.numel() == 0) return;
  const Tensor offsets = contiguous(selection.offsets).view(Shape{-1}), rows = as_rows(selection, values);
  dispatch(Op::scatter, {&rows, &offsets}, {&selection.view}, ScatterParams{selection.indexed, add});
  if (!direct) copy_(target, into);
}

Tensor take(const Tensor& x, const Tensor& indices, std::optional<int> which) {
  const char* name = "take";
  check_inputs(name, {&x, &indices});
  check_indices(name, indices);
  if (!which) return take(reshape(contiguous(x), Shape{x.numel()}), indices, 0);
  const int axis = normalize_axis(*which, x.rank(), name);
  const Tensor source = gatherable(x);
  return astype(gathered(along(name, source, indices, axis)), x.dtype());
}

Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis) {
  const char* name = "take_along_axis";
  check_inputs(name, {&x, &indices});
  check_indices(name, indices);
  axis = normalize_axis(axis, x.rank(), name);
  Tensor source = gatherable(x), places = indices;
  broadcast_but(name, source, places, axis);
  return astype(gathered(elementwise_along(name, source, places, axis)), x.dtype());
}

void put_along_axis_(const Tensor& x, const Tensor& indices, const Operand& values, int axis) {
  const char* name = "put_along_axis_";
  check_inputs(name, {&x, &indices});
  check_plain(name, x);
  check_indices(name, indices);
  check_writable(name, x);
  axis = normalize_axis(axis, x.rank(), name);
  Tensor target = x, places = indices;
  broadcast_but(name, target, places, axis);
  if (target.shape() != x.shape())
    fail(ErrorCode::shape_mismatch, name, "{} with indices of {}", describe(x), describe(indices));
  scattered(name, x, values, false, [&](const Tensor& into) { return elementwise_along(name, into, places, axis); });
}

Tensor gather(const Tensor& x, int axis, const Tensor& indices) {
  const char* name = "gather";
  check_inputs(name, {&x, &indices});
  check_indices(name, indices);
  axis = normalize_axis(axis, x.rank(), name);
  check_inside(name, x, indices, axis);
  const Tensor source = gatherable(x);
  return astype(gathered(elementwise_along(name, source, indices, axis)), x.dtype());
}

Tensor scatter(const Tensor& x, int axis, const Tensor& indices, const Operand& values, ScatterMode mode) {
  const char* name = "scatter";
  check_inputs(name, {&x, &indices});
  check_indices(name, indices);
  axis = normalize_axis(axis, x.rank(), name);
  check_inside(name, x, indices, axis);
  const bool add = mode == ScatterMode::add;
  if (add) visit_arithmetic(x.dtype(), name, [](auto) {});
  Tensor source;
  if (values.is_tensor()) {
    source = values.tensor();
    check_inputs(name, {&x, &source});
    bool fits = source.rank() == indices.rank();
    for (int i = 0; fits && i < source.rank(); ++i) fits = indices.shape()[i] <= source.shape()[i];
    if (!fits)
      fail(ErrorCode::shape_mismatch, name, "indices of {} and values of {}", describe(indices), describe(source));
    if (source.is_quantized()) source = dequantize(source);
    for (int i = 0; i < source.rank(); ++i) source = source.slice(i, 0, indices.shape()[i]);
  }
  const Tensor out = astype(x, x.dtype(), true);
  scattered(name, out, values.is_tensor() ? Operand(source) : values, add,
            [&](const Tensor& into) { return elementwise_along(name, into, indices, axis); });
  return out;
}

Tensor index_add(const Tensor& x, int axis, const Tensor& indices, const Tensor& values) {
  const char* name = "index_add";
  check_inputs(name, {&x, &indices, &values});
  check_indices(name, indices);
  visit_arithmetic(x.dtype(), name, [](auto) {});
  axis = normalize_axis(axis, x.rank(), name);
  Shape shape = x.shape();
  if (indices.rank() == 1) shape[axis] = indices.numel();
  if (indices.rank() != 1 || values.shape() != shape)
    fail(ErrorCode::shape_mismatch, name, "{} along axis {}, indices of {}, values of {}", describe(x), axis,
         describe(indices), describe(values));
  const Tensor out = astype(x, x.dtype(), true), source = values.is_quantized() ? dequantize(values) : values;
  scattered(name, out, source, true, [&](const Tensor& into) { return along(name, into, indices, axis); });
  return out;
}

std::vector<Tensor> nonzero(const Tensor& x) {
  check_inputs("nonzero", {&x});
  if (x.rank() == 0) fail(ErrorCode::shape_mismatch, "nonzero", "{} has no axes", describe(x));
  const Tensor flags = contiguous(astype(x, DType::bool_));
  const std::int64_t size = flags.numel();
  const bool* flag = size ? flags.data<bool>() : nullptr;
  const std::int64_t count = std::count(flag, flag + size, true);
  const Tensor flat = Tensor::empty(Shape{count}, DType::i64);
  std::int64_t* to = count ? flat.mutable_data<std::int64_t>() : nullptr;
  for (std::int64_t i = 0; i < size; ++i)
    if (flag[i]) *to++ = i;
  std::vector<Tensor> places(static_cast<std::size_t>(x.rank()), flat);
  Tensor rest = flat;
  for (int axis = x.rank() - 1; axis > 0; --axis) {
    const std::int64_t n = std::max<std::int64_t>(x.shape()[axis], 1);
    places[static_cast<std::size_t>(axis)] = remainder(rest, n);
    rest = floor_divide(rest, n);
  }
  places[0] = rest;
  return places;
}

}  // namespace ingot
