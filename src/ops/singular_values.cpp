// pinv, matrix_rank, matrix_norm, lstsq: what singular values tell, in public operations.
#include <algorithm>
#include <limits>

#include "ops/check.h"
#include "ops/matrix.h"

namespace ingot {
namespace {

// rtol · s[0], (…, 1): values up to it count as 0.
Tensor cutoff(const Tensor& s, const Tensor& x, const Operand& rtol) {
  if (rtol.is_tensor()) return multiply(s.slice(-1, 0, 1), astype(rtol.tensor(), s.dtype()).unsqueeze(-1));
  double factor = rtol.scalar().as_double();
  if (factor < 0)
    factor = static_cast<double>(std::max(x.shape().back(), x.shape()[x.rank() - 2])) *
             (s.dtype() == DType::f64 ? std::numeric_limits<double>::epsilon()
                                      : static_cast<double>(std::numeric_limits<float>::epsilon()));
  return multiply(s.slice(-1, 0, 1), factor);
}

// 1 / s above the cutoff, else 0.
Tensor inverted(const Tensor& s, const Tensor& x, const Operand& rtol) {
  return where(greater(s, cutoff(s, x, rtol)), divide(1, s), 0);
}

Tensor rank_of(const Tensor& s, const Tensor& x, const Operand& rtol) {
  if (s.shape().back() == 0) return Tensor::zeros(batch_shape(x), DType::i64, x.device());
  return count_nonzero(greater(s, cutoff(s, x, rtol)), -1);
}

// x in f32 or f64, so that a chain of operations rounds to a narrower dtype once.
Tensor wide(const char* operation, const Tensor& x) {
  check_inputs(operation, {&x});
  check_floating(operation, x);
  check_matrix(operation, x);
  return astype(x, computed_dtype(x));
}

// One for each matrix of the batch, or fewer that stretch.
void check_rtol(const char* operation, const Tensor& x, const Operand& rtol) {
  if (!rtol.is_tensor()) return;
  check_inputs(operation, {&x, &rtol.tensor()});
  check_floating(operation, rtol.tensor());
  if (broadcast_shapes(batch_shape(x), rtol.tensor().shape(), operation) != batch_shape(x))
    fail(ErrorCode::shape_mismatch, operation, "{} and rtol {} do not fit", describe(x), describe(rtol.tensor()));
}

// The error of a decomposition that `operation` is made of, under its name.
template <class F>
auto named(const char* operation, F&& f) {
  try {
    return f();
  } catch (const Error& error) {
    throw Error(error.code(), operation, error.message());
  }
}

}  // namespace

Tensor pinv(const Tensor& x, const Operand& rtol) {
  const Tensor a = wide("pinv", x);
  check_rtol("pinv", x, rtol);
  if (a.numel() == 0) return Tensor::zeros(matrix_transpose(x).shape(), x.dtype(), x.device());
  const SvdResult d = named("pinv", [&] { return svd(a, false); });
  const Tensor right = multiply(matrix_transpose(d.vh), inverted(d.s, a, rtol).unsqueeze(-2));
  return astype(matmul(right, matrix_transpose(d.u)), x.dtype());
}

Tensor matrix_rank(const Tensor& x, const Operand& rtol) {
  const Tensor a = wide("matrix_rank", x);
  check_rtol("matrix_rank", x, rtol);
  return rank_of(named("matrix_rank", [&] { return svdvals(a); }), a, rtol);
}

Tensor matrix_norm(const Tensor& x, bool keepdims, MatrixNorm ord) {
  const Tensor a = wide("matrix_norm", x);
  const auto of_singular_values = [&] { return named("matrix_norm", [&] { return svdvals(a); }); };
  const auto norm = [&] {
    switch (ord) {
      case MatrixNorm::nuc: return sum(of_singular_values(), -1);
      case MatrixNorm::one: return max(sum(abs(a), -2), -1);
      case MatrixNorm::minus_one: return min(sum(abs(a), -2), -1);
      case MatrixNorm::two: return max(of_singular_values(), -1);
      case MatrixNorm::minus_two: return min(of_singular_values(), -1);
      case MatrixNorm::inf: return max(sum(abs(a), -1), -1);
      case MatrixNorm::minus_inf: return min(sum(abs(a), -1), -1);
      case MatrixNorm::fro: break;
    }
    return vector_norm(a, {-2, -1});
  };
  const Tensor out = astype(norm(), x.dtype());
  return keepdims ? out.unsqueeze(-1).unsqueeze(-1) : out;
}

LstsqResult lstsq(const Tensor& a, const Tensor& b, double rtol) {
  check_inputs("lstsq", {&a, &b});
  check_floating("lstsq", b);
  const Tensor left = wide("lstsq", a);
  const bool vector = b.rank() == 1;
  if (b.rank() == 0 || b.shape()[vector ? 0 : b.rank() - 2] != a.shape()[a.rank() - 2])
    fail(ErrorCode::shape_mismatch, "lstsq", "{} and a right-hand side of {} do not fit", describe(a), describe(b));
  const DType dtype = promote_types(a.dtype(), b.dtype()), computed = promote_types(dtype, DType::f32);
  const Tensor x = astype(left, computed), right = astype(vector ? b.unsqueeze(1) : b, computed);
  const SvdResult d = named("lstsq", [&] { return svd(x, false); });
  Tensor solution = matmul(matrix_transpose(d.u), right);
  if (d.s.shape().back() > 0) solution = multiply(solution, inverted(d.s, x, rtol).unsqueeze(-1));
  solution = matmul(matrix_transpose(d.vh), solution);
  const Tensor rest = subtract(matmul(x, solution), right);
  Tensor residuals = vecdot(rest, rest, -2);
  if (vector) {
    solution = solution.squeeze(solution.rank() - 1);
    residuals = residuals.squeeze(residuals.rank() - 1);
  }
  return {astype(solution, dtype), astype(residuals, dtype), rank_of(d.s, x, rtol), astype(d.s, a.dtype())};
}

}  // namespace ingot
