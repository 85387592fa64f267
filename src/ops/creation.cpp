// empty, zeros, ones, full, arange, linspace, eye, tril, triu, meshgrid.
#include "ingot/ops/creation.h"

#include <algorithm>
#include <cmath>

#include "core/int128.h"
#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "ops/check.h"
#include "ops/params.h"

namespace ingot {
namespace {

Tensor make(const char* operation, const Shape& shape, DType dtype, Device device) {
  check_shape(operation, shape);
  try {
    return Tensor::empty(shape, dtype, device);
  } catch (const Error& error) {
    fail(error.code(), operation, "{} {}: {}", to_string(dtype), to_string(shape), error.what());
  }
}

Tensor filled(const char* operation, const Shape& shape, const Scalar& value, DType dtype, Device device) {
  check_shape(operation, shape);
  const Tensor element = value.to_tensor(dtype, operation);
  const Tensor out = make(operation, shape, dtype, device);
  if (out.numel() > 0) copy_(out, element);
  return out;
}

Int128 wide(const Scalar& x) {
  return x.kind() == Kind::signed_integer ? Int128{static_cast<std::int64_t>(x.bits())} : Int128{x.bits()};
}

bool fits(Int128 x, DType dtype) {
  const int bits = bit_width(dtype);
  const bool is_signed = kind(dtype) == Kind::signed_integer;
  const Int128 beyond = Int128{1} << (is_signed ? bits - 1 : bits);
  return x < beyond && x >= (is_signed ? -beyond : Int128{0});
}

Tensor integer_range(const Scalar& start, const Scalar& stop, const Scalar& step, DType dtype, Device device) {
  const char* name = "arange";
  const Int128 from = wide(start), to = wide(stop), by = wide(step);
  const Int128 count = std::max(Int128{0}, by > 0 ? (to - from + by - 1) / by : (to - from + by + 1) / by);
  if (count > 0 && (!fits(from, dtype) || !fits(from + (count - 1) * by, dtype)))
    fail(ErrorCode::out_of_range, name, "the numbers from {} on do not fit {}", start.as_double(), to_string(dtype));
  if (count >= Int128{1} << 63) fail(ErrorCode::out_of_range, name, "more than 2^63 - 1 elements");
  const Tensor out = make(name, Shape{static_cast<std::int64_t>(count)}, dtype, device);
  if (count > 0) dispatch(Op::arange, {}, {&out}, ArangeParams{0, 0, start.bits(), step.bits()});
  return out;
}

Tensor float_range(double start, double stop, double step, DType dtype, Device device) {
  const char* name = "arange";
  const double count = std::max(0.0, std::ceil((stop - start) / step));
  if (!std::isfinite(start) || !std::isfinite(count) || std::isnan(step))
    fail(ErrorCode::invalid_argument, name, "from {} to {} in steps of {}", start, stop, step);
  if (count >= 0x1p63) fail(ErrorCode::out_of_range, name, "{} elements are more than 2^63 - 1", count);
  const Tensor out = make(name, Shape{static_cast<std::int64_t>(count)}, dtype, device);
  if (count > 0) dispatch(Op::arange, {}, {&out}, ArangeParams{start, step, 0, 0});
  return out;
}

// x with 0 where keep(column, row + diagonal) is false.
Tensor triangle(const char* operation, const Tensor& x, std::int64_t diagonal, bool lower) {
  check_inputs(operation, {&x});
  check_plain(operation, x);
  if (x.rank() < 2) fail(ErrorCode::shape_mismatch, operation, "{} has fewer than two axes", describe(x));
  if (bit_width(x.dtype()) < 8)
    fail(ErrorCode::dtype_mismatch, operation, "{} is packed: unpack it with astype", describe(x));
  const std::int64_t rows = x.shape()[x.rank() - 2], columns = x.shape().back();
  // Beyond the matrix every diagonal does the same, and row + diagonal cannot overflow.
  diagonal = std::clamp(diagonal, -rows - 1, columns);
  const Tensor row = arange(diagonal, diagonal + rows, 1, DType::i64, x.device()).view(Shape{rows, 1});
  const Tensor column = arange(0, columns, 1, DType::i64, x.device());
  return where(lower ? less_equal(column, row) : greater_equal(column, row), x,
               Tensor::zeros(Shape{}, x.dtype(), x.device()));
}

}  // namespace

Tensor empty(const Shape& shape, DType dtype, Device device) { return make("empty", shape, dtype, device); }

Tensor zeros(const Shape& shape, DType dtype, Device device) {
  check_shape("zeros", shape);
  try {
    return Tensor::zeros(shape, dtype, device);
  } catch (const Error& error) {
    fail(error.code(), "zeros", "{} {}: {}", to_string(dtype), to_string(shape), error.what());
  }
}

Tensor ones(const Shape& shape, DType dtype, Device device) { return filled("ones", shape, 1, dtype, device); }

Tensor full(const Shape& shape, const Scalar& value, std::optional<DType> dtype, Device device) {
  return filled("full", shape, value, dtype.value_or(value.default_dtype()), device);
}

Tensor empty_like(const Tensor& x, std::optional<DType> dtype) {
  check_inputs("empty_like", {&x});
  return make("empty_like", x.shape(), dtype.value_or(x.dtype()), x.device());
}

Tensor zeros_like(const Tensor& x, std::optional<DType> dtype) {
  check_inputs("zeros_like", {&x});
  return zeros(x.shape(), dtype.value_or(x.dtype()), x.device());
}

Tensor ones_like(const Tensor& x, std::optional<DType> dtype) {
  check_inputs("ones_like", {&x});
  return filled("ones_like", x.shape(), 1, dtype.value_or(x.dtype()), x.device());
}

Tensor full_like(const Tensor& x, const Scalar& value, std::optional<DType> dtype) {
  check_inputs("full_like", {&x});
  return filled("full_like", x.shape(), value, dtype.value_or(x.dtype()), x.device());
}

Tensor arange(const Scalar& start, const Scalar& stop, const Scalar& step, std::optional<DType> dtype, Device device) {
  const bool floats = start.kind() == Kind::floating || stop.kind() == Kind::floating || step.kind() == Kind::floating;
  const DType type = dtype.value_or(floats ? DType::f32 : DType::i64);
  if (step.as_double() == 0) fail(ErrorCode::invalid_argument, "arange", "step 0");
  if (is_floating(type)) return float_range(start.as_double(), stop.as_double(), step.as_double(), type, device);
  if (floats || !is_integer(type) || bit_width(type) < 8)
    fail(ErrorCode::dtype_mismatch, "arange", "{} as {}", floats ? "floats" : "integers", to_string(type));
  return integer_range(start, stop, step, type, device);
}

Tensor arange(const Scalar& stop) { return arange(0, stop); }

Tensor linspace(double start, double stop, std::int64_t count, DType dtype, bool endpoint, Device device) {
  const char* name = "linspace";
  if (!is_floating(dtype) || bit_width(dtype) < 16)
    fail(ErrorCode::dtype_mismatch, name, "f16, bf16, f32 or f64 expected, found {}", to_string(dtype));
  const Tensor out = make(name, Shape{count}, dtype, device);
  if (count == 0) return out;
  const double parts = static_cast<double>(std::max<std::int64_t>(endpoint ? count - 1 : count, 1));
  const double span = stop - start;
  const double step = std::isfinite(span) ? span / parts : stop / parts - start / parts;
  dispatch(Op::arange, {}, {&out}, ArangeParams{start, step, 0, 0});
  if (endpoint && count > 1) copy_(out.select(0, -1), Scalar(stop).to_tensor(dtype, name));
  return out;
}

Tensor eye(std::int64_t rows, std::optional<std::int64_t> columns, std::int64_t diagonal, DType dtype, Device device) {
  const char* name = "eye";
  const std::int64_t width = columns.value_or(rows);
  const Tensor one = Scalar(1).to_tensor(dtype, name), out = make(name, Shape{rows, width}, dtype, device);
  if (out.numel() == 0) return out;
  copy_(out, Scalar(0).to_tensor(dtype, name));
  if (diagonal >= width || diagonal <= -rows) return out;
  const std::int64_t down = std::max<std::int64_t>(-diagonal, 0), right = std::max<std::int64_t>(diagonal, 0);
  const std::int64_t first = down * width + right, count = std::min(rows - down, width - right);
  copy_(out.view(Shape{-1}).slice(0, first, first + (count - 1) * (width + 1) + 1, width + 1), one);
  return out;
}

Tensor tril(const Tensor& x, std::int64_t diagonal) { return triangle("tril", x, diagonal, true); }
Tensor triu(const Tensor& x, std::int64_t diagonal) { return triangle("triu", x, diagonal, false); }

std::vector<Tensor> meshgrid(std::span<const Tensor> tensors, GridIndexing indexing) {
  std::vector<int> axes;
  for (std::size_t i = 0; i < tensors.size(); ++i) axes.push_back(static_cast<int>(i));
  if (indexing == GridIndexing::xy && axes.size() >= 2) std::swap(axes[0], axes[1]);
  Shape shape;
  for (const int i : axes) {
    const Tensor& x = tensors[static_cast<std::size_t>(i)];
    check_inputs("meshgrid", {&x});
    if (x.rank() > 1) fail(ErrorCode::shape_mismatch, "meshgrid", "one axis expected, found {}", describe(x));
    shape.push_back(x.numel());
  }
  check_shape("meshgrid", shape);
  std::vector<Tensor> grids;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    Shape line = Shape::filled(shape.rank(), 1);
    line[axes[i]] = tensors[i].numel();
    grids.push_back(Tensor::empty(shape, tensors[i].dtype(), tensors[i].device()));
    copy_(grids.back(), reshape(contiguous(tensors[i]), line));
  }
  return grids;
}

}  // namespace ingot
