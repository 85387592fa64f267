// Products put together from others, what singular values tell, and errors. NumPy is asked in test_linalg.py.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "support/decomposition_cases.h"
#include "support/errors.h"

namespace ingot::testing {
namespace {

// Small integers, so that every sum is exact in every dtype.
Tensor counting(const Shape& shape, DType dtype = DType::f64) {
  const Tensor x = Tensor::empty(shape, DType::f64);
  for (std::int64_t i = 0; i < x.numel(); ++i) x.mutable_data<double>()[i] = static_cast<double>(i * 7 % 11 - 4);
  return astype(x, dtype);
}

Tensor einsum(std::string_view subscripts, std::initializer_list<Tensor> operands) {
  return ingot::einsum(subscripts, std::span(operands.begin(), operands.size()));
}

double at(const Tensor& x, std::initializer_list<std::int64_t> index) {
  Tensor element = x;
  for (const std::int64_t i : index) element = element.select(0, i);
  return element.item();
}

TEST(Products, SumWhatTheirSubscriptsSay) {
  for (const DType dtype : {DType::f64, DType::f32, DType::bf16, DType::i64, DType::i32}) {
    const Tensor a = counting({2, 3, 4}, dtype), b = counting({4, 3, 5}, dtype).transpose(0, 1);
    const Tensor c = einsum("bij,jki->bk", {a, counting({4, 5, 3}, dtype)});
    const Tensor d = tensordot(a, counting({3, 4, 5}, dtype)), e = einsum("...ij,ijk->k...", {a, b});
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t k = 0; k < 5; ++k) {
        double sum_c = 0, sum_d = 0, sum_e = 0;
        for (std::int64_t r = 0; r < 3; ++r)
          for (std::int64_t s = 0; s < 4; ++s) {
            sum_c += at(a, {i, r, s}) * at(counting({4, 5, 3}), {s, k, r});
            sum_d += at(a, {i, r, s}) * at(counting({3, 4, 5}), {r, s, k});
            sum_e += at(a, {i, r, s}) * at(b, {r, s, k});
          }
        // bf16 holds integers up to 256: beyond, its neighbours are 2 and more apart.
        const double limit =
            dtype == DType::bf16 ? std::fabs(sum_c) / 256 + std::fabs(sum_d) / 256 + std::fabs(sum_e) / 256 : 0;
        EXPECT_NEAR(at(c, {i, k}), sum_c, limit);
        EXPECT_NEAR(at(d, {i, k}), sum_d, limit);
        EXPECT_NEAR(at(e, {k, i}), sum_e, limit);
      }
    EXPECT_EQ(c.dtype(), dtype);
  }
}

TEST(Einsum, TakesDiagonalsSumsAndChains) {
  const Tensor x = counting({3, 3}), v = counting({3});
  EXPECT_EQ(doubles(einsum("ii", {x})), doubles(trace(x)));
  EXPECT_EQ(doubles(einsum("ii->i", {x})), doubles(diagonal(x)));
  EXPECT_EQ(doubles(einsum("ji", {x})), doubles(x.transpose(0, 1)));
  EXPECT_EQ(doubles(einsum("i,i", {v, v})), doubles(vecdot(v, v)));
  EXPECT_EQ(doubles(einsum("i,j", {v, v})), doubles(outer(v, v)));
  EXPECT_EQ(doubles(einsum("ij,jk,kl->il", {x, x, x})), doubles(matrix_power(x, 3)));
  EXPECT_EQ(doubles(einsum("ij->", {x})),
            (std::vector<double>{einsum("ij,i,j->", {x, add(multiply(v, 0), 1), add(multiply(v, 0), 1)}).item()}));
  EXPECT_EQ(einsum("B,A", {v, counting({2})}).shape(), (Shape{2, 3}));  // sorted
  const Tensor bytes = Tensor::full(Shape{200}, 100, DType::i8);
  EXPECT_EQ(einsum("i,i", {bytes, bytes}).item(), 2000000);  // i8 sums in i32
  EXPECT_EQ(einsum("i->", {bytes}).item(), 20000 % 256);     // alone it is a sum in its dtype: 32
  EXPECT_FALSE(einsum("ii->i", {x}).same_storage(x));
}

TEST(Einsum, SaysWhatIsWrong) {
  const Tensor x = counting({2, 3});
  expect_error(ErrorCode::invalid_argument, "einsum", {"ij,jk", "2 subscripts for 1"}, [&] { einsum("ij,jk", {x}); });
  expect_error(ErrorCode::invalid_argument, "einsum", {"f64 (2, 3)", "\"ijk\""}, [&] { einsum("ijk", {x}); });
  expect_error(ErrorCode::invalid_argument, "einsum", {"once"}, [&] { einsum("ij->ii", {x}); });
  expect_error(ErrorCode::invalid_argument, "einsum", {"once"}, [&] { einsum("ij->k", {x}); });
  expect_error(ErrorCode::invalid_argument, "einsum", {"letters"}, [&] { einsum("i1", {x}); });
  expect_error(ErrorCode::invalid_argument, "einsum", {"letters"}, [&] { einsum("ij->i>", {x}); });
  expect_error(ErrorCode::invalid_argument, "einsum", {"ellipsis"}, [&] { einsum("i...->i", {x}); });
  expect_error(ErrorCode::shape_mismatch, "einsum", {"sizes 3 and 2"}, [&] { einsum("ij,jk", {x, x}); });
  expect_error(ErrorCode::shape_mismatch, "einsum", {"2 and 3"}, [&] { einsum("ii", {x}); });
  expect_error(ErrorCode::invalid_argument, "einsum", {"no operands"}, [] { einsum("", {}); });
}

TEST(Diagonal, IsAView) {
  const Tensor x = counting({2, 3, 4});
  for (std::int64_t offset = -5; offset <= 5; ++offset) {
    const Tensor d = diagonal(x, offset, 2, 0);  // axis 2 is the row
    EXPECT_TRUE(d.same_storage(x));
    std::vector<double> expected;
    for (std::int64_t j = 0; j < 3; ++j)
      for (std::int64_t r = 0; r < 4; ++r)
        if (r + offset >= 0 && r + offset < 2) expected.push_back(at(x, {r + offset, j, r}));
    EXPECT_EQ(doubles(d), expected) << offset;
  }
  EXPECT_EQ(diagonal(x, std::numeric_limits<std::int64_t>::min()).numel(), 0);
  EXPECT_EQ(diagonal(x, std::numeric_limits<std::int64_t>::max()).numel(), 0);
  EXPECT_EQ(trace(Tensor::full(Shape{3, 3}, 100, DType::i8)).item(), 300);
  EXPECT_EQ(trace(Tensor::full(Shape{3, 3}, 200, DType::u8)).dtype(), DType::u64);
  expect_error(ErrorCode::invalid_argument, "diagonal", {"twice"}, [&] { diagonal(x, 0, 1, -2); });
  expect_error(ErrorCode::shape_mismatch, "diagonal", {"(4,)"}, [&] { diagonal(x.select(0, 0).select(0, 0)); });
}

TEST(MatrixPower, OfEveryExponent) {
  const Tensor x = Tensor::from<std::int64_t>({1, 1, 1, 0}, Shape{2, 2});
  EXPECT_EQ(doubles(matrix_power(x, 10)), (std::vector<double>{89, 55, 55, 34}));
  EXPECT_EQ(doubles(matrix_power(x, 0)), (std::vector<double>{1, 0, 0, 1}));
  EXPECT_FALSE(matrix_power(x, 1).same_storage(x));
  EXPECT_EQ(doubles(matrix_power(astype(x, DType::f64), -2)), (std::vector<double>{1, -1, -1, 2}));
  expect_error(ErrorCode::shape_mismatch, "matrix_power", {"(2, 3)"}, [] { matrix_power(counting({2, 3}), 2); });
}

TEST(Decompositions, NameTheMatrixThatFails) {
  const Tensor x = add(Tensor::zeros(Shape{2, 3, 4, 4}, DType::f32), 0);
  copy_(diagonal(x), Tensor::full(Shape{}, 2, DType::f32));
  const Tensor bad = x.select(0, 1).select(0, 2);
  const auto both = [](auto&& f) {
    for (const Column column : {Column::reference, Column::cpu}) {
      const ScopedColumn scope(column);
      f();
    }
  };
  copy_(bad, Tensor::full(Shape{}, 1, DType::f32));
  both([&] {
    expect_error(ErrorCode::invalid_argument, "inv", {"matrix (1, 2)", "f32 (2, 3, 4, 4)", "singular"},
                 [&] { inv(x); });
    expect_error(ErrorCode::invalid_argument, "solve", {"matrix (1, 2)", "singular"},
                 [&] { solve(x, Tensor::zeros(Shape{4}, DType::f64)); });
    expect_error(ErrorCode::invalid_argument, "inv", {"f32 (4, 4) is singular"}, [&] { inv(bad); });
    EXPECT_EQ(at(det(x), {1, 2}), 0);
    EXPECT_EQ(at(slogdet(x).sign, {1, 2}), 0);
    EXPECT_EQ(at(slogdet(x).logabsdet, {1, 2}), -HUGE_VAL);
    EXPECT_EQ(at(det(x), {1, 1}), 16);
  });
  copy_(diagonal(bad), Tensor::full(Shape{}, -1, DType::f32));
  both([&] {
    expect_error(ErrorCode::invalid_argument, "cholesky", {"matrix (1, 2)", "positive definite"}, [&] { cholesky(x); });
  });
  copy_(bad.select(0, 3).select(0, 0), Tensor::full(Shape{}, NAN, DType::f32));
  both([&] {
    for (const auto& [name, f] : std::initializer_list<std::pair<const char*, std::function<void()>>>{
             {"svd", [&] { svd(x); }},
             {"svdvals", [&] { svdvals(x); }},
             {"eigh", [&] { eigh(x); }},
             {"eigvalsh", [&] { eigvalsh(x); }},
             {"pinv", [&] { pinv(x); }},
             {"matrix_rank", [&] { matrix_rank(x); }},
             {"lstsq", [&] { lstsq(x, Tensor::zeros(Shape{4}, DType::f32)); }}})
      expect_error(ErrorCode::invalid_argument, name, {"matrix (1, 2)", "NaN"}, f);
  });
}

TEST(Decompositions, RefuseWhatDoesNotFit) {
  const Tensor x = counting({2, 3});
  expect_error(ErrorCode::shape_mismatch, "inv", {"square", "(2, 3)"}, [&] { inv(x); });
  expect_error(ErrorCode::shape_mismatch, "cholesky", {"square"}, [&] { cholesky(x); });
  expect_error(ErrorCode::shape_mismatch, "qr", {"matrices", "(3,)"}, [&] { qr(x.select(0, 0)); });
  expect_error(ErrorCode::dtype_mismatch, "svd", {"i32"}, [&] { svd(astype(x, DType::i32)); });
  expect_error(ErrorCode::shape_mismatch, "solve", {"do not fit", "(5,)"},
               [&] { solve(Tensor::zeros(Shape{3, 3}, DType::f32), counting({5})); });
  expect_error(ErrorCode::shape_mismatch, "lstsq", {"do not fit"}, [&] { lstsq(x, counting({3})); });
  expect_error(ErrorCode::shape_mismatch, "cross", {"3 elements"},
               [&] { cross(x.transpose(0, 1), x.transpose(0, 1)); });
  expect_error(ErrorCode::shape_mismatch, "vecdot", {"do not fit"}, [&] { vecdot(x, counting({2})); });
  const std::vector<int> twice{1, -1}, both{0, 1};
  expect_error(ErrorCode::invalid_argument, "tensordot", {"axis 1 of", "(2, 3) is named twice"},
               [&] { tensordot(x, x, twice, both); });
  expect_error(ErrorCode::invalid_argument, "tensordot", {"axis 1 of", "(2, 3) is named twice"},
               [&] { tensordot(x, x, both, twice); });
  expect_error(ErrorCode::dtype_mismatch, "matmul", {"f8_e4m3"},
               [] { matmul(Tensor::zeros(Shape{1, 1}, DType::f8_e4m3), Tensor::zeros(Shape{1, 1}, DType::f8_e4m3)); });
}

TEST(SingularValues, TellRankAndInverse) {
  // Rank 2: the third row is the sum of the others.
  const Tensor x = Tensor::from<double>({1, 2, 0, 1, 0, 1, 1, 3, 1, 3, 1, 4}, Shape{3, 4});
  EXPECT_EQ(matrix_rank(x).item(), 2);
  EXPECT_EQ(doubles(matrix_rank(Tensor::zeros(Shape{2, 0, 3}, DType::f32))), (std::vector<double>{0, 0}));
  const Dense a = dense(x)[0], p = dense(pinv(x))[0];
  // The four conditions of Penrose; ‖A‖‖A⁺‖ < 20 here, and each product rounds a few times.
  const double limit = 20 * 20 * backward_error(DType::f64, 3, 4);
  EXPECT_LE((a * p * a - a).norm(), limit);
  EXPECT_LE((p * a * p - p).norm(), limit);
  EXPECT_LE((a * p - transposed(a * p)).norm(), limit);
  EXPECT_LE((p * a - transposed(p * a)).norm(), limit);
  EXPECT_EQ(matrix_rank(x, 0.9).item(), 1);
  EXPECT_EQ(pinv(Tensor::zeros(Shape{2, 0, 3}, DType::f16)).shape(), (Shape{2, 3, 0}));

  const Tensor b = Tensor::from<double>({1, 2, 4});
  const LstsqResult least = lstsq(x, b);
  const Dense best = p * dense(b, true)[0], rest = a * best - dense(b, true)[0];
  for (std::int64_t i = 0; i < 4; ++i) EXPECT_NEAR(at(least.solution, {i}), best(i, 0), limit);
  EXPECT_NEAR(least.residuals.item(), std::pow(rest.norm(), 2), limit);
  EXPECT_EQ(least.rank.item(), 2);
  EXPECT_EQ(least.singular_values.shape(), (Shape{3}));
}

TEST(Decompositions, KeepNarrowDtypes) {
  const Tensor x = astype(Tensor::from<float>({4, 1, 1, 3}, Shape{2, 2}), DType::bf16);
  EXPECT_EQ(inv(x).dtype(), DType::bf16);
  EXPECT_EQ(cholesky(x).dtype(), DType::bf16);
  EXPECT_EQ(eigh(x).eigenvalues.dtype(), DType::bf16);
  EXPECT_EQ(solve(x, Tensor::zeros(Shape{2}, DType::f16)).dtype(), DType::f32);
  EXPECT_EQ(doubles(det(x)), (std::vector<double>{11}));
}

TEST(Decompositions, MayBeCalledFromManyThreads) {
  const Tensor x = add(multiply(eye(33, 33, 0, DType::f64), 3.0), 0.01), expected = cholesky(x);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) try {
          if (std::memcmp(cholesky(x).bytes(), expected.bytes(), expected.nbytes()) != 0) ++wrong;
        } catch (const Error&) {
          ++wrong;
        }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace ingot::testing
