// vecdot, dot, outer, tensordot, cross, matrix_power, diagonal, trace: matmul, views and elementwise operations put
// together.
#include <algorithm>
#include <vector>

#include "ops/axes.h"
#include "ops/check.h"
#include "ops/matrix.h"

namespace ingot {
namespace {

[[noreturn]] void do_not_fit(const char* operation, const Tensor& a, const Tensor& b) {
  fail(ErrorCode::shape_mismatch, operation, "{} and {} do not fit", describe(a), describe(b));
}

// Axis counted from the end of the broadcast shape (negative), or from the front where both have one rank.
int common_axis(const char* operation, const Tensor& a, const Tensor& b, int axis) {
  if (axis >= 0 && a.rank() != b.rank())
    fail(ErrorCode::invalid_argument, operation, "axis {} of {} and {}: count it from the end, below 0", axis,
         describe(a), describe(b));
  const int rank = std::min(a.rank(), b.rank());
  return normalize_axis(axis, rank, operation) - rank;
}

Tensor moved_last(const Tensor& x, int axis) {
  Shape axes;
  axis = normalize_axis(axis, x.rank(), "vecdot");
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis) axes.push_back(i);
  axes.push_back(axis);
  return x.permute(axes);
}

}  // namespace

Tensor vecdot(const Tensor& a, const Tensor& b, int axis) {
  check_inputs("vecdot", {&a, &b});
  check_plain("vecdot", a);
  check_plain("vecdot", b);
  if (a.rank() == 0 || b.rank() == 0) do_not_fit("vecdot", a, b);
  axis = common_axis("vecdot", a, b, axis);
  if (a.size(axis) != b.size(axis)) do_not_fit("vecdot", a, b);
  const Tensor x = moved_last(a, axis).unsqueeze(-2), y = moved_last(b, axis).unsqueeze(-1);
  const Tensor out = matmul(x, y);
  return out.squeeze(out.rank() - 1).squeeze(out.rank() - 2);
}

Tensor dot(const Tensor& a, const Tensor& b) {
  check_inputs("dot", {&a, &b});
  if (a.rank() == 0 || b.rank() == 0) return multiply(a, b);
  const int last = a.rank() - 1, row = std::max(0, b.rank() - 2);
  if (a.shape()[last] != b.shape()[row]) do_not_fit("dot", a, b);
  return tensordot(a, b, std::span(&last, 1), std::span(&row, 1));
}

Tensor outer(const Tensor& a, const Tensor& b) {
  check_inputs("outer", {&a, &b});
  if (a.rank() != 1 || b.rank() != 1)
    fail(ErrorCode::shape_mismatch, "outer", "vectors expected, found {} and {}", describe(a), describe(b));
  return multiply(a.unsqueeze(1), b);
}

Tensor tensordot(const Tensor& a, const Tensor& b, int axes) {
  check_inputs("tensordot", {&a, &b});
  if (axes < 0 || axes > std::min(a.rank(), b.rank()))
    fail(ErrorCode::out_of_range, "tensordot", "{} axes of {} and {}", axes, describe(a), describe(b));
  std::vector<int> last, first;
  for (int i = 0; i < axes; ++i) {
    last.push_back(a.rank() - axes + i);
    first.push_back(i);
  }
  return tensordot(a, b, last, first);
}

Tensor tensordot(const Tensor& a, const Tensor& b, std::span<const int> axes_a, std::span<const int> axes_b) {
  check_inputs("tensordot", {&a, &b});
  check_plain("tensordot", a);
  check_plain("tensordot", b);
  if (axes_a.size() != axes_b.size())
    fail(ErrorCode::invalid_argument, "tensordot", "{} axes of {} and {} of {}", axes_a.size(), describe(a),
         axes_b.size(), describe(b));
  const Shape summed_a = normalize_axes(axes_a, a, "tensordot"), summed_b = normalize_axes(axes_b, b, "tensordot");
  std::int64_t summed = 1;
  for (int i = 0; i < summed_a.rank(); ++i) {
    const std::int64_t size = a.shape()[static_cast<int>(summed_a[i])];
    if (size != b.shape()[static_cast<int>(summed_b[i])]) do_not_fit("tensordot", a, b);
    summed *= size;
  }
  const auto among = [](const Shape& axes, int axis) {
    return std::find(axes.begin(), axes.end(), axis) != axes.end();
  };
  Shape order_a, order_b, shape;
  std::int64_t rows = 1, columns = 1;
  for (int i = 0; i < a.rank(); ++i)
    if (!among(summed_a, i)) {
      order_a.push_back(i);
      shape.push_back(a.shape()[i]);
      rows *= a.shape()[i];
    }
  for (const std::int64_t axis : summed_a) order_a.push_back(axis);
  for (const std::int64_t axis : summed_b) order_b.push_back(axis);
  for (int i = 0; i < b.rank(); ++i)
    if (!among(summed_b, i)) {
      order_b.push_back(i);
      shape.push_back(b.shape()[i]);
      columns *= b.shape()[i];
    }
  const Tensor x = reshape(a.permute(order_a), Shape{rows, summed});
  const Tensor y = reshape(b.permute(order_b), Shape{summed, columns});
  return matmul(x, y).view(shape);
}

Tensor cross(const Tensor& a, const Tensor& b, int axis) {
  check_inputs("cross", {&a, &b});
  check_plain("cross", a);
  check_plain("cross", b);
  if (a.rank() == 0 || b.rank() == 0) do_not_fit("cross", a, b);
  axis = common_axis("cross", a, b, axis);
  if (a.size(axis) != 3 || b.size(axis) != 3)
    fail(ErrorCode::shape_mismatch, "cross", "{} and {} along axis {}: 3 elements expected", describe(a), describe(b),
         axis);
  const auto part = [&](const Tensor& x, int i) { return x.slice(axis, i % 3, i % 3 + 1); };
  std::vector<Tensor> parts;
  for (int i = 0; i < 3; ++i)
    parts.push_back(subtract(multiply(part(a, i + 1), part(b, i + 2)), multiply(part(a, i + 2), part(b, i + 1))));
  return concat(parts, axis);
}

Tensor matrix_power(const Tensor& x, std::int64_t n) {
  check_inputs("matrix_power", {&x});
  check_plain("matrix_power", x);
  check_matrix("matrix_power", x);
  if (x.shape().back() != x.shape()[x.rank() - 2])
    fail(ErrorCode::shape_mismatch, "matrix_power", "square matrices expected, found {}", describe(x));
  Tensor power = x.dtype() == DType::i8 ? astype(x, DType::i32) : x;
  if (n < 0) power = inv(power);
  if (n == 0) return astype(eye(power.shape().back(), {}, 0, power.dtype()).expand(power.shape()), power.dtype(), true);
  Tensor result;
  for (std::uint64_t rest = n < 0 ? -static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);;) {
    if (rest & 1) result = result.defined() ? matmul(result, power) : power;
    rest >>= 1;
    if (rest == 0) return astype(result, result.dtype(), result.same_storage(x));
    power = matmul(power, power);
  }
}

Tensor diagonal(const Tensor& x, std::int64_t offset, int axis1, int axis2) {
  check_inputs("diagonal", {&x});
  check_plain("diagonal", x);
  check_matrix("diagonal", x);
  const int row = normalize_axis(axis1, x.rank(), "diagonal"), column = normalize_axis(axis2, x.rank(), "diagonal");
  if (row == column) fail(ErrorCode::invalid_argument, "diagonal", "axis {} of {} twice", row, describe(x));
  const std::int64_t rows = x.shape()[row], columns = x.shape()[column];
  // Clamped first: the difference below cannot overflow then.
  const std::int64_t right = std::clamp<std::int64_t>(offset, 0, columns);
  const std::int64_t down = offset < 0 ? -std::max(offset, -rows) : 0;
  const Tensor corner = x.slice(row, down, rows).slice(column, right, columns);
  Ref<TensorMeta> meta(new TensorMeta);
  meta->storage = x.storage();
  meta->shape = corner.shape();
  meta->strides = corner.strides();
  for (const int axis : {std::max(row, column), std::min(row, column)}) {
    meta->shape.erase(axis);
    meta->strides.erase(axis);
  }
  meta->shape.push_back(std::min(rows - down, columns - right));
  meta->strides.push_back(x.strides()[row] + x.strides()[column]);
  meta->offset = corner.meta().offset;
  meta->byte_offset = x.meta().byte_offset;
  meta->dtype = x.dtype();
  return Tensor(Ref<const TensorMeta>(meta.get()));
}

Tensor trace(const Tensor& x, std::int64_t offset, std::optional<DType> dtype, int axis1, int axis2) {
  return sum(diagonal(x, offset, axis1, axis2), -1, false, dtype);
}

}  // namespace ingot
