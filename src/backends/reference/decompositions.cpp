// Decompositions in double by the textbook (Golub & Van Loan 2013): LU with partial pivoting (3.4), Cholesky (4.2),
// Householder QR (5.2), Jacobi's methods for eigenvalues (8.5) and singular values (8.6).
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "backends/reference/kernels.h"
#include "backends/reference/matrices.h"
#include "ops/params.h"

namespace ingot::reference {
namespace {

struct Matrix {
  Matrix(std::int64_t m, std::int64_t n) : rows(m), columns(n), values(static_cast<std::size_t>(m * n)) {}
  static Matrix identity(std::int64_t n) {
    Matrix x(n, n);
    for (std::int64_t i = 0; i < n; ++i) x(i, i) = 1;
    return x;
  }
  double& operator()(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(j * rows + i)]; }
  Matrix transposed() {
    Matrix x(columns, rows);
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) x(j, i) = (*this)(i, j);
    return x;
  }
  bool finite() const {
    return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
  }
  std::int64_t rows, columns;
  std::vector<double> values;  // by columns
};

template <class T>
Matrix read(const Matrices<const T>& from, std::int64_t index) {
  Matrix x(from.rows, from.columns);
  from.load(index, x.values.data());
  return x;
}

// Calls f(T{}, index, info) for every matrix of the batch.
template <class F>
void for_matrices(const Call& call, F&& f) {
  const Tensor& info = call.outputs[call.outputs.size() - 1];
  if (info.numel() == 0) return;
  auto* to = info.mutable_data<std::int32_t>();
  visit_lapack(call.inputs[0].dtype(), [&]<class T>(T zero) {
    for (std::int64_t i = 0; i < info.numel(); ++i) to[i] = f(zero, i);
  });
}

// PA = LU in place of a: rows[i] is the row of A that stands at i. Returns 1 + the first column without a pivot, or 0.
int factor(Matrix& a, std::vector<std::int64_t>& rows, double& sign) {
  const std::int64_t n = a.rows;
  rows.resize(static_cast<std::size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  sign = 1;
  int info = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    std::int64_t pivot = k;
    for (std::int64_t i = k + 1; i < n; ++i)
      if (std::fabs(a(i, k)) > std::fabs(a(pivot, k))) pivot = i;
    if (a(pivot, k) == 0) {
      if (info == 0) info = static_cast<int>(k + 1);
      continue;
    }
    if (pivot != k) {
      for (std::int64_t j = 0; j < n; ++j) std::swap(a(k, j), a(pivot, j));
      std::swap(rows[static_cast<std::size_t>(k)], rows[static_cast<std::size_t>(pivot)]);
      sign = -sign;
    }
    for (std::int64_t i = k + 1; i < n; ++i) {
      a(i, k) /= a(k, k);
      for (std::int64_t j = k + 1; j < n; ++j) a(i, j) -= a(i, k) * a(k, j);
    }
  }
  return info;
}

// x ← (I − 2 v vᵀ / vᵀv) x for the rows from `top` on.
void reflect(Matrix& x, const std::vector<double>& v, std::int64_t top) {
  const double squares = std::inner_product(v.begin(), v.end(), v.begin(), 0.0);
  if (squares == 0) return;
  for (std::int64_t j = 0; j < x.columns; ++j) {
    double dot = 0;
    for (std::size_t i = 0; i < v.size(); ++i) dot += v[i] * x(top + static_cast<std::int64_t>(i), j);
    for (std::size_t i = 0; i < v.size(); ++i) x(top + static_cast<std::int64_t>(i), j) -= 2 * dot / squares * v[i];
  }
}

// The whole (m, m) Q; `x` becomes R.
Matrix orthogonalize(Matrix& x) {
  std::vector<std::vector<double>> reflectors;
  for (std::int64_t k = 0; k < std::min(x.rows, x.columns); ++k) {
    std::vector<double> v;
    for (std::int64_t i = k; i < x.rows; ++i) v.push_back(x(i, k));
    const double norm = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
    const bool below = std::any_of(v.begin() + 1, v.end(), [](double value) { return value != 0; });
    if (below)
      v[0] += std::copysign(norm, v[0]);
    else
      v.assign(v.size(), 0);  // already upper triangular here, as LAPACK leaves it
    reflect(x, v, k);
    for (std::int64_t i = k + 1; i < x.rows; ++i) x(i, k) = 0;
    reflectors.push_back(std::move(v));
  }
  Matrix q = Matrix::identity(x.rows);
  for (std::size_t k = reflectors.size(); k-- > 0;) reflect(q, reflectors[k], static_cast<std::int64_t>(k));
  return q;
}

// Columns p and q of x ← x · [c s; −s c].
void rotate(Matrix& x, std::int64_t p, std::int64_t q, double c, double s) {
  for (std::int64_t i = 0; i < x.rows; ++i) {
    const double a = x(i, p), b = x(i, q);
    x(i, p) = c * a - s * b;
    x(i, q) = s * a + c * b;
  }
}

// tan of the smaller angle whose rotation makes an off-diagonal element 0, from θ = (a_qq − a_pp) / (2 a_pq).
double small_tangent(double theta) {
  return std::copysign(1.0, theta) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
}

// Eigenvalues on the diagonal of a, eigenvectors in the columns of v. Quadratic convergence: 30 sweeps are plenty.
void diagonalize(Matrix& a, Matrix& v) {
  const std::int64_t n = a.rows;
  for (int sweep = 0; sweep < 30; ++sweep) {
    bool done = true;
    for (std::int64_t p = 0; p < n; ++p)
      for (std::int64_t q = p + 1; q < n; ++q) {
        if (std::fabs(a(p, q)) <= 1e-300 + 0x1p-60 * std::sqrt(std::fabs(a(p, p))) * std::sqrt(std::fabs(a(q, q))))
          continue;
        done = false;
        const double t = small_tangent((a(q, q) - a(p, p)) / (2 * a(p, q)));
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        rotate(a, p, q, c, s);
        for (std::int64_t j = 0; j < n; ++j) {
          const double x = a(p, j), y = a(q, j);
          a(p, j) = c * x - s * y;
          a(q, j) = s * x + c * y;
        }
        rotate(v, p, q, c, s);
      }
    if (done) return;
  }
}

// Columns of a made orthogonal by rotations from the right, which v collects; rows ≥ columns.
void orthogonalize_columns(Matrix& a, Matrix& v) {
  for (int sweep = 0; sweep < 40; ++sweep) {
    bool done = true;
    for (std::int64_t p = 0; p < a.columns; ++p)
      for (std::int64_t q = p + 1; q < a.columns; ++q) {
        double pp = 0, qq = 0, pq = 0;
        for (std::int64_t i = 0; i < a.rows; ++i) {
          pp += a(i, p) * a(i, p);
          qq += a(i, q) * a(i, q);
          pq += a(i, p) * a(i, q);
        }
        if (std::fabs(pq) <= 0x1p-52 * std::sqrt(pp) * std::sqrt(qq)) continue;
        done = false;
        const double t = small_tangent((qq - pp) / (2 * pq)), c = 1 / std::sqrt(t * t + 1);
        rotate(a, p, q, c, t * c);
        rotate(v, p, q, c, t * c);
      }
    if (done) return;
  }
}

// Indices of `keys` in descending order, equal ones as they come.
std::vector<std::int64_t> descending(const std::vector<double>& keys) {
  std::vector<std::int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const double x = keys[static_cast<std::size_t>(a)], y = keys[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
  });
  return order;
}

struct Singular {
  std::vector<double> s;
  Matrix u, v;  // u (m, m), v (n, n)
};

// For rows ≥ columns.
Singular singular_values(Matrix a) {
  const std::int64_t m = a.rows, n = a.columns;
  double scale = 0;  // squares must neither overflow nor vanish
  for (const double value : a.values) scale = std::max(scale, std::fabs(value));
  if (scale > 0)
    for (double& value : a.values) value /= scale;
  Matrix v = Matrix::identity(n);
  orthogonalize_columns(a, v);
  std::vector<double> norms;
  for (std::int64_t j = 0; j < n; ++j) {
    double squares = 0;
    for (std::int64_t i = 0; i < m; ++i) squares += a(i, j) * a(i, j);
    norms.push_back(std::sqrt(squares));
  }
  const auto order = descending(norms);
  Singular result{{}, Matrix(m, m), Matrix(n, n)};
  // Left vectors of values that are rounding errors are not orthogonal to the others: QR makes them so, and completes.
  Matrix left(m, n);
  for (std::int64_t j = 0; j < n; ++j) {
    const std::int64_t from = order[static_cast<std::size_t>(j)];
    const double norm = norms[static_cast<std::size_t>(from)];
    result.s.push_back(norm * scale);
    for (std::int64_t i = 0; i < m; ++i) left(i, j) = norm > 0 ? a(i, from) / norm : 0;
    for (std::int64_t i = 0; i < n; ++i) result.v(i, j) = v(i, from);
  }
  result.u = orthogonalize(left);
  for (std::int64_t j = 0; j < n; ++j)
    if (left(j, j) < 0)
      for (std::int64_t i = 0; i < m; ++i) result.u(i, j) = -result.u(i, j);
  return result;
}

}  // namespace

void solve_kernel(const Call& call) {
  for_matrices(call, [&]<class T>(T, std::int64_t index) {
    Matrix a = read(Matrices<const T>(call.inputs[0]), index), b = read(Matrices<const T>(call.inputs[1]), index);
    Matrix x(b.rows, b.columns);
    std::vector<std::int64_t> rows;
    double sign;
    if (const int info = factor(a, rows, sign)) return info;
    for (std::int64_t c = 0; c < b.columns; ++c) {
      for (std::int64_t i = 0; i < a.rows; ++i) {
        x(i, c) = b(rows[static_cast<std::size_t>(i)], c);
        for (std::int64_t j = 0; j < i; ++j) x(i, c) -= a(i, j) * x(j, c);
      }
      for (std::int64_t i = a.rows; i-- > 0;) {
        for (std::int64_t j = i + 1; j < a.rows; ++j) x(i, c) -= a(i, j) * x(j, c);
        x(i, c) /= a(i, i);
      }
    }
    Matrices<T>(call.outputs[0]).store(index, x.values.data(), x.rows);
    return 0;
  });
}

void determinant_kernel(const Call& call) {
  for_matrices(call, [&]<class T>(T, std::int64_t index) {
    Matrix a = read(Matrices<const T>(call.inputs[0]), index);
    std::vector<std::int64_t> rows;
    double sign, logarithm = 0;
    const bool singular = factor(a, rows, sign) > 0;
    double product = sign;
    for (std::int64_t i = 0; i < a.rows; ++i) {
      product *= a(i, i);
      logarithm += std::log(std::fabs(a(i, i)));
      sign *= a(i, i) != a(i, i) ? a(i, i) : std::copysign(1.0, a(i, i));
    }
    call.outputs[0].mutable_data<T>()[index] = static_cast<T>(singular ? 0 : product);
    call.outputs[1].mutable_data<T>()[index] = static_cast<T>(singular ? 0 : sign);
    call.outputs[2].mutable_data<T>()[index] =
        static_cast<T>(singular ? -std::numeric_limits<double>::infinity() : logarithm);
    return 0;
  });
}

void cholesky_kernel(const Call& call) {
  const bool upper = call.params.as<CholeskyParams>().upper;
  for_matrices(call, [&]<class T>(T, std::int64_t index) {
    Matrix a = read(Matrices<const T>(call.inputs[0]), index);
    if (upper) a = a.transposed();
    for (std::int64_t j = 0; j < a.rows; ++j) {
      for (std::int64_t k = 0; k < j; ++k)
        for (std::int64_t i = j; i < a.rows; ++i) a(i, j) -= a(i, k) * a(j, k);
      if (!(a(j, j) > 0)) return static_cast<int>(j + 1);
      const double root = std::sqrt(a(j, j));
      for (std::int64_t i = j; i < a.rows; ++i) a(i, j) /= root;
      for (std::int64_t i = 0; i < j; ++i) a(i, j) = 0;
    }
    if (upper) a = a.transposed();
    Matrices<T>(call.outputs[0]).store(index, a.values.data(), a.rows);
    return 0;
  });
}

void qr_kernel(const Call& call) {
  for_matrices(call, [&]<class T>(T, std::int64_t index) {
    Matrix r = read(Matrices<const T>(call.inputs[0]), index);
    const Matrix q = orthogonalize(r);
    Matrices<T>(call.outputs[0]).store(index, q.values.data(), q.rows);
    Matrices<T>(call.outputs[1]).store(index, r.values.data(), r.rows);
    return 0;
  });
}

void svd_kernel(const Call& call) {
  const bool vectors = call.params.as<VectorsParams>().vectors;
  for_matrices(call, [&]<class T>(T, std::int64_t index) {
    Matrix a = read(Matrices<const T>(call.inputs[0]), index);
    if (!a.finite()) return -1;
    const bool wide = a.rows < a.columns;
    Singular found = singular_values(wide ? a.transposed() : a);
    const auto k = static_cast<std::int64_t>(found.s.size());
    for (std::int64_t i = 0; i < k; ++i)
      call.outputs[0].mutable_data<T>()[index * k + i] = static_cast<T>(found.s[static_cast<std::size_t>(i)]);
    if (!vectors) return 0;
    const Matrix u = wide ? found.v : found.u, vh = (wide ? found.u : found.v).transposed();
    Matrices<T>(call.outputs[1]).store(index, u.values.data(), u.rows);
    Matrices<T>(call.outputs[2]).store(index, vh.values.data(), vh.rows);
    return 0;
  });
}

void eigh_kernel(const Call& call) {
  const bool vectors = call.params.as<VectorsParams>().vectors;
  for_matrices(call, [&]<class T>(T, std::int64_t index) {
    Matrix a = read(Matrices<const T>(call.inputs[0]), index);
    const std::int64_t n = a.rows;
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = i + 1; j < n; ++j) a(i, j) = a(j, i);
    if (!a.finite()) return -1;
    Matrix v = Matrix::identity(n), sorted(n, n);
    diagonalize(a, v);
    std::vector<double> keys;
    for (std::int64_t i = 0; i < n; ++i) keys.push_back(-a(i, i));
    const auto order = descending(keys);
    for (std::int64_t j = 0; j < n; ++j) {
      const std::int64_t from = order[static_cast<std::size_t>(j)];
      call.outputs[0].mutable_data<T>()[index * n + j] = static_cast<T>(a(from, from));
      for (std::int64_t i = 0; i < n; ++i) sorted(i, j) = v(i, from);
    }
    if (vectors) Matrices<T>(call.outputs[1]).store(index, sorted.values.data(), n);
    return 0;
  });
}

}  // namespace ingot::reference
