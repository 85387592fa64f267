// matmul of the cpu column against the reference column: types, strides, batches, edges.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "device/kernel_table.h"
#include "ingot/ops.h"

namespace ingot {
namespace {

Tensor normal(const Shape& shape, unsigned seed, DType dtype = DType::f32) {
  std::mt19937 engine(seed);
  std::normal_distribution<double> distribution;
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (double& value : values) value = distribution(engine);
  return astype(Tensor::from<double>(values, shape), dtype);
}

std::vector<double> doubles(const Tensor& x) {
  const Tensor y = contiguous(astype(x, DType::f64));
  std::vector<double> values(static_cast<std::size_t>(y.numel()));
  if (!values.empty()) std::memcpy(values.data(), y.data<double>(), values.size() * sizeof(double));
  return values;
}

// Sums of k products of standard normals, of which none passes 36 in magnitude (6σ on both sides).
void expect_equal(const Tensor& a, const Tensor& b) {
  const Tensor found = matmul(a, b);
  const ScopedColumn column(Column::reference);
  const Tensor expected = matmul(a, b);
  ASSERT_EQ(found.shape(), expected.shape());
  ASSERT_EQ(found.dtype(), expected.dtype());
  const auto k = static_cast<double>(a.shape().back());
  const DType dtype = found.dtype();
  // Eight partial sums in f64, lanes of at least four in f32; then a unit in the last place of the result.
  const double unit = dtype == DType::f64 ? 0x1p-53 : 0x1p-24;
  const double last = dtype == DType::bf16 ? 0x1p-7 : dtype == DType::f16 ? 0x1p-10 : 0;
  const auto y = doubles(found), z = doubles(expected);
  for (std::size_t i = 0; i < y.size(); ++i)
    ASSERT_NEAR(y[i], z[i], (k / 4 + 8) * unit * 4 * k + last * std::abs(z[i]))
        << describe(a) << " x " << describe(b) << " at " << i;
}

TEST(Matmul, EveryFloatAndEveryOrderOfStorage) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64})
    for (const std::int64_t m : {1, 4, 17})
      for (const std::int64_t n : {1, 5, 70})
        for (const std::int64_t k : {1, 16, 33, 130}) {
          expect_equal(normal({m, k}, 1, dtype), normal({k, n}, 2, dtype));
          expect_equal(normal({k, m}, 1, dtype).transpose(0, 1), normal({n, k}, 2, dtype).transpose(0, 1));
        }
}

TEST(Matmul, StepsBatchesAndBroadcasting) {
  expect_equal(normal({9, 40}, 1).slice(1, 39, 0, -3), normal({26, 12}, 2).slice(0, 0, 26, 2));
  expect_equal(normal({2, 3, 5, 8}, 3), normal({3, 8, 6}, 4));
  expect_equal(normal({4, 1, 5, 8}, 5), normal({3, 8, 6}, 6));
  expect_equal(normal({3, 2, 5, 8}, 7).permute({1, 0, 2, 3}), normal({2, 1, 6, 8}, 8).transpose(2, 3));
  expect_equal(normal({8}, 9), normal({8, 6}, 10));
  expect_equal(normal({5, 8}, 11), normal({8}, 12));
  expect_equal(normal({1, 7}, 13).expand({20, 7}), normal({7, 1}, 14).expand({7, 20}));
}

TEST(Matmul, LargerThanOneTile) { expect_equal(normal({150, 1100}, 15), normal({1100, 140}, 16)); }

TEST(Matmul, Empty) {
  EXPECT_EQ(matmul(Tensor::zeros({0, 3}, DType::f32), Tensor::zeros({3, 2}, DType::f32)).shape(), (Shape{0, 2}));
  EXPECT_EQ(doubles(matmul(Tensor::zeros({2, 0}, DType::bf16), Tensor::zeros({0, 2}, DType::bf16))),
            std::vector<double>(4, 0.0));
}

TEST(Matmul, ResultsDoNotDependOnThreads) {
  const Tensor a = normal({3, 200, 300}, 17), b = normal({300, 200}, 18);
  set_num_threads(1);
  const auto expected = doubles(matmul(a, b));
  for (const int threads : {2, 7}) {
    set_num_threads(threads);
    EXPECT_EQ(doubles(matmul(a, b)), expected);
  }
}

}  // namespace
}  // namespace ingot
