// Running totals and differences along one axis.
#include "core/checked.h"
#include "device/kernel_table.h"
#include "ingot/ops/dtypes.h"
#include "ingot/ops/elementwise.h"
#include "ingot/ops/manipulation.h"
#include "ingot/ops/reductions.h"
#include "ops/params.h"
#include "ops/statistic.h"

namespace ingot {
namespace {

Tensor cumulate(const char* name, bool product, const Tensor& x, std::optional<int> given, std::optional<DType> dtype,
                bool include_initial) {
  check_inputs(name, {&x});
  check_arithmetic(name, x);
  if (!given && x.rank() > 1) fail(ErrorCode::invalid_argument, name, "{} has several axes: name one", describe(x));
  const DType result = total_dtype(name, x, dtype);
  if (is_floating(x.dtype()) != is_floating(result))
    return cumulate(name, product, astype(x, result), given, dtype, include_initial);
  if (x.rank() == 0) return cumulate(name, product, x.unsqueeze(0), given, dtype, include_initial);
  const int axis = normalize_axis(given.value_or(0), x.rank(), name);
  Shape shape = x.shape();
  if (include_initial) shape[axis] = checked_add<std::int64_t>(shape[axis], 1, name);
  const Tensor out = Tensor::empty(shape, result, x.device());
  if (include_initial) copy_(out.slice(axis, 0, 1), Tensor::full(Shape{}, product ? 1 : 0, result));
  const Tensor rest = include_initial ? out.slice(axis, 1, shape[axis]) : out;
  if (rest.numel() > 0) dispatch(Op::cumulate, {&x}, {&rest}, CumulateParams{axis, product});
  return out;
}

}  // namespace

Tensor cumulative_sum(const Tensor& x, std::optional<int> axis, std::optional<DType> dtype, bool include_initial) {
  return cumulate("cumulative_sum", false, x, axis, dtype, include_initial);
}

Tensor cumulative_prod(const Tensor& x, std::optional<int> axis, std::optional<DType> dtype, bool include_initial) {
  return cumulate("cumulative_prod", true, x, axis, dtype, include_initial);
}

Tensor diff(const Tensor& x, int axis, int n, const Tensor* prepend, const Tensor* append) {
  const char* name = "diff";
  check_inputs(name, {&x});
  check_arithmetic(name, x);
  if (n < 0) fail(ErrorCode::invalid_argument, name, "n is {}", n);
  axis = normalize_axis(axis, x.rank(), name);
  std::vector<Tensor> parts;
  if (prepend) parts.push_back(*prepend);
  parts.push_back(x);
  if (append) parts.push_back(*append);
  Tensor result = parts.size() > 1 ? concat(parts, axis) : x;
  for (; n > 0; --n) {
    const std::int64_t size = result.shape()[axis];
    const Tensor later = result.slice(axis, 1, size),
                 earlier = result.slice(axis, 0, std::max<std::int64_t>(size - 1, 0));
    result = result.dtype() == DType::bool_ ? not_equal(later, earlier) : subtract(later, earlier);
    if (size == 0) break;
  }
  return result;
}

}  // namespace ingot
