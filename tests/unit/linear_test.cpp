// linear and embedding of the cpu column against the reference column, over every kind of weight.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "quant/i2_s.h"
#include "quant/ternary.h"

namespace ingot {
namespace {

Tensor normal(const Shape& shape, unsigned seed, float scale = 1) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> distribution(0, scale);
  std::vector<float> values(static_cast<std::size_t>(shape.numel()));
  for (float& value : values) value = distribution(engine);
  return Tensor::from<float>(values, shape);
}

std::vector<float> floats(const Tensor& x) {
  const Tensor y = contiguous(astype(x, DType::f32));
  std::vector<float> values(static_cast<std::size_t>(y.numel()));
  if (!values.empty()) std::memcpy(values.data(), y.data<float>(), values.size() * sizeof(float));
  return values;
}

Tensor reference_linear(const Tensor& x, const Tensor& weight, Activations activations = Activations::as_is) {
  const ScopedColumn column(Column::reference);
  return linear(x, weight, activations);
}

constexpr Scheme schemes[] = {Scheme::q4_0,  Scheme::q4_1,  Scheme::q5_0, Scheme::q5_1,  Scheme::q8_0,
                              Scheme::tq1_0, Scheme::tq2_0, Scheme::i2_s, Scheme::mxfp4, Scheme::nvfp4};

// |y − reference| ≤ Σ over blocks of half an activation step times Σ|w|, and f32 sums.
void expect_within_a_step(const Tensor& x, const Tensor& weight, const Tensor& found, const Tensor& expected) {
  const std::vector<float> a = floats(x), w = floats(dequantize(weight)), y = floats(found), z = floats(expected);
  const auto k = static_cast<std::size_t>(x.shape().back()), n = static_cast<std::size_t>(weight.shape()[0]);
  for (std::size_t i = 0; i < y.size(); ++i) {
    double limit = 0, magnitude = 0;
    for (std::size_t b = 0; b < k; b += 32) {
      double top = 0, sum = 0;
      for (std::size_t l = b; l < std::min(k, b + 32); ++l) {
        top = std::max(top, std::abs(double{a[i / n * k + l]}));
        sum += std::abs(double{w[i % n * k + l]});
      }
      limit += top / 254 * sum;
      magnitude += top * sum;
    }
    ASSERT_NEAR(y[i], z[i], limit * 1.0001 + 1e-5 * magnitude) << describe(weight) << " " << i;
  }
}

TEST(Linear, EncodedWeightsAgreeWithTheReference) {
  const Tensor w = normal({70, 512}, 1, 0.05f);
  for (const std::int64_t m : {1, 3, 9}) {
    const Tensor x = normal({m, 512}, 2);
    for (const Scheme scheme : schemes) {
      const Tensor weight = quantize(w, scheme);
      expect_within_a_step(x, weight, linear(x, weight), reference_linear(x, weight));
    }
  }
}

TEST(Linear, PerRowActivationsFollowBitNet) {
  // Both columns round the same way, so only f32 sums differ: the reference adds exact products in double.
  const Tensor w = normal({40, 1024}, 3, 0.05f);
  const Tensor x = normal({5, 1024}, 4);
  const std::vector<float> a = floats(x);
  for (const Scheme scheme : schemes) {
    const Tensor weight = quantize(w, scheme);
    const auto found = floats(linear(x, weight, Activations::int8_per_row));
    const auto expected = floats(reference_linear(x, weight, Activations::int8_per_row));
    const auto decoded = floats(dequantize(weight));
    for (std::size_t i = 0; i < found.size(); ++i) {
      double magnitude = 0;
      for (std::size_t l = 0; l < 1024; ++l)
        magnitude += std::abs(double{a[i / 40 * 1024 + l]} * decoded[i % 40 * 1024 + l]);
      // 1024/32 additions and three roundings of scales, each 2⁻²⁴ of the magnitude; minima are summed apart.
      ASSERT_NEAR(found[i], expected[i], 4 * (32 + 4) * 0x1p-24 * magnitude) << to_string(scheme);
    }
  }
}

TEST(Linear, EveryPackingOfI2SGivesTheSameBits) {
  for (const std::int64_t k : {384, 96, 100}) {  // whole groups of 128, of 32, and neither
    const Tensor w = normal({128, k}, 5);
    const Tensor x = normal({3, k}, 6);
    for (const Activations activations : {Activations::as_is, Activations::int8_per_row}) {
      const Tensor weight = quantize(w, Scheme::i2_s);
      const Tensor y = linear(x, weight, activations);
      if (activations == Activations::as_is) expect_within_a_step(x, weight, y, reference_linear(x, weight));
      for (const Packing packing : {Packing::i2s_arm, Packing::i2s_rows})
        EXPECT_EQ(floats(linear(x, repack_i2s(weight, packing), activations)), floats(y)) << k;
    }
  }
}

TEST(Linear, ResultsDoNotDependOnThreadsOrBatch) {
  const Tensor w = normal({1500, 512}, 7), x = normal({7, 512}, 8);
  std::vector<Tensor> weights{w, astype(w, DType::f16), astype(w, DType::bf16)};
  for (const Scheme scheme : schemes) weights.push_back(quantize(w, scheme));
  for (const Tensor& weight : weights) {
    set_num_threads(1);
    const auto expected = floats(linear(x, weight));
    for (const int threads : {2, 7}) {
      set_num_threads(threads);
      EXPECT_EQ(floats(linear(x, weight)), expected) << describe(weight);
    }
    for (std::int64_t i = 0; i < 7; ++i) {
      const auto one = floats(linear(x.slice(0, i, i + 1), weight));
      EXPECT_TRUE(std::equal(one.begin(), one.end(), expected.begin() + i * 1500)) << describe(weight);
    }
  }
}

TEST(Linear, ManyRowsAreTakenInPieces) {
  const Tensor weight = quantize(normal({5, 64}, 9), Scheme::q8_0), x = normal({600, 64}, 10);
  expect_within_a_step(x, weight, linear(x, weight), reference_linear(x, weight));
}

TEST(Linear, PlainWeightsOfEveryFloatAndStride) {
  for (const DType xt : {DType::f32, DType::f16, DType::bf16, DType::f64})
    for (const DType wt : {DType::f32, DType::f16, DType::bf16, DType::f64})
      for (const std::int64_t m : {1, 20})
        for (const bool turned : {false, true}) {
          const Tensor x = astype(normal({m, 75}, 11), xt);
          const Tensor w = turned ? astype(normal({75, 33}, 12), wt).transpose(0, 1) : astype(normal({33, 75}, 12), wt);
          const Tensor y = linear(x, w);
          ASSERT_EQ(y.dtype(), xt);
          const auto found = floats(y), expected = floats(reference_linear(x, w));
          // |products| ≤ 25; 75 of them in f32 sums, then a unit in the last place of the narrow type.
          const double unit = xt == DType::bf16 ? 0x1p-7 : xt == DType::f16 ? 0x1p-10 : 0;
          for (std::size_t i = 0; i < found.size(); ++i)
            ASSERT_NEAR(found[i], expected[i], 75 * 25 * 0x1p-24 + unit * std::abs(expected[i]));
        }
}

TEST(Linear, PlainWeightsWithRoundedActivations) {
  const Tensor x = normal({4, 200}, 13), w = normal({6, 200}, 14);
  const auto found = floats(linear(x, w, Activations::int8_per_row));
  const auto expected = floats(reference_linear(x, w, Activations::int8_per_row));
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 200 * 16 * 0x1p-23);
}

TEST(Linear, ViewsEmptyAndNarrow) {
  const Tensor w = quantize(normal({40, 64}, 15), Scheme::q4_1), x = normal({2, 64}, 16);
  const auto all = floats(linear(x, w));
  const auto some = floats(linear(x, w.slice(0, 39, 3, -4)));  // rows 39, 35 … 7
  for (std::size_t r = 0; r < 9; ++r)
    for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(some[i * 9 + r], all[i * 40 + 39 - 4 * r]);
  EXPECT_EQ(linear(Tensor::zeros({0, 64}, DType::f32), w).shape(), (Shape{0, 40}));
  EXPECT_EQ(floats(linear(Tensor::zeros({2, 0}, DType::f32), Tensor::zeros({3, 0}, DType::f32))),
            std::vector<float>(6, 0.0f));
  const Tensor half = linear(astype(x, DType::f16), w);
  EXPECT_EQ(half.dtype(), DType::f16);
  EXPECT_EQ(floats(half), floats(astype(linear(astype(astype(x, DType::f16), DType::f32), w), DType::f16)));
  EXPECT_THROW(
      linear(normal({1, 256}, 1), Tensor::view_of(Storage::allocate(192), 0, {1, 256}, Encoding::of(Scheme::f6_e2m3))),
      NotImplemented);
}

TEST(Embedding, RowsOfPlainAndEncodedWeights) {
  const Tensor w = normal({50, 256}, 17);
  const Tensor ids = Tensor::from<std::int32_t>({3, 0, 49, 3, 17, 17}, Shape{2, 3});
  std::vector<Tensor> weights{w, astype(w, DType::bf16), astype(w, DType::f64), w.slice(1, 0, 256, 2),
                              normal({256, 50}, 18).transpose(0, 1)};
  for (const Scheme scheme : schemes) weights.push_back(quantize(w, scheme));
  for (const Tensor& weight : weights) {
    const Tensor found = embedding(weight, ids);
    EXPECT_EQ(found.shape(), (Shape{2, 3, weight.shape()[1]}));
    const ScopedColumn column(Column::reference);
    EXPECT_EQ(floats(found), floats(embedding(weight, ids))) << describe(weight);
  }
}

}  // namespace
}  // namespace ingot
