#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "ingot/device.h"
#include "ingot/ops.h"
#include "ingot/tools.h"

namespace ingot {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();

TEST(Stats, CountsWhatIsNotFiniteAndLeavesItOut) {
  const TensorStats s = tensor_stats(Tensor::from<float>({1, nan, -3, inf, 0, -inf, -0.0f, nan}));
  EXPECT_EQ(s.count, 8);
  EXPECT_EQ(s.nans, 2);
  EXPECT_EQ(s.infinities, 2);
  EXPECT_EQ(s.zeros, 2);
  EXPECT_EQ(s.min, -3);
  EXPECT_EQ(s.max, 1);
  EXPECT_DOUBLE_EQ(s.mean, -0.5);
  EXPECT_DOUBLE_EQ(s.std, std::sqrt((2.25 + 6.25 + 0.25 + 0.25) / 4));
}

TEST(Stats, EmptyAndAllNonFiniteHaveNoMean) {
  EXPECT_TRUE(std::isnan(tensor_stats(Tensor::empty({0, 3}, DType::f32)).mean));
  const TensorStats s = tensor_stats(Tensor::from<float>({nan, inf}));
  EXPECT_TRUE(std::isnan(s.min) && std::isnan(s.max) && std::isnan(s.mean) && std::isnan(s.std));
}

TEST(Stats, LargeOffsetDoesNotCancel) {
  // Σx² − (Σx)²/n in double would lose every digit of this deviation.
  std::vector<double> values(200000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1e9 + static_cast<double>(i % 2);
  const TensorStats s = tensor_stats(Tensor::from(std::span<const double>(values)));
  EXPECT_NEAR(s.std, 0.5, 1e-9);
}

TEST(Stats, HistogramIsNumpys) {
  // numpy.histogram(numpy.arange(64), 32): two in each bin; the last bin is closed.
  std::vector<std::int64_t> values(64);
  for (std::size_t i = 0; i < 64; ++i) values[i] = static_cast<std::int64_t>(i);
  const TensorStats s = tensor_stats(Tensor::from(std::span<const std::int64_t>(values)));
  for (const std::int64_t count : s.histogram) EXPECT_EQ(count, 2);
  const TensorStats constant = tensor_stats(Tensor::full({5}, 3));
  EXPECT_EQ(constant.histogram[16], 5);
}

TEST(Stats, EdgesBelongToTheBinTheyBegin) {
  // The edges themselves and their neighbours: the product (x - low) * 32 / width rounds across them in both
  // directions.
  for (int n = 1; n <= 100; ++n) {
    const double step = n * 0.1 / 32;  // NumPy's edges: low + i * (width / 32)
    std::vector<double> values{0, 32 * step};
    for (int i = 1; i < 32; ++i)
      for (const double x : {std::nextafter(i * step, 0), i * step, std::nextafter(i * step, 1e9)}) values.push_back(x);
    const TensorStats s = tensor_stats(Tensor::from(std::span<const double>(values)));
    // A value is in the last bin whose edge it reaches.
    std::array<std::int64_t, 32> expected{};
    for (const double x : values) {
      int bin = 31;
      while (bin > 0 && x < bin * step) --bin;
      ++expected[static_cast<std::size_t>(bin)];
    }
    EXPECT_EQ(s.histogram, expected) << n;
  }
}

TEST(Stats, PiecesWithoutFiniteElementsCountForNothing) {
  std::vector<float> values(200000, nan);  // whole ranges of 65536 elements before and behind
  values[150000] = -1, values[150001] = 3;
  const TensorStats s = tensor_stats(Tensor::from(std::span<const float>(values)));
  EXPECT_EQ(s.nans, 199998);
  EXPECT_EQ(s.mean, 1);
  EXPECT_EQ(s.std, 2);
  EXPECT_EQ(s.histogram[0] + s.histogram[31], 2);
}

TEST(Stats, RowsLongerThanAPieceAndNumbersOfHalfAByte) {
  std::vector<float> values(2 * 70016);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i < 70016 ? -127 : 127;  // exact in Q8_0: scales of 1
  const TensorStats s =
      tensor_stats(quantize(Tensor::from(std::span<const float>(values), Shape{2, 70016}), Scheme::q8_0));
  EXPECT_EQ(s.count, 140032);
  EXPECT_EQ(s.mean, 0);
  EXPECT_EQ(s.histogram[0], 70016);
  EXPECT_EQ(s.histogram[31], 70016);
  const TensorStats four = tensor_stats(astype(Tensor::from<std::int8_t>({-8, 0, 7, 1}), DType::i4));
  EXPECT_EQ(four.min, -8);
  EXPECT_EQ(four.max, 7);
  EXPECT_EQ(four.zeros, 1);
}

TEST(Stats, SameBitsForAnyNumberOfThreads) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(300001);
  for (float& x : values) x = normal(generator);
  const Tensor tensor = Tensor::from(std::span<const float>(values));
  const int before = num_threads();
  std::vector<TensorStats> all;
  for (const int threads : {1, 2, 7}) {
    set_num_threads(threads);
    all.push_back(tensor_stats(tensor));
  }
  set_num_threads(before);
  for (const TensorStats& s : all) {
    EXPECT_EQ(s.mean, all[0].mean);
    EXPECT_EQ(s.std, all[0].std);
    EXPECT_EQ(s.histogram, all[0].histogram);
  }
}

TEST(Stats, DecodesEncodedTensorsAndReadsStridedOnes) {
  std::vector<float> values(64 * 256);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 255) - 127;
  const Tensor plain = Tensor::from(std::span<const float>(values), Shape{64, 256});
  const TensorStats encoded = tensor_stats(quantize(plain, Scheme::q8_0)),
                    decoded = tensor_stats(dequantize(quantize(plain, Scheme::q8_0)));
  EXPECT_EQ(encoded.mean, decoded.mean);
  EXPECT_EQ(encoded.histogram, decoded.histogram);
  const TensorStats turned = tensor_stats(plain.transpose(0, 1));
  EXPECT_EQ(turned.min, -127);
  EXPECT_EQ(turned.max, 127);
  EXPECT_EQ(turned.count, 64 * 256);
}

// NumPy refuses these ("too many bins for data range"); ours share the middle bin.
TEST(Stats, RangesTooNarrowOrTooWideForBins) {
  const double tiny = 5e-324, huge = 1.7e308;
  for (const auto& values : std::vector<std::vector<double>>{{1e30, 1e30}, {0, tiny}, {-huge, huge}}) {
    const TensorStats stats = tensor_stats(Tensor::from(std::span<const double>(values)));
    EXPECT_EQ(stats.histogram[TensorStats::bins / 2], 2) << values[0];
    EXPECT_EQ(stats.min, values[0]);
    EXPECT_EQ(stats.max, values[1]);
  }
}

}  // namespace
}  // namespace ingot
