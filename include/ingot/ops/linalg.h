// Linear algebra: products, and what LAPACK computes.
//
// Matrices are the last two axes, (…, m, n); all axes before them are a batch, which broadcasts where there are two
// operands. Decompositions take f16, bf16, f32 and f64; f16 and bf16 are computed in f32 and returned in their dtype.
// They throw invalid_argument, naming the matrix of the batch, where LAPACK finds no result.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "ingot/ops/operand.h"

namespace [[gnu::visibility("default")]] ingot {

// Products. Operands are promoted; f16 and bf16 sum in f32; products of two i8 sum in i32, which is their result's
// dtype; other integers wrap; bool is any(a and b).

/// (…, m, k) × (…, k, n) → (…, m, n) with broadcast batches; vectors as in NumPy.
Tensor matmul(const Tensor& a, const Tensor& b);
/// Σ a·b along `axis`, which both have; the other axes broadcast. The array API's.
Tensor vecdot(const Tensor& a, const Tensor& b, int axis = -1);
/// NumPy's: the product of numbers, Σ over the last axis of a and the last but one (of a vector the only) of b.
Tensor dot(const Tensor& a, const Tensor& b);
/// (n), (m) → (n, m): a[i]·b[j], in the promoted dtype.
Tensor outer(const Tensor& a, const Tensor& b);
/// Σ over the last `axes` axes of a and the first of b → the other axes of a, then those of b.
Tensor tensordot(const Tensor& a, const Tensor& b, int axes = 2);
/// Σ over pairs of axes, axes_a[i] with axes_b[i].
Tensor tensordot(const Tensor& a, const Tensor& b, std::span<const int> axes_a, std::span<const int> axes_b);
/// NumPy's: "bij,bjk->bik", "ii", "...i,i". Letters repeated in one operand take its diagonal; without "->" the result
/// has the letters that occur once, sorted, after the ellipsis. Operands are contracted from left to right.
Tensor einsum(std::string_view subscripts, std::span<const Tensor> operands);
/// (…, 3), (…, 3) → (…, 3) along `axis` (negative: counted from the end of the broadcast shape).
Tensor cross(const Tensor& a, const Tensor& b, int axis = -1);
/// x multiplied with itself n times; the identity for 0; powers of the inverse for n < 0.
Tensor matrix_power(const Tensor& x, std::int64_t n);

// Parts of matrices.

/// The elements [i, i + offset] (offset < 0: [i − offset, i]) of two axes, as the last axis of a view.
Tensor diagonal(const Tensor& x, std::int64_t offset = 0, int axis1 = -2, int axis2 = -1);
/// Σ of the diagonal. Integers sum in i64, unsigned ones in u64, unless `dtype` says otherwise.
Tensor trace(const Tensor& x, std::int64_t offset = 0, std::optional<DType> dtype = {}, int axis1 = -2, int axis2 = -1);

// Systems of equations: LU with partial pivoting.

/// x with a·x = b for a (…, n, n) and b (…, n, k), or (n) for one right-hand side. Throws where a is singular.
Tensor solve(const Tensor& a, const Tensor& b);
/// The inverse. Throws where x is singular.
Tensor inv(const Tensor& x);
/// The determinant; it may overflow where slogdet does not.
Tensor det(const Tensor& x);

struct SlogdetResult {
  Tensor sign, logabsdet;  // −1, 0 or 1; −∞ where the sign is 0
};
/// sign · exp(logabsdet) is the determinant.
SlogdetResult slogdet(const Tensor& x);

/// L with L·Lᵀ = x, or for `upper` U with Uᵀ·U = x; only that triangle of x is read. Throws where x is not positive
/// definite.
Tensor cholesky(const Tensor& x, bool upper = false);

// Orthogonal decompositions.

enum class QrMode : std::uint8_t { reduced, complete };
struct QrResult {
  Tensor q, r;  // (…, m, k) and (…, k, n): k = min(m, n), for `complete` m
};
/// Orthonormal columns times an upper triangle (Householder).
QrResult qr(const Tensor& x, QrMode mode = QrMode::reduced);

struct SvdResult {
  Tensor u, s, vh;  // (…, m, m), (…, k), (…, n, n); unless full_matrices (…, m, k) and (…, k, n); k = min(m, n)
};
/// u · diag(s) · vh = x, s descending. Throws for NaN, infinity, and where it does not converge.
SvdResult svd(const Tensor& x, bool full_matrices = true);
/// The singular values, descending.
Tensor svdvals(const Tensor& x);

struct EighResult {
  Tensor eigenvalues, eigenvectors;  // (…, n) ascending; (…, n, n), one column each
};
/// Eigenvalues and orthonormal eigenvectors of symmetric matrices, of which the lower triangle is read. Throws for NaN,
/// infinity, and where it does not converge.
EighResult eigh(const Tensor& x);
Tensor eigvalsh(const Tensor& x);

// What singular values tell. `rtol` (−1: max(m, n)·ε of the dtype computed in) times the largest is the cutoff:
// values up to it count as 0.

/// Moore–Penrose inverse, (…, n, m).
Tensor pinv(const Tensor& x, const Operand& rtol = -1);
/// Singular values above the cutoff: i64.
Tensor matrix_rank(const Tensor& x, const Operand& rtol = -1);

/// The Frobenius norm; the sum (nuc), largest (two) or smallest (minus_two) singular value; the largest or smallest sum
/// of magnitudes of a column (one, minus_one) or a row (inf, minus_inf).
enum class MatrixNorm : std::uint8_t { fro, nuc, one, minus_one, two, minus_two, inf, minus_inf };
/// A norm of each matrix, (…), or (…, 1, 1) with `keepdims`. Throws as svd, and for the largest of nothing.
Tensor matrix_norm(const Tensor& x, bool keepdims = false, MatrixNorm ord = MatrixNorm::fro);

struct LstsqResult {
  Tensor solution;         // (…, n, k), or (n) for a vector b: of the shortest that minimise ‖a·x − b‖
  Tensor residuals;        // (…, k): ‖a·x − b‖² of each column
  Tensor rank;             // (…): i64
  Tensor singular_values;  // (…, min(m, n))
};
/// Least squares for a (…, m, n) and b (…, m, k) or (m), through the singular values of a.
LstsqResult lstsq(const Tensor& a, const Tensor& b, double rtol = -1);

}  // namespace ingot
