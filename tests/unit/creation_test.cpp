#include "ingot/ops/creation.h"

#include <gtest/gtest.h>

#include <array>

#include "ingot/ops.h"
#include "support/cases.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::doubles;
using testing::expect_error;
using testing::make_tensor;
using testing::Pattern;
using testing::Random;

using Values = std::vector<double>;

constexpr std::int64_t big = std::int64_t{1} << 40;

TEST(Fill, HasTheDefaultDTypes) {
  EXPECT_EQ(describe(full(Shape{2}, 1)), "i64 (2,)");
  EXPECT_EQ(describe(full(Shape{2}, true)), "bool (2,)");
  EXPECT_EQ(describe(full(Shape{2}, 0.5)), "f32 (2,)");
  EXPECT_EQ(describe(full(Shape{2}, ~std::uint64_t{0})), "u64 (2,)");
  EXPECT_EQ(describe(ones(Shape{})), "f32 ()");
  EXPECT_EQ(describe(arange(3)), "i64 (3,)");
  EXPECT_EQ(describe(arange(3.0)), "f32 (3,)");
  EXPECT_EQ(describe(empty_like(arange(3))), "i64 (3,)");
  EXPECT_EQ(describe(full_like(arange(3), 2.5, DType::f16)), "f16 (3,)");
}

TEST(Fill, WritesEveryElement) {
  for (const DType dtype : {DType::bool_, DType::u8, DType::i64, DType::f16, DType::f8_e5m2, DType::f64}) {
    EXPECT_EQ(doubles(ones(Shape{3, 5}, dtype)), Values(15, 1));
    EXPECT_EQ(doubles(zeros_like(ones(Shape{3, 5}, dtype))), Values(15, 0));
    EXPECT_EQ(doubles(ones_like(zeros(Shape{7}, dtype))), Values(7, 1));
  }
  EXPECT_EQ(doubles(full(Shape{70001}, 3)), Values(70001, 3));
  EXPECT_EQ(full(Shape{0, 4}, 1).shape(), (Shape{0, 4}));
}

TEST(Arange, CountsAsNumPy) {
  EXPECT_EQ(doubles(arange(2, 10, 3)), (Values{2, 5, 8}));
  EXPECT_EQ(doubles(arange(2, 11, 3)), (Values{2, 5, 8}));
  EXPECT_EQ(doubles(arange(2, 12, 3)), (Values{2, 5, 8, 11}));
  EXPECT_EQ(doubles(arange(2, -5, -3)), (Values{2, -1, -4}));
  EXPECT_EQ(arange(2, 5, -1).numel(), 0);
  EXPECT_EQ(arange(5, 2).numel(), 0);
  EXPECT_EQ(doubles(arange(0, 1, 0.25)), (Values{0, 0.25, 0.5, 0.75}));
  EXPECT_EQ(doubles(arange(1, 2, 0.5, DType::f64)), (Values{1, 1.5}));
  EXPECT_EQ(doubles(arange(-128, 128, 85, DType::i8)), (Values{-128, -43, 42, 127}));
  using Limits = std::numeric_limits<std::int64_t>;
  EXPECT_EQ(arange(Limits::min(), Limits::max(), Limits::max()).numel(), 3);
  const Tensor top = arange(~std::uint64_t{0} - 1, ~std::uint64_t{0}, 1, DType::u64);
  EXPECT_EQ(top.data<std::uint64_t>()[0], ~std::uint64_t{0} - 1);
}

TEST(Linspace, EndsWhereItShould) {
  EXPECT_EQ(doubles(linspace(0, 1, 5)), (Values{0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(doubles(linspace(0, 1, 4, DType::f64, false)), (Values{0, 0.25, 0.5, 0.75}));
  EXPECT_EQ(doubles(linspace(3, -3, 3, DType::f16)), (Values{3, 0, -3}));
  EXPECT_EQ(doubles(linspace(2, 9, 1)), (Values{2}));
  EXPECT_EQ(linspace(2, 9, 0).numel(), 0);
  EXPECT_EQ(linspace(0.1, 0.7, 50, DType::f64).select(0, -1).item(), 0.7);
  EXPECT_EQ(doubles(linspace(-1e308, 1e308, 3, DType::f64)), (Values{-1e308, 0, 1e308}));
}

TEST(Matrices, EyeTrilTriu) {
  for (const std::int64_t k :
       {std::int64_t{-9}, std::int64_t{-2}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, std::int64_t{3},
        std::int64_t{9}, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    const auto found = doubles(eye(3, 4, k, DType::i16));
    Random random(3);
    for (const Pattern pattern : testing::all_patterns) {
      const Tensor x = make_tensor(random, Shape{2, 3, 4}, DType::f16, pattern);
      const auto given = doubles(x), lower = doubles(tril(x, k)), upper = doubles(triu(x, k));
      for (std::int64_t at = 0; at < 24; ++at) {
        const std::int64_t distance = at % 4 - at / 4 % 3;  // column − row
        const auto i = static_cast<std::size_t>(at);
        EXPECT_EQ(lower[i], distance <= k ? given[i] : 0) << k;
        EXPECT_EQ(upper[i], distance >= k ? given[i] : 0) << k;
        if (at < 12) {
          EXPECT_EQ(found[i], distance == k) << k;
        }
      }
    }
  }
  EXPECT_EQ(eye(0).shape(), (Shape{0, 0}));
  EXPECT_EQ(doubles(eye(2)), (Values{1, 0, 0, 1}));
}

TEST(Meshgrid, VariesAlongOneAxis) {
  const std::array<Tensor, 2> lines{arange(2), arange(0, 1, 0.5).slice(0, 1, -3, -1)};
  const auto ij = meshgrid(lines, GridIndexing::ij), xy = meshgrid(lines);
  EXPECT_EQ(doubles(ij[0]), (Values{0, 0, 1, 1}));
  EXPECT_EQ(doubles(ij[1]), (Values{0.5, 0, 0.5, 0}));
  EXPECT_EQ(doubles(xy[0]), (Values{0, 1, 0, 1}));
  EXPECT_EQ(xy[1].dtype(), DType::f32);
  const std::array<Tensor, 3> three{arange(2), arange(3), Tensor::full(Shape{}, 7)};
  EXPECT_EQ(meshgrid(three)[2].shape(), (Shape{3, 2, 1}));
  EXPECT_EQ(meshgrid(three, GridIndexing::ij)[0].shape(), (Shape{2, 3, 1}));
}

TEST(CreationErrors, NameOperationShapeAndDType) {
  expect_error(ErrorCode::out_of_range, "zeros", {"(2, -1)"}, [] { zeros(Shape{2, -1}); });
  expect_error(ErrorCode::out_of_range, "empty", {"2^63"}, [] { empty(Shape{big, big}); });
  expect_error(ErrorCode::out_of_range, "full", {"2^63"}, [] { full(Shape{big, big}, 1); });
  expect_error(ErrorCode::out_of_range, "ones", {"f64"}, [] { ones(Shape{std::int64_t{1} << 60, 7}, DType::f64); });
  expect_error(ErrorCode::out_of_memory, "empty", {"f32", "bytes"}, [] { empty(Shape{std::int64_t{1} << 55}); });
  expect_error(ErrorCode::out_of_memory, "zeros", {"f32", "bytes"}, [] { zeros(Shape{std::int64_t{1} << 55}); });
  expect_error(ErrorCode::out_of_memory, "arange", {"i64", "bytes"}, [] { arange(std::int64_t{1} << 55); });
  expect_error(ErrorCode::out_of_range, "full", {"300", "u8"}, [] { full(Shape{2}, 300, DType::u8); });
  expect_error(ErrorCode::invalid_argument, "arange", {"step 0"}, [] { arange(0, 1, 0); });
  expect_error(ErrorCode::invalid_argument, "arange", {"nan"}, [] { arange(0, 1, NAN); });
  expect_error(ErrorCode::invalid_argument, "arange", {"inf"}, [] { arange(0, HUGE_VAL); });
  expect_error(ErrorCode::out_of_range, "arange", {"u8"}, [] { arange(0, 257, 1, DType::u8); });
  expect_error(ErrorCode::out_of_range, "arange", {"2^63"}, [] { arange(0, 1e300); });
  expect_error(ErrorCode::dtype_mismatch, "arange", {"floats", "i64"}, [] { arange(0, 1.5, 1, DType::i64); });
  expect_error(ErrorCode::dtype_mismatch, "arange", {"bool"}, [] { arange(0, 1, 1, DType::bool_); });
  expect_error(ErrorCode::dtype_mismatch, "linspace", {"i32"}, [] { linspace(0, 1, 2, DType::i32); });
  expect_error(ErrorCode::out_of_range, "linspace", {"-2"}, [] { linspace(0, 1, -2); });
  expect_error(ErrorCode::out_of_range, "eye", {"(-1, 2)"}, [] { eye(-1, 2); });
  expect_error(ErrorCode::shape_mismatch, "tril", {"i64 (3,)"}, [] { tril(arange(3)); });
  expect_error(ErrorCode::dtype_mismatch, "triu", {"i4"}, [] { triu(zeros(Shape{2, 2}, DType::i4)); });
  expect_error(ErrorCode::shape_mismatch, "meshgrid", {"f32 (2, 2)"},
               [] { meshgrid(std::array<Tensor, 1>{zeros(Shape{2, 2})}); });
}

}  // namespace
}  // namespace ingot
