// Linear algebra: what LAPACK computes.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"
#include "results.h"

namespace ingot::python {
namespace {

// 'fro', 'nuc', 1, −1, 2, −2, ∞ or −∞.
MatrixNorm to_norm(const nb::object& ord) {
  std::string_view name;
  if (nb::try_cast(ord, name)) {
    if (name == "fro") return MatrixNorm::fro;
    if (name == "nuc") return MatrixNorm::nuc;
  }
  double number = 0;
  if (nb::try_cast(ord, number)) {
    if (number == 1) return MatrixNorm::one;
    if (number == -1) return MatrixNorm::minus_one;
    if (number == 2) return MatrixNorm::two;
    if (number == -2) return MatrixNorm::minus_two;
    if (std::isinf(number)) return number > 0 ? MatrixNorm::inf : MatrixNorm::minus_inf;
  }
  throw Error(ErrorCode::invalid_argument, "matrix_norm",
              std::string("ord is 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, found ") + nb::repr(ord).c_str());
}

Tensor with_rtol(Tensor (*function)(const Tensor&, const Operand&), const Tensor& x, nb::handle rtol) {
  HeldOperand held;
  if (!rtol.is_none()) to_operand(rtol, held);
  return released([&] { return function(x, rtol.is_none() ? Operand(-1) : held.operand); });
}

nb::object factored(const Tensor& x, std::string_view mode) {
  if (mode != "reduced" && mode != "complete")
    throw Error(ErrorCode::invalid_argument, "qr",
                "mode is 'reduced' or 'complete', found '" + std::string(mode) + "'");
  const QrResult r = released([&] { return qr(x, mode == "complete" ? QrMode::complete : QrMode::reduced); });
  return named("QRResult", r.q, r.r);
}

}  // namespace

void bind_decompositions(nb::module_& m) {
  m.def("solve", without_gil(&solve), nb::arg(), nb::arg(), nb::sig("def solve(x1: Tensor, x2: Tensor, /) -> Tensor"),
        R"(x with x1·x = x2 for x1 (…, n, n) and x2 (…, n, k), or (n) for one right-hand side; batches broadcast.

Floating dtypes; float16 and bfloat16 are computed in float32. Raises ValueError where x1 is singular, naming the matrix,
or the shapes do not fit; TypeError for other dtypes.

>>> import ingot
>>> ingot.solve(ingot.asarray([[2.0, 0.0], [0.0, 4.0]]), ingot.asarray([2.0, 2.0])).tolist()
[1.0, 0.5]
)");
  m.def("inv", without_gil(&inv), nb::arg(), nb::sig("def inv(x: Tensor, /) -> Tensor"),
        R"(The inverse of matrices (…, n, n).

Floating dtypes; float16 and bfloat16 are computed in float32. Raises ValueError where x is singular, naming the matrix;
TypeError for other dtypes.

>>> import ingot
>>> ingot.inv(ingot.asarray([[2.0, 0.0], [0.0, 4.0]])).tolist()
[[0.5, 0.0], [0.0, 0.25]]
)");
  m.def("det", without_gil(&det), nb::arg(), nb::sig("def det(x: Tensor, /) -> Tensor"),
        R"(The determinant of matrices (…, n, n) → (…). It may overflow where slogdet does not.

Floating dtypes; float16 and bfloat16 are computed in float32. Raises ValueError for other shapes, TypeError for other
dtypes.

>>> import ingot
>>> ingot.det(ingot.asarray([[2.0, 0.0], [0.0, 4.0]])).item()
8.0
)");
  m.def(
      "slogdet",
      [](const Tensor& x) {
        const SlogdetResult r = released([&] { return slogdet(x); });
        return named("SlogdetResult", r.sign, r.logabsdet);
      },
      nb::arg(), nb::sig("def slogdet(x: Tensor, /) -> ingot._results.SlogdetResult"),
      R"((sign, logabsdet) of matrices (…, n, n): their determinant is sign · exp(logabsdet); 0 and −∞ where singular.

Raises as det does.

>>> import ingot
>>> sign, logabsdet = ingot.slogdet(ingot.asarray([[0.0, 1.0], [1.0, 0.0]]))
>>> sign.item(), logabsdet.item()
(-1.0, 0.0)
)");
  m.def("cholesky", without_gil(&cholesky), nb::arg(), nb::kw_only(), "upper"_a = false,
        nb::sig("def cholesky(x: Tensor, /, *, upper: bool = False) -> Tensor"),
        R"(L with L·Lᵀ = x for positive definite matrices (…, n, n), or `upper` U with Uᵀ·U = x.

Only that triangle of x is read. Floating dtypes; float16 and bfloat16 are computed in float32. Raises ValueError where x
is not positive definite, naming the matrix; TypeError for other dtypes.

>>> import ingot
>>> ingot.cholesky(ingot.asarray([[4.0, 2.0], [2.0, 2.0]])).tolist()
[[2.0, 0.0], [1.0, 1.0]]
)");
  m.def("qr", &factored, nb::arg(), nb::kw_only(), "mode"_a = "reduced",
        nb::sig("def qr(x: Tensor, /, *, mode: str = 'reduced') -> ingot._results.QRResult"),
        R"((Q, R): orthonormal columns (…, m, k) times an upper triangle (…, k, n) that give x (…, m, n).

k is min(m, n), or for mode 'complete' m. Floating dtypes; float16 and bfloat16 are computed in float32. Raises ValueError
for another mode or fewer than two axes, TypeError for other dtypes.

>>> import ingot
>>> q, r = ingot.qr(ingot.asarray([[3.0], [4.0]]))
>>> [round(row[0], 6) for row in (q @ r).tolist()]
[3.0, 4.0]
)");
  m.def(
      "svd",
      [](const Tensor& x, bool full_matrices) {
        const SvdResult r = released([&] { return svd(x, full_matrices); });
        return named("SVDResult", r.u, r.s, r.vh);
      },
      nb::arg(), nb::kw_only(), "full_matrices"_a = true,
      nb::sig("def svd(x: Tensor, /, *, full_matrices: bool = True) -> ingot._results.SVDResult"),
      R"((U, S, Vh) with U · diag(S) · Vh = x (…, m, n), S (…, k) descending, k = min(m, n).

U (…, m, m) and Vh (…, n, n), unless `full_matrices` (…, m, k) and (…, k, n). Floating dtypes; float16 and bfloat16 are
computed in float32. Raises ValueError for NaN and infinity and where it does not converge, naming the matrix; TypeError
for other dtypes.

>>> import ingot
>>> [round(s, 6) for s in ingot.svd(ingot.asarray([[0.0, 2.0], [3.0, 0.0]])).S.tolist()]
[3.0, 2.0]
)");
  m.def("svdvals", without_gil(&svdvals), nb::arg(), nb::sig("def svdvals(x: Tensor, /) -> Tensor"),
        R"(The singular values of matrices (…, m, n) → (…, min(m, n)), descending.

Raises as svd does.

>>> import ingot
>>> [round(s, 6) for s in ingot.svdvals(ingot.asarray([[0.0, 2.0], [3.0, 0.0]])).tolist()]
[3.0, 2.0]
)");
  m.def(
      "eigh",
      [](const Tensor& x) {
        const EighResult r = released([&] { return eigh(x); });
        return named("EighResult", r.eigenvalues, r.eigenvectors);
      },
      nb::arg(), nb::sig("def eigh(x: Tensor, /) -> ingot._results.EighResult"),
      R"((eigenvalues, eigenvectors) of symmetric matrices (…, n, n): ascending (…, n), and one column each (…, n, n).

The lower triangle is read. Floating dtypes; float16 and bfloat16 are computed in float32. Raises as svd does.

>>> import ingot
>>> [round(w, 6) for w in ingot.eigh(ingot.asarray([[2.0, 1.0], [1.0, 2.0]])).eigenvalues.tolist()]
[1.0, 3.0]
)");
  m.def("eigvalsh", without_gil(&eigvalsh), nb::arg(), nb::sig("def eigvalsh(x: Tensor, /) -> Tensor"),
        R"(The eigenvalues of symmetric matrices (…, n, n) → (…, n), ascending; the lower triangle is read.

Raises as svd does.

>>> import ingot
>>> [round(w, 6) for w in ingot.eigvalsh(ingot.asarray([[2.0, 1.0], [1.0, 2.0]])).tolist()]
[1.0, 3.0]
)");
  m.def(
      "pinv", [](const Tensor& x, nb::handle rtol) { return with_rtol(&pinv, x, rtol); }, nb::arg(), nb::kw_only(),
      "rtol"_a = nb::none(), nb::sig("def pinv(x: Tensor, /, *, rtol: ingot._typing.Operand | None = None) -> Tensor"),
      R"(The Moore–Penrose inverse of matrices (…, m, n) → (…, n, m).

Singular values up to `rtol` (max(m, n)·ε of the dtype computed in, unless told; a number, or a tensor of floats that
broadcasts to the batch (…)) times the largest count as 0. Raises as svd does.

>>> import ingot
>>> [round(value, 6) for value in ingot.pinv(ingot.asarray([[2.0], [0.0]])).tolist()[0]]
[0.5, 0.0]
)");
  m.def(
      "matrix_rank", [](const Tensor& x, nb::handle rtol) { return with_rtol(&matrix_rank, x, rtol); }, nb::arg(),
      nb::kw_only(), "rtol"_a = nb::none(),
      nb::sig("def matrix_rank(x: Tensor, /, *, rtol: ingot._typing.Operand | None = None) -> Tensor"),
      R"(How many singular values of matrices (…, m, n) pass `rtol` times the largest → (…), int64; `rtol` as for pinv.

Raises as svd does.

>>> import ingot
>>> ingot.matrix_rank(ingot.asarray([[1.0, 2.0], [2.0, 4.0]])).item()
1
)");
  m.def(
      "matrix_norm",
      [](const Tensor& x, bool keepdims, const nb::object& ord) {
        const MatrixNorm norm = to_norm(ord);
        return released([&] { return matrix_norm(x, keepdims, norm); });
      },
      nb::arg(), nb::kw_only(), "keepdims"_a = false, "ord"_a = "fro",
      nb::sig("def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: object = 'fro') -> Tensor"),
      R"(A norm of matrices (…, m, n) → (…), or (…, 1, 1) with `keepdims`.

`ord`: 'fro', 'nuc' (the sum of the singular values), 2 and -2 (the largest and smallest), 1 and -1 (the largest and
smallest sum of magnitudes of a column), inf and -inf (of a row). Raises ValueError for another, and as svd does.

>>> import ingot
>>> ingot.matrix_norm(ingot.asarray([[3.0, 4.0], [0.0, 0.0]])).item()
5.0
)");
  m.def(
      "lstsq",
      [](const Tensor& a, const Tensor& b, std::optional<double> rtol) {
        const LstsqResult r = released([&] { return lstsq(a, b, rtol.value_or(-1)); });
        return named("LstsqResult", r.solution, r.residuals, r.rank, r.singular_values);
      },
      "a"_a, "b"_a, nb::kw_only(), "rtol"_a = nb::none(),
      nb::sig("def lstsq(a: Tensor, b: Tensor, *, rtol: float | None = None) -> ingot._results.LstsqResult"),
      R"((solution, residuals, rank, singular_values): the shortest x that minimises ‖a·x − b‖.

a (…, m, n) and b (…, m, k) or (m); the solution is (…, n, k) or (n), `residuals` ‖a·x − b‖² of each column, `rtol` as
for pinv. Raises as svd does.

>>> import ingot
>>> [round(x, 6) for x in ingot.lstsq(ingot.asarray([[1.0], [1.0]]), ingot.asarray([1.0, 3.0])).solution.tolist()]
[2.0]
)");
}

}  // namespace ingot::python
