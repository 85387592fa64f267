// MLX's codes against what MLX made (tools/make_mlx_goldens.py); whole directories are tests/python/test_mlx.py's part.
#include "quant/mlx.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "ingot/checkpoint.h"
#include "ingot/ops.h"
#include "quant/mlx_blocks.h"
#include "quant/rows.h"

namespace ingot {
namespace {

std::vector<float> floats(const Tensor& x) {
  std::vector<float> values(static_cast<std::size_t>(x.numel()));
  const Tensor f32 = contiguous(astype(x, DType::f32));
  std::memcpy(values.data(), f32.data<float>(), values.size() * sizeof(float));
  return values;
}

std::vector<std::byte> bytes(const Tensor& x) { return {x.bytes(), x.bytes() + x.nbytes()}; }

std::vector<MlxScheme> all_schemes() {
  std::vector<MlxScheme> schemes;
  for (const int bits : {2, 3, 4, 5, 6, 8})
    for (const int group : {32, 64, 128}) schemes.push_back({MlxMode::affine, bits, group});
  for (const MlxMode mode : {MlxMode::mxfp4, MlxMode::mxfp8, MlxMode::nvfp4}) schemes.push_back(mlx_default(mode));
  return schemes;
}

struct Golden {
  Checkpoint file = open_checkpoint("tests/golden/mlx.safetensors");

  Tensor get(DType dtype, const MlxScheme& scheme, std::string_view part) const {
    return file.get(
        fmt::format("{}/{}/{}/{}/{}", to_string(dtype), to_string(scheme.mode), scheme.bits, scheme.group, part));
  }
};

class MlxOfDtype : public ::testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(Mlx, MlxOfDtype, ::testing::Values(DType::f16, DType::bf16, DType::f32),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(MlxOfDtype, PartsAreThoseOfMlxByteForByte) {
  const Golden golden;
  const std::vector<float> x = floats(golden.file.get(to_string(GetParam())));
  const auto n = static_cast<std::int64_t>(x.size());
  for (const MlxScheme& scheme : all_schemes()) {
    const bool affine = scheme.mode == MlxMode::affine;
    const auto scale_bytes = static_cast<std::size_t>(n / scheme.group * (affine ? bit_width(GetParam()) / 8 : 1));
    std::vector<std::byte> codes(static_cast<std::size_t>(scheme.code_bytes(n))), scales(scale_bytes),
        biases(scale_bytes);
    mlx_encode(scheme, GetParam(), x.data(), n, {codes.data(), scales.data(), biases.data()});
    EXPECT_EQ(codes, bytes(golden.get(GetParam(), scheme, "codes"))) << scheme.describe();
    EXPECT_EQ(scales, bytes(golden.get(GetParam(), scheme, "scales"))) << scheme.describe();
    if (affine) {
      EXPECT_EQ(biases, bytes(golden.get(GetParam(), scheme, "biases"))) << scheme.describe();
    }
    // Each part alone is what it is beside the others.
    std::vector<std::byte> alone(codes.size());
    mlx_encode(scheme, GetParam(), x.data(), n, {.codes = alone.data()});
    EXPECT_EQ(alone, codes) << scheme.describe();
  }
}

TEST(Mlx, ValuesAreThoseOfMlxBitForBit) {
  const Golden golden;
  for (const MlxScheme& scheme : all_schemes()) {
    const bool affine = scheme.mode == MlxMode::affine;
    const Tensor codes = golden.get(DType::bf16, scheme, "codes"), scales = golden.get(DType::bf16, scheme, "scales");
    const Tensor biases = affine ? golden.get(DType::bf16, scheme, "biases") : Tensor();
    const Tensor expected = golden.get(DType::bf16, scheme, "values");
    std::vector<float> values(static_cast<std::size_t>(codes.size(0) * expected.size(1)));
    mlx_decode(scheme, DType::bf16, codes.bytes(), scales.bytes(), affine ? biases.bytes() : nullptr,
               static_cast<std::int64_t>(values.size()), values.data());
    for (std::int64_t row = 0; row < expected.size(0); ++row)
      EXPECT_EQ(std::memcmp(values.data() + 4 * row * expected.size(1), floats(expected.select(0, row)).data(),
                            static_cast<std::size_t>(expected.size(1)) * sizeof(float)),
                0)
          << scheme.describe() << " row " << 4 * row;
  }
}

// Below 2^-127 no scale byte is left; MLX's own cast wraps around to huge scales there.
TEST(Mlx, TinyNumbersTakeTheSmallestScale) {
  const std::vector<float> x(32, 0x1p-130f);
  std::byte scale{1};
  std::vector<std::byte> codes(16);
  mlx_encode(mlx_default(MlxMode::mxfp4), DType::f32, x.data(), 32, {codes.data(), &scale, nullptr});
  EXPECT_EQ(scale, std::byte{0});
  float back[32];
  mlx_decode(mlx_default(MlxMode::mxfp4), DType::f32, codes.data(), &scale, nullptr, 32, back);
  EXPECT_EQ(back[0], 0);  // an eighth of the scale
}

constexpr Scheme shared_schemes[] = {Scheme::q4_0, Scheme::q4_1,  Scheme::q5_0, Scheme::q5_1,
                                     Scheme::q8_0, Scheme::mxfp4, Scheme::nvfp4};

struct Parts {
  std::vector<std::byte> codes, scales, biases;
};

Parts parts_of(Scheme scheme, const Tensor& blocks) {
  const MlxScheme mlx = *mlx_scheme_of(scheme);
  const auto groups = static_cast<std::size_t>(blocks.numel() / mlx.group);
  Parts parts{std::vector<std::byte>(static_cast<std::size_t>(mlx.code_bytes(blocks.numel()))),
              std::vector<std::byte>(2 * groups), std::vector<std::byte>(2 * groups)};
  EXPECT_TRUE(mlx_from_blocks(scheme, blocks.bytes(), blocks.numel(),
                              {parts.codes.data(), parts.scales.data(), parts.biases.data()}));
  return parts;
}

TEST(MlxBlocks, SharedSchemesKeepEveryNumberAndEveryByte) {
  const Golden golden;
  const Tensor x = contiguous(astype(golden.file.get("f32"), DType::f32));
  for (const Scheme scheme : shared_schemes) {
    const Tensor blocks = quantize(x, scheme);
    const MlxScheme mlx = *mlx_scheme_of(scheme);
    const Parts parts = parts_of(scheme, blocks);
    std::vector<float> values(static_cast<std::size_t>(x.numel()));
    mlx_decode(mlx, DType::f16, parts.codes.data(), parts.scales.data(), parts.biases.data(), x.numel(), values.data());
    EXPECT_EQ(values, floats(dequantize(blocks))) << to_string(scheme);  // −0 equals 0

    BlocksOfMlx found(mlx, DType::f16, x.size(1));
    found.see(parts.codes.data(), parts.scales.data(), parts.biases.data(), x.numel());
    ASSERT_EQ(found.scheme(), scheme);
    std::vector<std::byte> back(blocks.nbytes());
    blocks_from_mlx(scheme, mlx, DType::f16, parts.codes.data(), parts.scales.data(), parts.biases.data(), x.numel(),
                    back.data());
    EXPECT_EQ(back, bytes(blocks)) << to_string(scheme);
  }
}

TEST(MlxBlocks, LongGroupsRepeatTheirScaleInBlocks) {
  const Golden golden;
  const std::vector<float> x = floats(golden.file.get("bf16").slice(0, 0, 4));  // three of them constant
  const auto n = static_cast<std::int64_t>(x.size());
  const MlxScheme scheme{MlxMode::affine, 4, 128};
  std::vector<std::byte> codes(x.size() / 2), scales(x.size() / 64), biases(x.size() / 64), blocks(x.size() / 32 * 20);
  mlx_encode(scheme, DType::bf16, x.data(), n, {codes.data(), scales.data(), biases.data()});
  BlocksOfMlx found(scheme, DType::bf16, 128);
  found.see(codes.data(), scales.data(), biases.data(), n);
  ASSERT_EQ(found.scheme(), Scheme::q4_1);
  blocks_from_mlx(Scheme::q4_1, scheme, DType::bf16, codes.data(), scales.data(), biases.data(), n, blocks.data());
  std::vector<float> expected(x.size()), values(x.size());
  mlx_decode(scheme, DType::bf16, codes.data(), scales.data(), biases.data(), n, expected.data());
  block_format(Scheme::q4_1).decode(blocks.data(), n, values.data());
  EXPECT_EQ(values, expected);
}

TEST(MlxBlocks, NumbersThatBlocksCannotHoldAreSeen) {
  const auto scheme_of = [](MlxScheme mlx, float scale, float bias) {
    BlocksOfMlx found(mlx, DType::f32, 32);
    const std::vector<std::byte> ones(32, std::byte{0x11});
    found.see(ones.data(), reinterpret_cast<const std::byte*>(&scale), reinterpret_cast<const std::byte*>(&bias), 32);
    return found.scheme();
  };
  const MlxScheme four{MlxMode::affine, 4, 32}, eight{MlxMode::affine, 8, 32}, three{MlxMode::affine, 3, 32};
  EXPECT_EQ(scheme_of(four, 0.5f, -4), Scheme::q4_0);
  EXPECT_EQ(scheme_of(four, 0.5f, -3), Scheme::q4_1);
  EXPECT_EQ(scheme_of(four, 0.1f, -3), std::nullopt);     // no f16
  EXPECT_EQ(scheme_of(four, 0.5f, 70000), std::nullopt);  // past f16
  EXPECT_EQ(scheme_of(eight, 0.5f, -64), Scheme::q8_0);
  EXPECT_EQ(scheme_of(eight, 0.5f, -63), std::nullopt);
  EXPECT_EQ(scheme_of(three, 0.5f, -2), std::nullopt);
  // A row of 32 elements is half a block of NVFP4; byte 127 is no number to ggml.
  EXPECT_EQ(BlocksOfMlx(mlx_default(MlxMode::nvfp4), DType::f32, 32).scheme(), std::nullopt);
  const std::byte scales[4] = {std::byte{1}, std::byte{2}, std::byte{127}, std::byte{3}};
  BlocksOfMlx nvfp4(mlx_default(MlxMode::nvfp4), DType::f32, 64);
  EXPECT_EQ(nvfp4.scheme(), Scheme::nvfp4);
  nvfp4.see(nullptr, scales, nullptr, 64);
  EXPECT_EQ(nvfp4.scheme(), std::nullopt);
  // The bias −128·d of the largest Q8_0 scales is no f16.
  std::byte block[34] = {};
  const Float16 d = to_float16(1000.0f);
  std::memcpy(block, &d, 2);
  EXPECT_FALSE(mlx_from_blocks(Scheme::q8_0, block, 32, {}));
}

}  // namespace
}  // namespace ingot
