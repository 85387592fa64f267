// What statistics, searches, sorts and sets say beyond the numbers of the table: dtypes, empty axes, special values,
// errors.
#include <gtest/gtest.h>

#include <cmath>

#include "support/cases.h"
#include "support/errors.h"

namespace ingot::testing {
namespace {

const float inf = HUGE_VALF;

TEST(Axes, MayBeAnyAndAreChecked) {
  const Tensor x = Tensor::zeros(Shape{2, 3, 5}, DType::f32);
  EXPECT_EQ(sum(x).shape(), Shape{});
  EXPECT_EQ(sum(x, 1).shape(), (Shape{2, 5}));
  EXPECT_EQ(sum(x, {-1, 0}).shape(), (Shape{3}));
  EXPECT_EQ(sum(x, {-1, 0}, true).shape(), (Shape{1, 3, 1}));
  EXPECT_EQ(sum(x, Axes(std::span<const int>())).shape(), x.shape());
  EXPECT_EQ(sum(Tensor::full(Shape{}, 3), -1).item(), 3);
  expect_error(ErrorCode::out_of_range, "sum", {"3"}, [&] { sum(x, 3); });
  expect_error(ErrorCode::out_of_range, "var", {"-4"}, [&] { var(x, {0, -4}); });
  expect_error(ErrorCode::invalid_argument, "max", {"axis 2 of f32 (2, 3, 5) is named twice"},
               [&] { max(x, {2, -1}); });
  expect_error(ErrorCode::invalid_argument, "any", {"axis 0 of f32 () is named twice"},
               [] { any(Tensor::zeros({}, DType::f32), {0, -1}); });
  expect_error(ErrorCode::invalid_argument, "Axes", {"9"}, [&] { sum(x, {0, 1, 2, 3, 4, 5, 6, 7, 8}); });
}

TEST(Statistics, GiveTheStandardsDtypes) {
  for (const DType dtype : {DType::bool_, DType::i8, DType::i64}) {
    const Tensor x = Tensor::full(Shape{4}, 1, dtype);
    EXPECT_EQ(sum(x).dtype(), DType::i64);
    EXPECT_EQ(cumulative_sum(x).dtype(), DType::i64);
    EXPECT_EQ(mean(x).dtype(), DType::f32);
    EXPECT_EQ(mean(x).item(), 1);
    EXPECT_EQ(::ingot::std(x).dtype(), DType::f32);
    EXPECT_EQ(vector_norm(x).item(), 2);
    EXPECT_EQ(max(x).dtype(), dtype);
  }
  const Tensor u = Tensor::full(Shape{4}, 200, DType::u8);
  EXPECT_EQ(prod(u).dtype(), DType::u64);
  EXPECT_EQ(sum(u, {}, false, DType::u8).item(), 800 % 256);
  EXPECT_EQ(sum(u, {}, false, DType::f64).dtype(), DType::f64);
  // Summed in f32: f16 ends at 65504, and its steps are 64 there.
  const Tensor half = Tensor::full(Shape{100'000}, 1, DType::f16);
  EXPECT_EQ(mean(half).item(), 1);
  EXPECT_EQ(sum(half, {}, false, DType::f32).item(), 100'000);
  EXPECT_EQ(sum(half).item(), HUGE_VAL);
  EXPECT_EQ(var(half).dtype(), DType::f16);
  // A sum that f32 rounds is exact where f64 is asked for.
  EXPECT_EQ(sum(Tensor::from<float>({0x1p24f, 1}), {}, false, DType::f64).item(), 0x1p24 + 1);
  EXPECT_EQ(sum(Tensor::from<float>({1.75f, 1.75f}), {}, false, DType::i32).item(), 2);
  EXPECT_EQ(mean(Tensor::full(Shape{2}, 0x1p62, DType::i64)).item(), 0x1p62);  // the integer sum would wrap
}

TEST(Statistics, OfNoElements) {
  const Tensor x = Tensor::zeros(Shape{3, 0}, DType::f32);
  for (const Column column : {Column::reference, Column::cpu}) {
    const ScopedColumn scope(column);
    EXPECT_EQ(doubles(sum(x, 1)), (std::vector<double>{0, 0, 0}));
    EXPECT_EQ(doubles(prod(x, 1)), (std::vector<double>{1, 1, 1}));
    EXPECT_EQ(doubles(any(x, 1)), (std::vector<double>{0, 0, 0}));
    EXPECT_EQ(doubles(all(x, 1)), (std::vector<double>{1, 1, 1}));
    EXPECT_EQ(doubles(count_nonzero(x, 1)), (std::vector<double>{0, 0, 0}));
    EXPECT_EQ(doubles(logsumexp(x, 1)), (std::vector<double>{-inf, -inf, -inf}));
    EXPECT_EQ(doubles(vector_norm(x, 1)), (std::vector<double>{0, 0, 0}));
    for (const Tensor& result : {mean(x, 1), var(x, 1), ::ingot::std(x, 1), mean(x)})
      for (const double value : doubles(result)) EXPECT_TRUE(value != value);
    EXPECT_EQ(max(x, 0).shape(), Shape{0});
  }
  expect_error(ErrorCode::invalid_argument, "max", {"f32 (3, 0)"}, [&] { max(x, 1); });
  expect_error(ErrorCode::invalid_argument, "min", {"f32 (3, 0)"}, [&] { min(x); });
  expect_error(ErrorCode::invalid_argument, "vector_norm", {"f32 (3, 0)"}, [&] { vector_norm(x, 1, false, HUGE_VAL); });
  expect_error(ErrorCode::invalid_argument, "argmin", {"(0,)"}, [&] { argmin(x); });
}

TEST(Statistics, OfSpecialValues) {
  for (const Column column : {Column::reference, Column::cpu}) {
    const ScopedColumn scope(column);
    EXPECT_EQ(logsumexp(Tensor::from<float>({-inf, -inf})).item(), -inf);
    EXPECT_EQ(logsumexp(Tensor::from<float>({inf, 1})).item(), inf);
    EXPECT_EQ(logsumexp(Tensor::from<float>({1000, -inf})).item(), 1000);
    EXPECT_TRUE(std::isnan(logsumexp(Tensor::from<float>({NAN, 1})).item()));
    // A few roundings: gtest's four units in the last place.
    EXPECT_FLOAT_EQ(static_cast<float>(vector_norm(Tensor::from<float>({3e30f, 4e30f})).item()), 5e30f);
    EXPECT_FLOAT_EQ(static_cast<float>(vector_norm(Tensor::from<float>({3e-30f, 4e-30f})).item()), 5e-30f);
    EXPECT_DOUBLE_EQ(vector_norm(Tensor::from<double>({3e200, 4e200})).item(), 5e200);
    EXPECT_EQ(vector_norm(Tensor::from<float>({inf, 1})).item(), inf);
    EXPECT_TRUE(std::isnan(vector_norm(Tensor::from<float>({NAN, 1})).item()));
    const Tensor v = Tensor::from<float>({-3, 0, 2});
    EXPECT_EQ(vector_norm(v, {}, false, HUGE_VAL).item(), 3);
    EXPECT_EQ(vector_norm(v, {}, false, -HUGE_VAL).item(), 0);
    EXPECT_EQ(vector_norm(v, {}, false, 0).item(), 2);
    EXPECT_EQ(var(Tensor::from<float>({1, 2, 3, 4}), {}, 1).item(), 5.0f / 3);
    EXPECT_TRUE(std::isnan(var(Tensor::from<float>({5}), {}, 1).item()));  // 0/0
  }
  expect_error(ErrorCode::invalid_argument, "vector_norm", {"NaN"},
               [] { vector_norm(Tensor::zeros(Shape{2}, DType::f32), {}, false, NAN); });
  expect_error(ErrorCode::invalid_argument, "var", {"NaN"}, [] { var(Tensor::zeros(Shape{2}, DType::f32), {}, NAN); });
}

TEST(Statistics, RefuseWhatHasNoArithmetic) {
  const Tensor f8 = Tensor::zeros(Shape{2, 3}, DType::f8_e4m3), i4 = Tensor::zeros(Shape{4}, DType::i4);
  const Tensor q = quantize(Tensor::zeros(Shape{2, 32}, DType::f32), Scheme::q8_0);
  expect_error(ErrorCode::dtype_mismatch, "sum", {"f8_e4m3 (2, 3)"}, [&] { sum(f8); });
  expect_error(ErrorCode::dtype_mismatch, "any", {"i4 (4,)"}, [&] { any(i4); });
  expect_error(ErrorCode::dtype_mismatch, "mean", {"Q8_0 (2, 32)", "dequantize"}, [&] { mean(q); });
  expect_error(ErrorCode::dtype_mismatch, "sum", {"bool"}, [&] { sum(i4, {}, false, DType::bool_); });
  expect_error(ErrorCode::dtype_mismatch, "cumulative_prod", {"i4 (4,)"}, [&] { cumulative_prod(i4); });
  expect_error(ErrorCode::dtype_mismatch, "sort", {"i4 (4,)"}, [&] { sort(i4); });
  expect_error(ErrorCode::dtype_mismatch, "argmin", {"i4 (4,)"}, [&] { argmin(i4); });
  expect_error(ErrorCode::dtype_mismatch, "unique_all", {"i4 (4,)"}, [&] { unique_all(i4); });
  expect_error(ErrorCode::invalid_argument, "min", {"undefined"}, [] { min(Tensor()); });
}

TEST(Cumulative, NamesItsAxisAndItsErrors) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4}, Shape{2, 2});
  expect_error(ErrorCode::invalid_argument, "cumulative_sum", {"f32 (2, 2)"}, [&] { cumulative_sum(x); });
  expect_error(ErrorCode::out_of_range, "cumulative_sum", {"2"}, [&] { cumulative_sum(x, 2); });
  EXPECT_EQ(doubles(cumulative_sum(x, 0, DType::i8, true)), (std::vector<double>{0, 0, 1, 2, 4, 6}));
  // A zero before numbers whose product overflows stays zero.
  EXPECT_EQ(doubles(cumulative_prod(Tensor::from<double>({0, 1e300, 1e300}))), (std::vector<double>{0, 0, 0}));
}

TEST(Diff, OfNeighbours) {
  const Tensor x = Tensor::from<float>({1, 4, 9, 16}), y = Tensor::from<float>({0});
  EXPECT_EQ(doubles(diff(x)), (std::vector<double>{3, 5, 7}));
  EXPECT_EQ(doubles(diff(x, 0, 2)), (std::vector<double>{2, 2}));
  EXPECT_EQ(diff(x, 0, 5).numel(), 0);
  EXPECT_EQ(doubles(diff(x, 0, 0)), doubles(x));
  EXPECT_EQ(doubles(diff(x, 0, 1, &y, &y)), (std::vector<double>{1, 3, 5, 7, -16}));
  EXPECT_EQ(doubles(diff(Tensor::from<bool>({true, false, false}))), (std::vector<double>{1, 0}));
  expect_error(ErrorCode::invalid_argument, "diff", {"-1"}, [&] { diff(x, 0, -1); });
  expect_error(ErrorCode::out_of_range, "diff", {"1"}, [&] { diff(x, 1); });
}

TEST(Searchsorted, ChecksItsInputs) {
  const Tensor x = Tensor::from<float>({1, 2, 3}), places = Tensor::from<std::int64_t>({0, 1, 3});
  expect_error(ErrorCode::out_of_range, "searchsorted", {"3", "f32 (3,)"}, [&] { searchsorted(x, x, false, &places); });
  expect_error(ErrorCode::dtype_mismatch, "searchsorted", {"f32 (3,)"}, [&] { searchsorted(x, x, false, &x); });
  const Tensor two = places.slice(0, 0, 2), matrix = Tensor::zeros(Shape{2, 2}, DType::f32);
  expect_error(ErrorCode::shape_mismatch, "searchsorted", {"i64 (2,)"}, [&] { searchsorted(x, x, false, &two); });
  expect_error(ErrorCode::shape_mismatch, "searchsorted", {"f32 (2, 2)"}, [&] { searchsorted(matrix, x); });
  // In the promoted dtype: 1.5 is between integers.
  EXPECT_EQ(searchsorted(Tensor::from<std::int32_t>({1, 2}), Tensor::from<float>({1.5f})).item(), 1);
}

TEST(Topk, ChecksK) {
  const Tensor x = Tensor::from<float>({1, 2, 3});
  expect_error(ErrorCode::invalid_argument, "topk", {"4", "f32 (3,)"}, [&] { topk(x, 4); });
  expect_error(ErrorCode::invalid_argument, "topk", {"-1"}, [&] { topk(x, -1); });
  EXPECT_EQ(doubles(topk(x, 2).values), (std::vector<double>{3, 2}));
  EXPECT_EQ(doubles(topk(x, 2, 0, false).indices), (std::vector<double>{0, 1}));
  EXPECT_EQ(topk(Tensor::full(Shape{}, 3), 1).values.item(), 3);
}

// argsort puts all elements in order; topk looks at each once.
TEST(Topk, IsWhereSortingBegins) {
  const std::int64_t n = 5000;
  for (const int order : {0, 1, 2, 3}) {
    const Tensor x = Tensor::empty(Shape{n}, DType::f32);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto mixed = static_cast<float>(i * 7919 % 5003 - 2500);
      const float elements[] = {static_cast<float>(i), static_cast<float>(-i), static_cast<float>(i % 3), mixed};
      x.mutable_data<float>()[i] = i % 1000 == 77 && order == 3 ? NAN : elements[order];
    }
    for (const std::int64_t k : {1, 3, 15, 16, 17, 400})
      for (const bool largest : {false, true}) {
        const TopK found = topk(x, k, 0, largest);
        const Tensor expected = argsort(x, 0, largest).slice(0, 0, k);
        EXPECT_EQ(doubles(found.indices), doubles(expected)) << order << " " << k << " " << largest;
        const auto values = doubles(found.values), sorted = doubles(take(x, expected, 0));
        for (std::size_t i = 0; i < sorted.size(); ++i)
          EXPECT_TRUE(values[i] == sorted[i] || (std::isnan(values[i]) && std::isnan(sorted[i]))) << order << " " << k;
      }
  }
}

TEST(Sets, OfDifferentElements) {
  const Tensor x = Tensor::from<float>({3, NAN, -0.0f, 1, 0, NAN, 3}).view(Shape{7, 1}).transpose(0, 1);
  const auto [values, indices, inverse, counts] = unique_all(x);
  EXPECT_EQ(indices.shape(), (Shape{5}));
  EXPECT_EQ(doubles(values.slice(0, 0, 3)), (std::vector<double>{0, 1, 3}));
  EXPECT_TRUE(std::signbit(doubles(values)[0]));  // −0 came first
  EXPECT_EQ(doubles(indices), (std::vector<double>{2, 3, 0, 1, 5}));
  EXPECT_EQ(doubles(counts), (std::vector<double>{2, 1, 2, 1, 1}));
  EXPECT_EQ(inverse.shape(), x.shape());
  EXPECT_EQ(doubles(inverse), (std::vector<double>{2, 3, 0, 1, 0, 4, 2}));
  EXPECT_EQ(doubles(unique_inverse(x).inverse_indices), doubles(inverse));
  EXPECT_EQ(doubles(unique_counts(x).counts), doubles(counts));
  EXPECT_EQ(unique_values(x).numel(), 5);
  EXPECT_EQ(unique_values(Tensor::zeros(Shape{0, 3}, DType::i8)).shape(), (Shape{0}));
  EXPECT_EQ(doubles(unique_values(Tensor::from<bool>({true, false, true}))), (std::vector<double>{0, 1}));
  EXPECT_EQ(unique_all(Tensor::full(Shape{}, 2)).inverse_indices.shape(), Shape{});
}

}  // namespace
}  // namespace ingot::testing
