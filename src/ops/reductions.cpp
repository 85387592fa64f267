// Statistics over axes: each is one or two passes of the reduce kernel and arithmetic on its results.
#include "ingot/ops/reductions.h"

#include <cmath>

#include "device/kernel_table.h"
#include "ingot/ops/dtypes.h"
#include "ingot/ops/elementwise.h"
#include "ops/axes_mask.h"
#include "ops/params.h"
#include "ops/statistic.h"

namespace ingot {
namespace {

// What is reduced, with all that is known before anything is allocated.
struct Request {
  const char* name;
  Tensor x;
  unsigned mask;
  std::int64_t n;

  Request(const char* operation, const Tensor& tensor, const Axes& axes) : name(operation), x(tensor) {
    check_inputs(name, {&x});
    check_arithmetic(name, x);
    mask = axes_mask(axes, x, name);
    n = count_along(x, mask);
  }
  Request with(const Tensor& converted) const {
    Request other = *this;
    other.x = converted;
    return other;
  }

  /// Reduced axes stay, with size 1.
  Tensor reduce(ReduceOp op, DType dtype, const Tensor* center = nullptr) const {
    const Tensor out = Tensor::empty(reduced_shape(x.shape(), mask, true), dtype, x.device());
    if (out.numel() == 0) return out;
    const ReduceParams params{op, mask};
    if (center)
      dispatch(Op::reduce, {&x, center}, {&out}, params);
    else
      dispatch(Op::reduce, {&x}, {&out}, params);
    return out;
  }
  Tensor finish(const Tensor& kept, bool keepdims) const {
    return keepdims ? kept : kept.view(reduced_shape(x.shape(), mask, false));
  }
  void require_elements() const {
    if (n == 0 && reduced_shape(x.shape(), mask, true).numel() > 0)
      fail(ErrorCode::invalid_argument, name, "{} has no elements along the axes reduced", describe(x));
  }
};

DType working_dtype(DType dtype) { return dtype == DType::f64 ? DType::f64 : DType::f32; }
DType floating_result(DType dtype) { return is_floating(dtype) ? dtype : DType::f32; }
// Integers in the float that holds most of them; f16, bf16, f32, f64 as they are.
Tensor as_floating(const Tensor& x) { return is_floating(x.dtype()) ? x : astype(x, DType::f64); }

Tensor sum_or_product(ReduceOp op, const char* name, const Tensor& x, const Axes& axes, bool keepdims,
                      std::optional<DType> dtype) {
  Request request(name, x, axes);
  const DType result = total_dtype(name, x, dtype);
  const bool other_kind = is_floating(x.dtype()) != is_floating(result);
  if (other_kind || (result == DType::f64 && x.dtype() != DType::f64)) request = request.with(astype(x, result));
  return request.finish(request.reduce(op, result), keepdims);
}

// Σ x / n, in the dtype computed in, reduced axes kept.
Tensor kept_mean(const Request& request) {
  const DType dtype = request.x.dtype();
  Tensor total;
  if (is_floating(dtype))
    total = request.reduce(ReduceOp::sum, working_dtype(dtype));
  else if (bit_width(dtype) < 64)  // exact: fewer than 2³¹ elements of 32 bits
    total = astype(request.reduce(ReduceOp::sum, accumulator(ReduceOp::sum, dtype)), DType::f64);
  else
    total = request.with(astype(request.x, DType::f64)).reduce(ReduceOp::sum, DType::f64);
  div_(total, static_cast<double>(request.n));
  return total;
}

// Reduced axes kept, in the dtype computed in.
Tensor kept_var(const Request& given, double correction) {
  if (!(correction == correction)) fail(ErrorCode::invalid_argument, given.name, "correction is NaN");
  const Request request = given.with(as_floating(given.x));
  const Tensor center = kept_mean(request);
  const Tensor squares = request.reduce(ReduceOp::sum_squares, center.dtype(), &center);
  div_(squares, std::max(static_cast<double>(request.n) - correction, 0.0));
  return squares;
}

// Reduced axes kept, in the dtype computed in.
Tensor kept_norm(const Request& request, double ord) {
  const Tensor& x = request.x;
  const DType working = working_dtype(x.dtype());
  if (ord == HUGE_VAL || ord == -HUGE_VAL) {
    request.require_elements();
    return request.reduce(ord > 0 ? ReduceOp::max_abs : ReduceOp::min_abs, working);
  }
  if (ord == 0) return request.reduce(ReduceOp::count_nonzero, working);
  if (ord == 1) return request.reduce(ReduceOp::sum_abs, working);
  if (ord != 2) {
    const Tensor total = request.with(pow(abs(astype(x, working)), ord)).reduce(ReduceOp::sum, working);
    return pow(total, 1 / ord);
  }
  const Tensor zero = Tensor::zeros(reduced_shape(x.shape(), request.mask, true), working);
  const Tensor squares = request.reduce(ReduceOp::sum_squares, working, &zero);
  // Near the ends of the range squares have lost bits or everything: there they are those of x / max |x|.
  const bool wide = working == DType::f64;
  const Tensor safe = logical_and(greater(squares, wide ? 1e-280 : 1e-30), less(squares, wide ? 1e300 : 1e37));
  if (request.n == 0 || all(safe).item() != 0) return sqrt(squares);
  const Tensor largest = request.reduce(ReduceOp::max_abs, working);
  const Tensor scale = where(logical_and(greater(largest, 0), isfinite(largest)), largest, 1);
  const Tensor scaled = request.with(divide(astype(x, working), scale)).reduce(ReduceOp::sum_squares, working, &zero);
  return multiply(sqrt(scaled), scale);
}

Tensor finished_norm(const Request& given, bool keepdims, double ord) {
  if (ord != ord) fail(ErrorCode::invalid_argument, given.name, "ord is NaN");
  const Request request = given.with(as_floating(given.x));
  return request.finish(astype(kept_norm(request, ord), floating_result(given.x.dtype())), keepdims);
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keepdims, std::optional<DType> dtype) {
  return sum_or_product(ReduceOp::sum, "sum", x, axes, keepdims, dtype);
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdims, std::optional<DType> dtype) {
  return sum_or_product(ReduceOp::prod, "prod", x, axes, keepdims, dtype);
}

Tensor max(const Tensor& x, const Axes& axes, bool keepdims) {
  const Request request("max", x, axes);
  request.require_elements();
  return request.finish(request.reduce(ReduceOp::max, x.dtype()), keepdims);
}

Tensor min(const Tensor& x, const Axes& axes, bool keepdims) {
  const Request request("min", x, axes);
  request.require_elements();
  return request.finish(request.reduce(ReduceOp::min, x.dtype()), keepdims);
}

Tensor mean(const Tensor& x, const Axes& axes, bool keepdims) {
  const Request request("mean", x, axes);
  return request.finish(astype(kept_mean(request), floating_result(x.dtype())), keepdims);
}

Tensor var(const Tensor& x, const Axes& axes, double correction, bool keepdims) {
  const Request request("var", x, axes);
  return request.finish(astype(kept_var(request, correction), floating_result(x.dtype())), keepdims);
}

Tensor std(const Tensor& x, const Axes& axes, double correction, bool keepdims) {
  const Request request("std", x, axes);
  return request.finish(astype(sqrt(kept_var(request, correction)), floating_result(x.dtype())), keepdims);
}

Tensor any(const Tensor& x, const Axes& axes, bool keepdims) {
  const Request request("any", x, axes);
  return request.finish(request.reduce(ReduceOp::any, DType::bool_), keepdims);
}

Tensor all(const Tensor& x, const Axes& axes, bool keepdims) {
  const Request request("all", x, axes);
  return request.finish(request.reduce(ReduceOp::all, DType::bool_), keepdims);
}

Tensor count_nonzero(const Tensor& x, const Axes& axes, bool keepdims) {
  const Request request("count_nonzero", x, axes);
  return request.finish(request.reduce(ReduceOp::count_nonzero, DType::i64), keepdims);
}

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdims) {
  const Request given("logsumexp", x, axes);
  const Request request = given.with(as_floating(x));
  const DType working = working_dtype(request.x.dtype());
  Tensor largest = request.reduce(ReduceOp::max, working);
  // Infinities cannot be subtracted from themselves.
  largest = where(isfinite(largest), largest, 0);
  const Tensor total = request.reduce(ReduceOp::sum_exp, working, &largest);
  return request.finish(astype(add(log(total), largest), floating_result(x.dtype())), keepdims);
}

Tensor vector_norm(const Tensor& x, const Axes& axes, bool keepdims, double ord) {
  return finished_norm(Request("vector_norm", x, axes), keepdims, ord);
}

Tensor norm(const Tensor& x, double ord, const Axes& axes, bool keepdims) {
  return finished_norm(Request("norm", x, axes), keepdims, ord);
}

}  // namespace ingot
