// Block formats and ternary weights; bytes against the `gguf` package are tests/python/test_blocks.py's part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "quant/block_format.h"
#include "quant/blocks/k_lanes.h"
#include "quant/i2_s.h"
#include "quant/rows.h"
#include "quant/ternary.h"

namespace ingot {
namespace {

using ::testing::HasSubstr;

std::vector<float> normal_values(std::size_t n, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(engine);
  return values;
}

std::vector<float> floats(const Tensor& x) {
  std::vector<float> values(static_cast<std::size_t>(x.numel()));
  std::memcpy(values.data(), x.data<float>(), values.size() * sizeof(float));
  return values;
}

constexpr Scheme row_schemes[] = {Scheme::q4_0,  Scheme::q4_1,  Scheme::q5_0,   Scheme::q5_1,
                                  Scheme::q8_0,  Scheme::tq1_0, Scheme::tq2_0,  Scheme::mxfp4,
                                  Scheme::nvfp4, Scheme::q2_k,  Scheme::q3_k,   Scheme::q4_k,
                                  Scheme::q5_k,  Scheme::q6_k,  Scheme::iq4_nl, Scheme::iq4_xs};

TEST(BlockFormats, CpuColumnWritesTheBytesOfTheReference) {
  // Rows of three blocks: Q4_K and Q5_K take two at a time.
  const Tensor x = Tensor::from<float>(normal_values(300 * 768, 1), Shape{3, 100, 768});
  for (const Scheme scheme : row_schemes) {
    Tensor expected;
    {
      const ScopedColumn column(Column::reference);
      expected = quantize(x, scheme);
    }
    for (const int threads : {1, 2, 7}) {
      set_num_threads(threads);
      const Tensor found = quantize(x, scheme);
      ASSERT_EQ(found.nbytes(), expected.nbytes());
      EXPECT_EQ(std::memcmp(found.bytes(), expected.bytes(), found.nbytes()), 0) << to_string(scheme);
      EXPECT_EQ(floats(dequantize(found)), floats(dequantize(expected)));
    }
  }
}

TEST(BlockFormats, RoundTripErrorIsAtMostTheStep) {
  const Tensor x = Tensor::from<float>(normal_values(64 * 256, 2), Shape{64, 256});
  // Half a step for codes that reach both ends, plus f16's rounding of d and m; Q4_0 and Q5_0 clip the positive end,
  // which costs a whole step there.
  const std::pair<Scheme, double> steps[] = {{Scheme::q4_0, 1.0 / 8},
                                             {Scheme::q5_0, 1.0 / 16},
                                             {Scheme::q4_1, 1.0 / 15},
                                             {Scheme::q5_1, 1.0 / 31},
                                             {Scheme::q8_0, 0.5 / 127}};
  const std::vector<float> in = floats(x);
  for (const auto& [scheme, step] : steps) {
    const std::vector<float> out = floats(dequantize(quantize(x, scheme)));
    for (std::size_t block = 0; block < in.size(); block += 32) {
      double largest = 0;
      for (std::size_t i = block; i < block + 32; ++i) largest = std::max(largest, std::abs(double{in[i]}));
      // f16 keeps 11 bits: every decoded value is off by at most 2⁻¹¹ of twice the block's range besides.
      const double limit = largest * (step * (1 + 1e-5) + 0x1p-10);
      for (std::size_t i = block; i < block + 32; ++i) ASSERT_NEAR(in[i], out[i], limit) << to_string(scheme);
    }
  }
}

// Every f16, the middle between it and the next (a tie), and the floats beside that.
TEST(BlockFormats, TheKQuantsRoundScalesAsTheDtypeDoes) {
  for (std::uint32_t i = 0; i < 0x7BFF; ++i) {
    const float low = to_float(Float16{static_cast<std::uint16_t>(i)});
    const float middle = (low + to_float(Float16{static_cast<std::uint16_t>(i + 1)})) / 2;
    for (const float x : {low, middle, std::nextafter(middle, 0.0f), std::nextafter(middle, 1e9f)})
      for (const float signed_x : {x, -x}) {
        if (signed_x == 0) continue;
        const blocks::Half found = blocks::half(signed_x);
        ASSERT_EQ(found.bits, to_float16(signed_x).bits) << signed_x;
        ASSERT_EQ(found.value, to_float(Float16{found.bits})) << signed_x;
      }
  }
  EXPECT_EQ(blocks::half(1e9f).value, 65504);
}

TEST(BlockFormats, ReadsNarrowAndWideFloats) {
  const std::vector<float> values = normal_values(256, 3);
  std::vector<BFloat16> narrow(256);
  std::vector<float> widened(256);
  std::vector<double> wide(256);
  for (std::size_t i = 0; i < 256; ++i) {
    narrow[i] = to_bfloat16(values[i]);
    widened[i] = to_float(narrow[i]);
    wide[i] = values[i];
  }
  const auto equal = [](const Tensor& a, const Tensor& b) {
    return std::memcmp(a.bytes(), b.bytes(), a.nbytes()) == 0;
  };
  EXPECT_TRUE(equal(quantize(Tensor::from<BFloat16>(narrow), Scheme::q8_0),
                    quantize(Tensor::from<float>(widened), Scheme::q8_0)));
  EXPECT_TRUE(
      equal(quantize(Tensor::from<double>(wide), Scheme::q8_0), quantize(Tensor::from<float>(values), Scheme::q8_0)));
}

TEST(BlockFormats, RefusesWhatItCannotEncode) {
  const auto message = [](const Tensor& x, Scheme scheme) -> std::string {
    try {
      quantize(x, scheme, "blk.3.ffn_up.weight");
    } catch (const Error& error) {
      return std::string(to_string(error.code())) + ": " + error.what();
    }
    return "nothing was thrown";
  };
  std::vector<float> values(1 << 20, 1.0f);
  values[700001] = INFINITY;
  values[900000] = NAN;
  const Tensor x = Tensor::from<float>(values, Shape{1024, 1024});
  for (const Scheme scheme : {Scheme::q8_0, Scheme::i2_s})
    EXPECT_THAT(message(x, scheme), testing::AllOf(HasSubstr("invalid_argument"), HasSubstr("blk.3.ffn_up.weight"),
                                                   HasSubstr("element 700001 "), HasSubstr("inf")));
  EXPECT_THAT(message(Tensor::full({64}, 1e39, DType::f64), Scheme::q8_0).substr(0, 7), "invalid");
  EXPECT_THAT(message(Tensor::zeros({4, 40}, DType::f32), Scheme::q4_0), HasSubstr("shape_mismatch"));
  EXPECT_THAT(message(Tensor::zeros({4, 256}, DType::f32), Scheme::iq2_xs), HasSubstr("not_implemented"));
  EXPECT_THAT(message(Tensor::zeros({4, 256}, DType::i32), Scheme::q8_0), HasSubstr("dtype_mismatch"));
}

TEST(BlockFormats, DecodesViewsAlongOuterDimensions) {
  const Tensor x = Tensor::from<float>(normal_values(6 * 5 * 64, 4), Shape{6, 5, 64});
  const Tensor encoded = quantize(x, Scheme::q5_1);
  const std::vector<float> all = floats(dequantize(encoded));
  const std::vector<float> some = floats(dequantize(encoded.slice(0, 5, 0, -2).permute({1, 0, 2})));  // 5, 3, 1
  ASSERT_EQ(some.size(), 5u * 3u * 64u);
  for (std::size_t j = 0; j < 5; ++j)
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t k = 0; k < 64; ++k) ASSERT_EQ(some[(j * 3 + i) * 64 + k], all[((5 - 2 * i) * 5 + j) * 64 + k]);
}

TEST(BlockFormats, EmptyTensors) {
  EXPECT_EQ(quantize(Tensor::zeros({0, 64}, DType::f32), Scheme::q8_0).nbytes(), 0u);
  EXPECT_EQ(dequantize(quantize(Tensor::zeros({3, 0}, DType::f32), Scheme::tq1_0)).numel(), 0);
  EXPECT_EQ(quantize(Tensor::zeros({0, 64}, DType::f32), Scheme::i2_s).nbytes(), 32u);
}

// I2_S: where each packing keeps an element, written out from the format's description rather than from our code.
int code_at(const std::byte* bytes, Packing packing, std::int64_t columns, std::int64_t i) {
  std::int64_t byte = 0, quarter = 0;
  switch (packing) {
    case Packing::i2s_x86:
      byte = i / 128 * 32 + i % 128 % 32;
      quarter = i % 128 / 32;
      break;
    case Packing::i2s_arm:
      byte = i / 64 * 16 + i % 64 % 16;
      quarter = i % 64 / 16;
      break;
    case Packing::i2s_rows:
      byte = i / columns / 4 * columns + i % columns;
      quarter = i / columns % 4;
      break;
    case Packing::none: break;
  }
  return std::to_integer<int>(bytes[byte]) >> (6 - 2 * quarter) & 3;
}

constexpr Packing packings[] = {Packing::i2s_x86, Packing::i2s_arm, Packing::i2s_rows};

TEST(I2S, PacksSignsWithTheLargestMagnitudeAsScale) {
  std::vector<float> values = normal_values(300 * 96, 5);
  for (std::size_t i = 0; i < values.size(); i += 3) values[i] = 0;
  values[1] = 9e-7f;    // below the threshold
  values[2] = -1e-6f;   // rounds to 9.9999999747e-7: below
  values[4] = 1.1e-6f;  // above
  values[77] = -6.5f;   // the largest
  const Tensor x = Tensor::from<float>(values, Shape{3, 100, 96});
  for (const Packing packing : packings) {
    const Tensor encoded = quantize(x, Scheme::i2_s, "w", packing);
    ASSERT_EQ(encoded.nbytes(), values.size() / 4 + 32);
    EXPECT_EQ(encoded.encoding()->scale(), 6.5f);
    float tail[8];
    std::memcpy(tail, encoded.bytes() + values.size() / 4, 32);
    EXPECT_THAT(tail, testing::ElementsAre(6.5f, 0, 0, 0, 0, 0, 0, 0));
    const std::vector<float> decoded = floats(dequantize(encoded));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int expected = std::abs(double{values[i]}) < 1e-6 ? 1 : values[i] > 0 ? 2 : 0;
      ASSERT_EQ(code_at(encoded.bytes(), packing, 96, static_cast<std::int64_t>(i)), expected) << i;
      ASSERT_EQ(decoded[i], static_cast<float>(expected - 1) * 6.5f);
    }
  }
}

TEST(I2S, RepacksBetweenAllPackings) {
  const Tensor x = Tensor::from<float>(normal_values(1200 * 32, 6), Shape{1200, 32});
  for (const Packing from : packings)
    for (const Packing to : packings) {
      const Tensor repacked = repack_i2s(quantize(x, Scheme::i2_s, "w", from), to);
      const Tensor direct = quantize(x, Scheme::i2_s, "w", to);
      EXPECT_EQ(repacked.encoding()->packing(), to);
      EXPECT_EQ(std::memcmp(repacked.bytes(), direct.bytes(), direct.nbytes()), 0);
    }
}

TEST(I2S, RefusesWhatAPackingCannotHold) {
  EXPECT_THROW(quantize(Tensor::zeros({1, 64}, DType::f32), Scheme::i2_s), Error);
  EXPECT_NO_THROW(quantize(Tensor::zeros({1, 64}, DType::f32), Scheme::i2_s, "w", Packing::i2s_arm));
  EXPECT_THROW(quantize(Tensor::zeros({2, 64}, DType::f32), Scheme::i2_s, "w", Packing::i2s_rows), Error);
}

TEST(Ternary, FollowsTheTrainingRule) {
  for (const std::int64_t columns : {128, 96}) {  // encoded, and plain because rows are no multiple of 128
    std::vector<float> values = normal_values(static_cast<std::size_t>(64 * columns), 7);
    // Make the mean exactly 2, so that s is ½ and W·s = ±½ can be met exactly: it rounds to 0 (half to even).
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::copysign(i % 2 ? 1.0f : 3.0f, values[i]);
    const Tensor encoded = ternarize(Tensor::from<float>(values, Shape{64, columns}));
    EXPECT_EQ(encoded.is_quantized(), columns == 128);
    const std::vector<float> found = floats(encoded.is_quantized() ? dequantize(encoded) : encoded);
    for (std::size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(found[i], i % 2 ? 0.0f : std::copysign(2.0f, values[i])) << i;
  }
}

TEST(Ternary, ScaleOfRandomWeightsIsTheInverseOfTheInverseMean) {
  const std::vector<float> values = normal_values(256 * 256, 8);
  double sum = 0;
  for (const float value : values) sum += std::abs(double{value});
  const float s = 1.0f / static_cast<float>(sum / 65536);
  const Tensor encoded = ternarize(Tensor::from<float>(values, Shape{256, 256}));
  EXPECT_EQ(encoded.encoding()->scale(), 1.0f / s);
  const std::vector<float> found = floats(dequantize(encoded));
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(found[i], std::clamp(std::nearbyint(values[i] * s), -1.0f, 1.0f) / s);
  // All zero: the mean is clamped at 1e-5.
  EXPECT_EQ(ternarize(Tensor::zeros({1, 128}, DType::bf16)).encoding()->scale(), 1.0f / (1.0f / 1e-5f));
  EXPECT_THROW(ternarize(Tensor::full({1, 128}, NAN)), Error);
}

TEST(Ternary, UnpacksHuggingFaceLayout) {
  for (const std::int64_t columns : {256, 40}) {
    const std::int64_t rows = 10, quarter = 3;
    std::mt19937 engine(9);
    std::vector<int> weights(static_cast<std::size_t>(4 * quarter * columns));
    for (int& w : weights) w = static_cast<int>(engine() % 3) - 1;
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(quarter * columns));
    for (std::int64_t i = 0; i < 4; ++i)
      for (std::int64_t r = 0; r < quarter; ++r)
        for (std::int64_t c = 0; c < columns; ++c)
          bytes[static_cast<std::size_t>(r * columns + c)] = static_cast<std::uint8_t>(
              bytes[static_cast<std::size_t>(r * columns + c)] |
              (weights[static_cast<std::size_t>((i * quarter + r) * columns + c)] + 1) << 2 * i);
    const Tensor packed = Tensor::from<std::uint8_t>(bytes, Shape{quarter, columns});
    const Tensor unpacked = unpack_bitnet(packed, 0.7f, rows);
    EXPECT_EQ(unpacked.shape(), (Shape{rows, columns}));
    const std::vector<float> found = floats(unpacked.is_quantized() ? dequantize(unpacked) : unpacked);
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], static_cast<float>(weights[i]) * 0.7f);
    EXPECT_THROW(unpack_bitnet(packed, 1, 13), Error);
    EXPECT_THROW(unpack_bitnet(packed, 1, 8), Error);
    bytes[5] = 0xFF;
    EXPECT_THROW(unpack_bitnet(Tensor::from<std::uint8_t>(bytes, Shape{quarter, columns}), 1), Error);
  }
}

}  // namespace
}  // namespace ingot
