// solve, inv, det, slogdet, cholesky, qr, svd, eigh: what LAPACK computes.
#include <algorithm>
#include <vector>

#include "device/kernel_table.h"
#include "ops/check.h"
#include "ops/matrix.h"
#include "ops/params.h"

namespace ingot {
namespace {

enum class Form { square, any };

// x as kernels take it: f32 or f64.
Tensor matrices(const char* operation, const Tensor& x, Form form) {
  check_inputs(operation, {&x});
  check_floating(operation, x);
  check_matrix(operation, x);
  if (form == Form::square && x.shape().back() != x.shape()[x.rank() - 2])
    fail(ErrorCode::shape_mismatch, operation, "square matrices expected, found {}", describe(x));
  return astype(x, computed_dtype(x));
}

Tensor output(const Tensor& x, Shape shape, DType dtype) { return Tensor::empty(shape, dtype, x.device()); }

// The batch of x with `sizes` behind it.
Tensor output(const Tensor& x, std::initializer_list<std::int64_t> sizes) {
  Shape shape = batch_shape(x);
  for (const std::int64_t size : sizes) shape.push_back(size);
  return output(x, shape, x.dtype());
}

Tensor info_for(const Tensor& x) { return Tensor::zeros(batch_shape(x), DType::i32, x.device()); }

// Throws for the first matrix whose info is not 0, saying `problem` (`invalid` where info < 0) about it.
void check_info(const char* operation, const Tensor& info, const Tensor& x, const char* problem,
                const char* invalid = "") {
  const std::int64_t count = info.numel();
  if (count == 0) return;
  const auto* values = info.data<std::int32_t>();
  const auto* bad = std::find_if(values, values + count, [](std::int32_t value) { return value != 0; });
  if (bad == values + count) return;
  const char* what = *bad < 0 ? invalid : problem;
  if (info.rank() == 0) fail(ErrorCode::invalid_argument, operation, "{} {}", describe(x), what);
  Shape index = info.shape();
  for (std::int64_t axis = info.rank() - 1, rest = bad - values; axis >= 0; --axis) {
    index[static_cast<int>(axis)] = rest % info.shape()[static_cast<int>(axis)];
    rest /= info.shape()[static_cast<int>(axis)];
  }
  fail(ErrorCode::invalid_argument, operation, "matrix {} of {} {}", to_string(index), describe(x), what);
}

constexpr const char* not_finite = "holds NaN or infinity";

SlogdetResult determinants(const char* operation, const Tensor& x, Tensor& det) {
  const Tensor a = matrices(operation, x, Form::square);
  det = output(a, {});
  const Tensor sign = output(a, {}), logarithm = output(a, {}), info = info_for(a);
  if (info.numel() > 0) dispatch(Op::determinant, {&a}, {&det, &sign, &logarithm, &info});
  return {sign, logarithm};
}

Tensor solve(const char* operation, const Tensor& a, const Tensor& b, const Tensor& named) {
  const Tensor x = output(b, b.shape(), b.dtype()), info = info_for(a);
  if (info.numel() > 0) dispatch(Op::solve, {&a, &b}, {&x, &info});
  check_info(operation, info, named, "is singular");
  return x;
}

SvdResult singular_values(const char* operation, const Tensor& x, bool vectors, bool full) {
  const Tensor a = matrices(operation, x, Form::any);
  const std::int64_t m = a.shape()[a.rank() - 2], n = a.shape().back(), k = std::min(m, n);
  const Tensor s = output(a, {k}), info = info_for(a);
  const Tensor u = vectors ? output(a, {m, full ? m : k}) : output(a, Shape{0, 0}, a.dtype());
  const Tensor vh = vectors ? output(a, {full ? n : k, n}) : u;
  if (info.numel() > 0) dispatch(Op::svd, {&a}, {&s, &u, &vh, &info}, VectorsParams{vectors});
  check_info(operation, info, x, "has singular values that do not converge", not_finite);
  return {astype(u, x.dtype()), astype(s, x.dtype()), astype(vh, x.dtype())};
}

EighResult eigenvalues(const char* operation, const Tensor& x, bool vectors) {
  const Tensor a = matrices(operation, x, Form::square);
  const std::int64_t n = a.shape().back();
  const Tensor values = output(a, {n}), info = info_for(a);
  const Tensor columns = vectors ? output(a, {n, n}) : output(a, Shape{0, 0}, a.dtype());
  if (info.numel() > 0) dispatch(Op::eigh, {&a}, {&values, &columns, &info}, VectorsParams{vectors});
  check_info(operation, info, x, "has eigenvalues that do not converge", not_finite);
  return {astype(values, x.dtype()), astype(columns, x.dtype())};
}

}  // namespace

Tensor solve(const Tensor& a, const Tensor& b) {
  check_inputs("solve", {&a, &b});
  check_floating("solve", b);
  Tensor left = matrices("solve", a, Form::square);
  const bool vector = b.rank() == 1;
  if (b.rank() == 0 || b.shape()[vector ? 0 : b.rank() - 2] != a.shape().back())
    fail(ErrorCode::shape_mismatch, "solve", "{} and a right-hand side of {} do not fit", describe(a), describe(b));
  const DType dtype = promote_types(a.dtype(), b.dtype()), computed = promote_types(dtype, DType::f32);
  Tensor right = astype(vector ? b.unsqueeze(1) : b, computed);
  left = astype(left, computed);
  broadcast_batches("solve", left, right);
  const Tensor x = astype(solve("solve", left, right, a), dtype);
  return vector ? x.squeeze(x.rank() - 1) : x;
}

Tensor inv(const Tensor& x) {
  const Tensor a = matrices("inv", x, Form::square);
  return astype(solve("inv", a, eye(a.shape().back(), {}, 0, a.dtype()).expand(a.shape()), x), x.dtype());
}

Tensor det(const Tensor& x) {
  Tensor result;
  determinants("det", x, result);
  return astype(result, x.dtype());
}

SlogdetResult slogdet(const Tensor& x) {
  Tensor unused;
  const SlogdetResult result = determinants("slogdet", x, unused);
  return {astype(result.sign, x.dtype()), astype(result.logabsdet, x.dtype())};
}

Tensor cholesky(const Tensor& x, bool upper) {
  const Tensor a = matrices("cholesky", x, Form::square);
  const Tensor out = output(a, a.shape(), a.dtype()), info = info_for(a);
  if (info.numel() > 0) dispatch(Op::cholesky, {&a}, {&out, &info}, CholeskyParams{upper});
  check_info("cholesky", info, x, "is not positive definite");
  return astype(out, x.dtype());
}

QrResult qr(const Tensor& x, QrMode mode) {
  const Tensor a = matrices("qr", x, Form::any);
  const std::int64_t m = a.shape()[a.rank() - 2], n = a.shape().back();
  const std::int64_t k = mode == QrMode::complete ? m : std::min(m, n);
  const Tensor q = output(a, {m, k}), r = output(a, {k, n}), info = info_for(a);
  if (info.numel() > 0) dispatch(Op::qr, {&a}, {&q, &r, &info});
  return {astype(q, x.dtype()), astype(r, x.dtype())};
}

SvdResult svd(const Tensor& x, bool full_matrices) { return singular_values("svd", x, true, full_matrices); }
Tensor svdvals(const Tensor& x) { return singular_values("svdvals", x, false, false).s; }
EighResult eigh(const Tensor& x) { return eigenvalues("eigh", x, true); }
Tensor eigvalsh(const Tensor& x) { return eigenvalues("eigvalsh", x, false).eigenvalues; }

}  // namespace ingot
