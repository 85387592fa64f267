// Block formats where processors differ: rounding of ties, contraction to FMA, and conversions out of range (x86 gives
// the smallest integer, ARM saturates). Expected codes are worked out by hand from ggml's definition of Q8_0: d =
// max|x| / 127, code = x / d rounded half away from zero.
#include <gtest/gtest.h>

#include <array>
#include <bit>

#include "quant/block_format.h"

namespace ingot {
namespace {

std::array<std::byte, 34> encode_q8_0(const std::array<float, 32>& values) {
  std::array<std::byte, 34> block{};
  block_format(Scheme::q8_0).encode(values.data(), nullptr, 32, block.data());
  return block;
}

int code(const std::array<std::byte, 34>& block, std::size_t i) { return std::bit_cast<std::int8_t>(block[2 + i]); }

TEST(Blocks, TiesRoundAwayFromZero) {
  std::array<float, 32> values{127, 0.5f, -0.5f, 2.5f, -2.5f, 0.49999997f, 126.5f, -126.5f};
  const auto block = encode_q8_0(values);
  EXPECT_EQ(std::to_integer<int>(block[0]) | std::to_integer<int>(block[1]) << 8, 0x3C00);  // d = 1 in f16
  const int expected[] = {127, 1, -1, 3, -3, 0, 127, -127, 0};
  for (std::size_t i = 0; i < std::size(expected); ++i) EXPECT_EQ(code(block, i), expected[i]) << i;
}

TEST(Blocks, AnInfiniteInverseGivesZeros) {
  // d = 1e-40 / 127 is subnormal and its inverse infinite.
  std::array<float, 32> values{1e-40f, -1e-40f};
  const auto block = encode_q8_0(values);
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(code(block, i), 0) << i;
}

TEST(Blocks, DecodeMultipliesInSinglePrecision) {
  std::array<float, 32> values{};
  for (std::size_t i = 0; i < 32; ++i) values[i] = static_cast<float>(i) * 0.37f - 5.0f;
  const auto block = encode_q8_0(values);
  std::array<float, 32> decoded{};
  block_format(Scheme::q8_0).decode(block.data(), 32, decoded.data());
  // Half a step of d = max|x| / 127 (6.47 / 127), and the rounding of d to f16 (2⁻¹¹) over at most 127 steps.
  const float limit = 6.47f / 127 * 0.5f + 6.47f / 2048;
  for (std::size_t i = 0; i < 32; ++i) EXPECT_NEAR(decoded[i], values[i], limit) << i;
}

}  // namespace
}  // namespace ingot
