// Random numbers against the published vectors of Philox and formulas written out here.
#include "ingot/ops/random.h"

#include <gtest/gtest.h>

#include <array>
#include <numbers>

#include "core/int128.h"
#include "core/philox.h"
#include "ingot/ops.h"
#include "support/cases.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::doubles;
using testing::expect_error;

using Values = std::vector<double>;

// philox4x32 10 of Random123's kat_vectors, key and counter 0, and counter 1 as computed with Random123.
constexpr std::array<std::uint32_t, 4> first_block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};

std::uint32_t word(std::uint64_t seed, std::uint64_t block, std::size_t lane, std::uint32_t attempt = 0) {
  return philox4x32({static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), attempt, 0},
                    {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)})[lane];
}

TEST(Uniform, AreTheTopBitsOfThePublishedWords) {
  Generator generator;
  const auto f32 = doubles(uniform(generator, Shape{4}));
  EXPECT_EQ(generator.offset(), 1u);
  generator = Generator();
  const auto f16 = doubles(uniform(generator, Shape{4}, 0, 1, DType::f16));
  generator = Generator();
  const auto bf16 = doubles(uniform(generator, Shape{4}, 0, 1, DType::bf16));
  generator = Generator();
  const auto f64 = doubles(uniform(generator, Shape{2}, 0, 1, DType::f64));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(f32[i], (first_block[i] >> 8) * 0x1p-24);
    EXPECT_EQ(f16[i], (first_block[i] >> 21) * 0x1p-11);
    EXPECT_EQ(bf16[i], (first_block[i] >> 24) * 0x1p-8);
  }
  EXPECT_EQ(f64[0], static_cast<double>(0xe169c58d6627e8d5u >> 11) * 0x1p-53);
  EXPECT_EQ(f64[1], static_cast<double>(0x9b00dbd8bc57ac4cu >> 11) * 0x1p-53);
}

TEST(Normal, IsBoxAndMuller) {
  const std::uint64_t seed = 0xfedcba9876543210, offset = 0xffffffff;  // the counter's lower word wraps
  for (const bool wide : {false, true}) {
    Generator generator(seed, offset);
    const auto found = doubles(normal(generator, Shape{3, 5}, 1, 2, wide ? DType::f64 : DType::f32));
    EXPECT_EQ(generator.offset(), offset + (wide ? 8 : 4));
    for (std::uint64_t pair = 0; pair < 8; ++pair) {
      double u1, u2;
      if (wide) {
        const std::uint64_t block = offset + pair;
        const auto bits = [&](std::size_t lane) {
          return (std::uint64_t{word(seed, block, lane + 1)} << 32 | word(seed, block, lane)) >> 11;
        };
        u1 = static_cast<double>(bits(0) + 1) * 0x1p-53;
        u2 = static_cast<double>(bits(2)) * 0x1p-53;
      } else {
        u1 = (word(seed, offset + pair / 2, pair % 2 * 2) + 1.0) * 0x1p-32;
        u2 = word(seed, offset + pair / 2, pair % 2 * 2 + 1) * 0x1p-32;
      }
      const double radius = std::sqrt(-2 * std::log(u1)), turn = 2 * std::numbers::pi * u2;
      const double z[] = {1 + 2 * radius * std::cos(turn), 1 + 2 * radius * std::sin(turn)};
      for (std::size_t k = 0; k < 2 && pair * 2 + k < 15; ++k) {
        // The compiler may order the products of the formula otherwise: two roundings in f64.
        const double expected = wide ? z[k] : static_cast<double>(static_cast<float>(z[k]));
        EXPECT_NEAR(found[pair * 2 + k], expected, wide ? 4 * 0x1p-52 * (1 + std::fabs(expected)) : 0);
      }
    }
  }
}

TEST(Randint, IsLemiresMethod) {
  // A range just above 2^63: every second draw is rejected.
  const std::int64_t low = std::numeric_limits<std::int64_t>::min(), high = 2;
  const std::uint64_t range = (std::uint64_t{1} << 63) + 2;
  Generator generator(5, 9);
  const Tensor found = randint(generator, low, high, Shape{100});
  EXPECT_EQ(generator.offset(), 59u);
  int rejected = 0;
  for (std::uint64_t i = 0; i < 100; ++i)
    for (std::uint32_t attempt = 0;; ++attempt) {
      const std::uint64_t bits =
          std::uint64_t{word(5, 9 + i / 2, i % 2 * 2 + 1, attempt)} << 32 | word(5, 9 + i / 2, i % 2 * 2, attempt);
      const UInt128 product = UInt128{bits} * range;
      // 2^64 mod range numbers are one draw too many for a fair share.
      if (static_cast<std::uint64_t>(product) < (std::uint64_t{1} << 63) - 2) {
        ++rejected;
        continue;
      }
      EXPECT_EQ(static_cast<std::uint64_t>(found.data<std::int64_t>()[i]),
                static_cast<std::uint64_t>(product >> 64) + static_cast<std::uint64_t>(low));
      break;
    }
  EXPECT_GT(rejected, 50);
  EXPECT_LT(rejected, 200);
}

TEST(Numbers, DependOnSeedPositionAndNumberAlone) {
  Generator a(7), b(7), c(8), d(7, 1);
  const auto plain = doubles(uniform(a, Shape{6, 4}));
  EXPECT_EQ(doubles(uniform(b, Shape{2, 12})), plain);
  EXPECT_NE(doubles(uniform(c, Shape{6, 4})), plain);
  const auto later = doubles(uniform(d, Shape{20}));
  EXPECT_TRUE(std::equal(later.begin(), later.end(), plain.begin() + 4));
  EXPECT_EQ(doubles(uniform(b, Shape{4})), doubles(uniform(a, Shape{4})));
}

// Moments of n numbers lie within 5 deviations of the mean with probability 1 − 6e-7; the seed is fixed.
TEST(Numbers, HaveTheirMoments) {
  const std::int64_t n = 200000;
  const double root = std::sqrt(static_cast<double>(n));
  const auto moments = [&](const Tensor& x) {
    double sum = 0, squares = 0;
    for (const double v : doubles(x)) sum += v, squares += v * v;
    const double mean = sum / static_cast<double>(n);
    return std::array{mean, squares / static_cast<double>(n) - mean * mean};
  };
  Generator generator(2024);
  const auto u = moments(uniform(generator, Shape{n}, -1, 3));
  EXPECT_NEAR(u[0], 1, 5 * std::sqrt(16.0 / 12) / root);
  EXPECT_NEAR(u[1], 16.0 / 12, 5 * std::sqrt(256 * (1.0 / 80 - 1.0 / 144)) / root);
  const auto z = moments(normal(generator, Shape{n}, 3, 2));
  EXPECT_NEAR(z[0], 3, 5 * 2 / root);
  EXPECT_NEAR(z[1], 4, 5 * 4 * std::sqrt(2.0) / root);
  const auto b = moments(bernoulli(generator, Shape{n}, 0.2));
  EXPECT_NEAR(b[0], 0.2, 5 * 0.4 / root);
  const auto p = doubles(bernoulli(generator, Tensor::from<float>({0, 1, 1, 0})));
  EXPECT_EQ(p, (Values{0, 1, 1, 0}));
  std::array<int, 10> count{};
  for (const double v : doubles(randint(generator, -4, 6, Shape{n}, DType::i8)))
    ++count.at(static_cast<std::size_t>(v + 4));
  for (const int c : count) EXPECT_NEAR(c, static_cast<double>(n) / 10, 5 * std::sqrt(0.09 * static_cast<double>(n)));
}

TEST(Permutation, HoldsEveryNumberOnceAndPrefersNone) {
  Generator generator(1);
  std::array<std::array<int, 4>, 4> at{};
  for (int i = 0; i < 6000; ++i) {
    unsigned seen = 0;
    const auto order = doubles(permutation(generator, 4));
    for (std::size_t k = 0; k < 4; ++k) {
      seen |= 1u << static_cast<unsigned>(order[k]);
      ++at[k].at(static_cast<std::size_t>(order[k]));
    }
    ASSERT_EQ(seen, 15u);
  }
  for (const auto& row : at)
    for (const int c : row) EXPECT_NEAR(c, 1500, 5 * std::sqrt(6000 * 3.0 / 16));
  EXPECT_EQ(permutation(generator, 0).numel(), 0);
}

TEST(RandomErrors, NameTheArgument) {
  Generator g;
  expect_error(ErrorCode::invalid_argument, "uniform", {"2", "1"}, [&] { uniform(g, Shape{1}, 2, 1); });
  expect_error(ErrorCode::invalid_argument, "uniform", {"inf"}, [&] { uniform(g, Shape{1}, 0, HUGE_VAL); });
  expect_error(ErrorCode::dtype_mismatch, "uniform", {"i32"}, [&] { uniform(g, Shape{1}, 0, 1, DType::i32); });
  expect_error(ErrorCode::invalid_argument, "normal", {"-1"}, [&] { normal(g, Shape{1}, 0, -1); });
  expect_error(ErrorCode::out_of_range, "normal", {"(-3,)"}, [&] { normal(g, Shape{-3}); });
  expect_error(ErrorCode::invalid_argument, "randint", {"3", "empty"}, [&] { randint(g, 3, 3, Shape{1}); });
  expect_error(ErrorCode::out_of_range, "randint", {"256", "u8"}, [&] { randint(g, 0, 257, Shape{1}, DType::u8); });
  expect_error(ErrorCode::invalid_argument, "bernoulli", {"1.5"}, [&] { bernoulli(g, Shape{1}, 1.5); });
  expect_error(ErrorCode::invalid_argument, "bernoulli", {"nan", "f32 (2,)"},
               [&] { bernoulli(g, Tensor::from<float>({0.5f, NAN})); });
  expect_error(ErrorCode::out_of_range, "permutation", {"(-1,)"}, [&] { permutation(g, -1); });
  EXPECT_EQ(g.offset(), 0u);
}

}  // namespace
}  // namespace ingot
