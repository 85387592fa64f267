// Decompositions of matrices.
#include "support/decomposition_cases.h"
#include "unit/ops_table/table.h"

namespace ingot::testing {

void solve_table() {
  for_matrices({{1, 1}, {0, 0}, {7, 7}, {2, 3, 5, 5}, {0, 3, 3}, {40, 40}, {5, 33, 33}},
               [](const Tensor& a, Random& random, const std::string& what) {
                 if (what.find("stretched") != std::string::npos && a.shape()[a.rank() - 2] > 1 && a.rank() == 2)
                   return;  // equal rows: singular
                 const std::int64_t n = a.shape().back();
                 const Tensor b = make_tensor(random, Shape{n, 3}, a.dtype(), Pattern::transposed);
                 in_both_columns([&] { return std::vector{solve(a, b)}; },
                                 [&](const std::vector<Tensor>& found, const std::string& column) {
                                   const auto as = dense(a), xs = dense(found[0]);
                                   const Dense right = dense(b)[0];
                                   for (std::size_t i = 0; i < as.size(); ++i) {
                                     const Dense rest = as[i] * xs[i] - right;
                                     const double u = epsilon(a.dtype()) / 2, size = static_cast<double>(n);
                                     for (std::int64_t c = 0; c < 3; ++c) {
                                       double length = 0, worst = 0;
                                       for (std::int64_t k = 0; k < n; ++k) {
                                         length += std::fabs(xs[i](k, c));
                                         worst = std::max(worst, std::fabs(rest(k, c)));
                                       }
                                       const double most = as[i].largest() * length;
                                       EXPECT_LE(worst, 3 * size * u * size * std::pow(size, 2.0 / 3) * most +
                                                            (size + 1) * 0x1p-53 * (most + right.largest()))
                                           << what << column;
                                     }
                                   }
                                 });
               });
}

// Rows dominated by their diagonal, |aᵢᵢ| ≥ 2 Σ|aᵢⱼ|: ‖A⁻¹‖ ≤ 2/|aᵢᵢ| and ‖|L||U|‖ ≤ 2n‖A‖ (Higham 9.9), so that
// |Δdet/det| ≤ n‖A⁻¹‖‖ΔA‖ ≤ n · γ_{3n} · 2n · 3. The oracle expands by permutations.
void determinant_table() {
  Random random(32);
  for (const DType dtype : {DType::f32, DType::f64})
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : {Shape{0, 0}, Shape{1, 1}, Shape{2, 2}, Shape{5, 5}, Shape{3, 2, 4, 4}, Shape{0, 2, 2},
                                 Shape{13, 13}, Shape{1000, 3, 3}}) {
        const std::int64_t n = shape.back();
        const double weight = 12 * static_cast<double>(n);  // |normal| < 6
        const Tensor noise = make_tensor(random, shape, dtype, pattern);
        Tensor x = add(noise, 0);
        for (std::int64_t i = 0; i < n; ++i) {
          const Tensor at = x.select(-1, (i + 1) % n).select(-1, i);  // a permuted diagonal
          copy_(at, add(at, random.below(2) ? weight : -weight));
        }
        const std::string what = describe(x) + " " + to_string(pattern);
        Tensor first;
        in_both_columns(
            [&] {
              const SlogdetResult r = slogdet(x);
              return std::vector{det(x), r.sign, r.logabsdet};
            },
            [&](const std::vector<Tensor>& found, const std::string& column) {
              const auto d = doubles(found[0]), sign = doubles(found[1]), logarithm = doubles(found[2]);
              const auto xs = dense(x);
              const double size = static_cast<double>(n), limit = 18 * size * size * size * epsilon(dtype) / 2;
              if (!first.defined()) first = found[0];
              const auto earlier = doubles(first);
              for (std::size_t i = 0; i < xs.size(); ++i) {
                double expected = earlier[i];  // of the reference, where there are too many permutations
                if (n <= 5) {
                  expected = 0;
                  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
                  std::iota(order.begin(), order.end(), 0);
                  do {
                    double term = 1;
                    for (std::size_t k = 0; k < order.size(); ++k) {
                      term *= xs[i](static_cast<std::int64_t>(k), order[k]);
                      for (std::size_t l = 0; l < k; ++l)
                        if (order[l] > order[k]) term = -term;
                    }
                    expected += term;
                  } while (std::next_permutation(order.begin(), order.end()));
                }
                EXPECT_NEAR(d[i], expected, (limit + 200 * 0x1p-53) * std::fabs(expected)) << what << column;
                EXPECT_EQ(sign[i], expected < 0 ? -1 : 1) << what << column;
                const double exact = std::log(std::fabs(expected));
                EXPECT_NEAR(logarithm[i], exact, limit + (size + 2) * epsilon(dtype) * std::fabs(exact))
                    << what << column;
              }
            });
      }
}

void cholesky_table() {
  for_matrices({{0, 0}, {1, 1}, {7, 7}, {2, 3, 5, 5}, {40, 40}, {5, 33, 33}}, [](const Tensor& g, Random&,
                                                                                 const std::string& what) {
    const std::int64_t n = g.shape().back();
    const Tensor whole = matmul(g, matrix_transpose(g));  // rounded: a diagonal keeps it definite
    copy_(diagonal(whole), add(diagonal(whole), 1));
    for (const bool upper : {false, true}) {
      const Tensor x = add(whole, 0);  // the other triangle must not be read
      for (std::int64_t i = 1; i <= n; ++i) copy_(diagonal(x, upper ? -i : i), Tensor::full(Shape{}, NAN, x.dtype()));
      in_both_columns([&] { return std::vector{cholesky(x, upper)}; },
                      [&](const std::vector<Tensor>& found, const std::string& column) {
                        const auto xs = dense(x), ls = dense(found[0]);
                        for (std::size_t i = 0; i < xs.size(); ++i) {
                          const Dense back = upper ? transposed(ls[i]) * ls[i] : ls[i] * transposed(ls[i]);
                          for (std::int64_t r = 0; r < n; ++r)
                            for (std::int64_t c = 0; c < n; ++c) {
                              const double size = std::sqrt(xs[i](r, r) * xs[i](c, c));
                              EXPECT_LE(std::fabs(back(r, c) - (upper == (r <= c) ? xs[i](r, c) : xs[i](c, r))),
                                        static_cast<double>(n + 3) * epsilon(x.dtype()) * size)
                                  << what << column;
                              if (upper ? r > c : r < c) {
                                EXPECT_EQ(ls[i](r, c), 0) << what << column;
                              }
                            }
                        }
                      });
    }
  });
}

void qr_table() {
  for_matrices({{1, 1}, {0, 3}, {3, 0}, {7, 13}, {13, 7}, {2, 3, 6, 4}, {40, 33}, {5, 35, 33}},
               [](const Tensor& x, Random&, const std::string& what) {
                 const std::int64_t m = x.shape()[x.rank() - 2], n = x.shape().back();
                 for (const QrMode mode : {QrMode::reduced, QrMode::complete})
                   in_both_columns(
                       [&] {
                         const QrResult r = qr(x, mode);
                         return std::vector{r.q, r.r};
                       },
                       [&](const std::vector<Tensor>& found, const std::string& column) {
                         const double limit = backward_error(x.dtype(), m, std::max<std::int64_t>(n, 1));
                         const auto xs = dense(x), qs = dense(found[0]), rs = dense(found[1]);
                         for (std::size_t i = 0; i < xs.size(); ++i) {
                           EXPECT_EQ(qs[i].columns, mode == QrMode::complete ? m : std::min(m, n));
                           EXPECT_LE((qs[i] * rs[i] - xs[i]).norm(), limit * xs[i].norm()) << what << column;
                           expect_orthogonal_columns(qs[i], x.dtype(), limit, what + column);
                           for (std::int64_t r = 0; r < rs[i].rows; ++r)
                             for (std::int64_t c = 0; c < std::min(r, n); ++c)
                               EXPECT_EQ(rs[i](r, c), 0) << what << column;
                         }
                       });
               });
}

void svd_table() {
  for_matrices({{1, 1}, {0, 3}, {3, 0}, {7, 13}, {13, 7}, {2, 3, 6, 4}, {40, 33}, {5, 35, 33}},
               [](const Tensor& x, Random&, const std::string& what) {
                 const std::int64_t m = x.shape()[x.rank() - 2], n = x.shape().back(), k = std::min(m, n);
                 std::vector<Dense> first;
                 for (const bool full : {false, true})
                   in_both_columns(
                       [&] {
                         const SvdResult r = svd(x, full);
                         return std::vector{r.u, r.s, r.vh, svdvals(x)};
                       },
                       [&](const std::vector<Tensor>& found, const std::string& column) {
                         const double limit =
                             backward_error(x.dtype(), std::max<std::int64_t>(m, 1), std::max<std::int64_t>(n, 1));
                         const auto xs = dense(x), us = dense(found[0]), ss = dense(found[1], true),
                                    vs = dense(found[2]), alone = dense(found[3], true);
                         if (first.empty()) first = ss;
                         for (std::size_t i = 0; i < xs.size(); ++i) {
                           const double size = xs[i].norm();
                           EXPECT_EQ(us[i].columns, full ? m : k);
                           EXPECT_EQ(vs[i].rows, full ? n : k);
                           Dense back(m, n);
                           for (std::int64_t r = 0; r < m; ++r)
                             for (std::int64_t c = 0; c < n; ++c)
                               for (std::int64_t j = 0; j < k; ++j)
                                 back(r, c) += us[i](r, j) * ss[i](j, 0) * vs[i](j, c);
                           EXPECT_LE((back - xs[i]).norm(), limit * size) << what << column;
                           expect_orthogonal_columns(us[i], x.dtype(), limit, what + column + " u");
                           expect_orthogonal_columns(transposed(vs[i]), x.dtype(), limit, what + column + " v");
                           for (std::int64_t j = 0; j < k; ++j) {
                             EXPECT_GE(ss[i](j, 0), j + 1 < k ? ss[i](j + 1, 0) : 0) << what << column;
                             EXPECT_NEAR(ss[i](j, 0), first[i](j, 0), 2 * limit * size) << what << column;
                             EXPECT_NEAR(ss[i](j, 0), alone[i](j, 0), 2 * limit * size) << what << column;
                           }
                         }
                       });
               });
}

void eigh_table() {
  for_matrices({{0, 0}, {1, 1}, {7, 7}, {2, 3, 5, 5}, {40, 40}, {5, 33, 33}},
               [](const Tensor& x, Random&, const std::string& what) {
                 const std::int64_t n = x.shape().back();
                 std::vector<Dense> first;
                 in_both_columns(
                     [&] {
                       const EighResult r = eigh(x);
                       return std::vector{r.eigenvalues, r.eigenvectors, eigvalsh(x)};
                     },
                     [&](const std::vector<Tensor>& found, const std::string& column) {
                       const double limit = backward_error(x.dtype(), n, n);
                       auto xs = dense(x);
                       const auto ws = dense(found[0], true), vs = dense(found[1]), alone = dense(found[2], true);
                       if (first.empty()) first = ws;
                       for (std::size_t i = 0; i < xs.size(); ++i) {
                         for (std::int64_t r = 0; r < n; ++r)  // the lower triangle is the matrix
                           for (std::int64_t c = r + 1; c < n; ++c) xs[i](r, c) = xs[i](c, r);
                         const double size = xs[i].norm();
                         Dense turned = vs[i];
                         for (std::int64_t r = 0; r < n; ++r)
                           for (std::int64_t c = 0; c < n; ++c) turned(r, c) *= ws[i](c, 0);
                         EXPECT_LE((xs[i] * vs[i] - turned).norm(), limit * size) << what << column;
                         expect_orthogonal_columns(vs[i], x.dtype(), limit, what + column);
                         for (std::int64_t j = 0; j < n; ++j) {
                           if (j + 1 < n) {
                             EXPECT_LE(ws[i](j, 0), ws[i](j + 1, 0)) << what << column;
                           }
                           EXPECT_NEAR(ws[i](j, 0), first[i](j, 0), 2 * limit * size) << what << column;
                           EXPECT_NEAR(ws[i](j, 0), alone[i](j, 0), 2 * limit * size) << what << column;
                         }
                       }
                     });
               });
}

}  // namespace ingot::testing
