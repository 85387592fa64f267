// Decompositions are held against what they promise: products give the matrix back, factors are orthogonal or
// triangular. u is the unit roundoff of the dtype; sums here are in double. Limits, from Higham, Accuracy and Stability
// of Numerical Algorithms, 2002:
//   Householder and what LAPACK builds from it (19.4): ‖ΔA‖ ≤ γ̃_{mn} ‖A‖, γ̃_{mn} = c·m·n·u, in the Frobenius norm; c, a
//   "small integer constant", is 8 here. The same for ‖QᵀQ − I‖ with ‖I‖ in place of ‖A‖.
//   LU (9.3): |ΔA| ≤ γ_{3n} |L||U|, whose elements are at most n·ρ·max|a|; the growth ρ of random matrices is about n^⅔
//   (Trefethen & Schreiber 1990).
//   Cholesky (10.3): |ΔA|ᵢⱼ ≤ γ_{n+1} √(aᵢᵢ aⱼⱼ).
#pragma once

#include <gtest/gtest.h>

#include <numeric>

#include "support/cases.h"

namespace ingot::testing {

struct Dense {
  Dense(std::int64_t m, std::int64_t n) : rows(m), columns(n), values(static_cast<std::size_t>(m * n)) {}
  double& operator()(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i * columns + j)]; }
  double operator()(std::int64_t i, std::int64_t j) const { return values[static_cast<std::size_t>(i * columns + j)]; }
  double norm() const { return std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0)); }
  double largest() const {
    double most = 0;
    for (const double value : values) most = std::max(most, std::fabs(value));
    return most;
  }
  std::int64_t rows, columns;
  std::vector<double> values;
};

inline Dense operator*(const Dense& a, const Dense& b) {
  Dense c(a.rows, b.columns);
  for (std::int64_t i = 0; i < a.rows; ++i)
    for (std::int64_t k = 0; k < a.columns; ++k)
      for (std::int64_t j = 0; j < b.columns; ++j) c(i, j) += a(i, k) * b(k, j);
  return c;
}
inline Dense operator-(Dense a, const Dense& b) {
  for (std::size_t i = 0; i < a.values.size(); ++i) a.values[i] -= b.values[i];
  return a;
}
inline Dense transposed(const Dense& a) {
  Dense c(a.columns, a.rows);
  for (std::int64_t i = 0; i < a.rows; ++i)
    for (std::int64_t j = 0; j < a.columns; ++j) c(j, i) = a(i, j);
  return c;
}
inline Dense unit(std::int64_t n) {
  Dense c(n, n);
  for (std::int64_t i = 0; i < n; ++i) c(i, i) = 1;
  return c;
}

/// The matrices of a batch, or of vectors as columns.
inline std::vector<Dense> dense(const Tensor& x, bool vectors = false) {
  const std::int64_t columns = vectors ? 1 : x.shape().back(), rows = x.shape()[x.rank() - (vectors ? 1 : 2)];
  std::int64_t count = 1;
  for (int axis = 0; axis < x.rank() - (vectors ? 1 : 2); ++axis) count *= x.shape()[axis];
  const std::vector<double> all = doubles(x);
  std::vector<Dense> list(static_cast<std::size_t>(count), Dense(rows, columns));
  for (std::size_t i = 0; i < list.size(); ++i)
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(i) * rows * columns, rows * columns, list[i].values.begin());
  return list;
}

/// c·m·n·u of the comment above.
inline double backward_error(DType dtype, std::int64_t m, std::int64_t n) {
  return 8 * static_cast<double>(m * n) * epsilon(dtype) / 2;
}

inline void expect_orthogonal_columns(const Dense& q, DType dtype, double limit, const std::string& what) {
  EXPECT_LE((transposed(q) * q - unit(q.columns)).norm(), limit * std::sqrt(static_cast<double>(q.columns)))
      << what << ": not orthogonal, " << to_string(dtype);
}

/// f(column) → tensors, in both columns; those of cpu the same bits for any number of threads.
template <class F, class Check>
void in_both_columns(F&& f, Check&& check) {
  for (const Column column : {Column::reference, Column::cpu}) {
    const ScopedColumn scope(column);
    set_num_threads(1);
    const std::vector<Tensor> found = f();
    check(found, std::string(" in ") + std::string(to_string(column)));
    for (const int threads : more_threads) {
      if (column == Column::reference) break;
      set_num_threads(threads);
      const std::vector<Tensor> again = f();
      for (std::size_t i = 0; i < found.size(); ++i)
        EXPECT_TRUE(found[i].nbytes() == 0 || std::memcmp(found[i].bytes(), again[i].bytes(), found[i].nbytes()) == 0)
            << "result " << i << " differs with " << threads << " threads";
    }
  }
}

/// f(x, random, what) for dtypes, patterns and shapes, of which some batches are large enough to be shared out.
template <class F>
void for_matrices(std::initializer_list<Shape> shapes, F&& f) {
  Random random(31);
  for (const DType dtype : {DType::f32, DType::f64})
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : shapes) {
        const Tensor x = make_tensor(random, shape, dtype, pattern);
        f(x, random, describe(x) + " " + to_string(pattern));
      }
}

}  // namespace ingot::testing
