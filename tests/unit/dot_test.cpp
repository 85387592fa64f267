// The dot-product kernels of every instruction set that this machine has.
#include "backends/cpu/dot.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/dot_cases.h"

namespace ingot {
namespace {

using namespace testing;

std::vector<const cpu::DotKernels*> all_kernels() {
  std::vector<const cpu::DotKernels*> found;
  for (const auto set : {InstructionSet::baseline, InstructionSet::neon_dotprod, InstructionSet::avx2,
                         InstructionSet::avx512, InstructionSet::avx512_vnni})
    if (const cpu::DotKernels* kernels = cpu::dot_kernels(set)) found.push_back(kernels);
  return found;
}

TEST(Dot, ProductsOfIntegersAreExact) {
  for (const cpu::DotKernels* kernels : all_kernels()) EXPECT_EQ(check_exact_products(*kernels), "");
}

TEST(Dot, TheBestSetIsTheOneInUse) {
  EXPECT_EQ(std::string(cpu::dot_kernels().name), to_string(instruction_set()));
  EXPECT_EQ(all_kernels().back(), &cpu::dot_kernels());
}

std::vector<float> normal_values(std::size_t n, std::mt19937& engine) {
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& value : values) value = normal(engine);
  return values;
}

TEST(Dot, RoundedActivationsCostHalfAStepOfTheirBlock) {
  std::mt19937 engine(12);
  constexpr std::int64_t rows = 9, columns = 6, k = 1280;
  for (const cpu::DotKernels* kernels : all_kernels())
    for (const DotCase& c : dot_cases())
      for (const bool per_row : {false, true}) {
        const auto weights = blocks_of(c, rows, k, [&] { return engine() & 255u; });
        const auto x = normal_values(static_cast<std::size_t>(columns * k), engine);
        const auto found = products(*kernels, c, weights, rows, x, columns, k, per_row);
        for (std::int64_t i = 0; i < columns; ++i)
          for (std::int64_t r = 0; r < rows; ++r) {
            const auto w = decoded(c, weights.data() + r * (k / c.block * c.bytes), k);
            double sum = 0, magnitude = 0, limit = 0, row_max = 0;
            for (std::int64_t l = 0; l < k; ++l)
              row_max = std::max(row_max, std::abs(double{x[static_cast<std::size_t>(i * k + l)]}));
            for (std::int64_t b = 0; b < k; b += 32) {
              double block_max = 0, weight_sum = 0;
              for (std::int64_t l = b; l < b + 32; ++l) {
                const double a = x[static_cast<std::size_t>(i * k + l)], v = w[static_cast<std::size_t>(l)];
                sum += a * v;
                magnitude += std::abs(a * v);
                weight_sum += std::abs(v);
                block_max = std::max(block_max, std::abs(a));
              }
              limit += (per_row ? row_max : block_max) / 127 / 2 * weight_sum;
            }
            // Half a step for each element; f32 roundings: codes and minima apart (|q|, |m| ≤ 131 + 3 times |x|), a
            // few of 2⁻²⁴ for each of the k/32 additions.
            const std::int64_t roundings = k / 32 + 8;
            limit = limit * 1.0001 + static_cast<double>(roundings) * 0x1p-23 * (magnitude + 35 * row_max * k / 4);
            ASSERT_NEAR(found[static_cast<std::size_t>(i * rows + r)], sum, limit) << kernels->name << " " << c.name;
          }
      }
}

TEST(Dot, AnOutputDependsOnItsTwoRowsOnly) {
  std::mt19937 engine(13);
  constexpr std::int64_t rows = 11, columns = 9, k = 768;
  for (const cpu::DotKernels* kernels : all_kernels())
    for (const DotCase& c : dot_cases())
      for (const bool per_row : {false, true}) {
        auto weights = blocks_of(c, rows, k, [&] { return engine() & 255u; });
        // Scales that are no powers of two: only then does another order of the products show.
        for (std::size_t at = 0; c.d >= 0 && at < weights.size(); at += static_cast<std::size_t>(c.bytes)) {
          const Float16 d = to_float16(0.01f + static_cast<float>(engine() % 1000) * 1e-4f);
          std::memcpy(&weights[at + static_cast<std::size_t>(c.d)], &d, sizeof d);
        }
        const auto x = normal_values(static_cast<std::size_t>(columns * k), engine);
        const auto together = products(*kernels, c, weights, rows, x, columns, k, per_row);
        const std::int64_t row_bytes = k / c.block * c.bytes;
        for (std::int64_t i = 0; i < columns; ++i)
          for (std::int64_t r = 0; r < rows; ++r) {
            const std::vector<std::byte> row(weights.begin() + r * row_bytes, weights.begin() + (r + 1) * row_bytes);
            const std::vector<float> column(x.begin() + i * k, x.begin() + (i + 1) * k);
            ASSERT_EQ(products(*kernels, c, row, 1, column, 1, k, per_row)[0],
                      together[static_cast<std::size_t>(i * rows + r)])
                << kernels->name << " " << c.name;
          }
      }
}

TEST(Dot, NotANumberAndInfinityReachTheProduct) {
  for (const cpu::DotKernels* kernels : all_kernels())
    for (const DotCase& c : dot_cases())
      for (const bool per_row : {false, true})
        for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
          const auto weights = blocks_of(c, 2, 256, [] { return 0x12u; });
          std::vector<float> x(512, 1.0f);
          x[256 + 131] = bad;
          const auto found = products(*kernels, c, weights, 2, x, 2, 256, per_row);
          EXPECT_TRUE(std::isfinite(found[0]) && std::isfinite(found[1])) << kernels->name << " " << c.name;
          EXPECT_TRUE(std::isnan(found[2]) && std::isnan(found[3])) << kernels->name << " " << c.name;
        }
}

TEST(Dot, TinyAndHugeActivations) {
  for (const cpu::DotKernels* kernels : all_kernels())
    for (const DotCase& c : dot_cases()) {
      const auto weights = blocks_of(c, 1, 256, [] { return 0x6Bu; });
      const auto w = decoded(c, weights.data(), 256);
      double sum = 0;
      for (const float value : w) sum += value;
      for (const float scale : {1e-44f, 1e-32f, 1e-20f, 1e30f}) {
        const float y = products(*kernels, c, weights, 1, std::vector<float>(256, scale), 1, 256, false)[0];
        EXPECT_NEAR(y, sum * scale, std::abs(sum) * scale * 1e-5 + 1e-27) << kernels->name << " " << c.name;
      }
      // With one scale for the row, it is at least 1e-5: what lies far below rounds to zero.
      EXPECT_EQ(products(*kernels, c, weights, 1, std::vector<float>(256, 1e-8f), 1, 256, true)[0], 0.0f);
    }
}

TEST(Dot, PlainRows) {
  std::mt19937 engine(14);
  for (const cpu::DotKernels* kernels : all_kernels())
    for (const std::int64_t k : {0, 1, 3, 15, 16, 17, 100, 1023, 1024, 1025, 3000})
      for (const auto format : {cpu::FloatFormat::f32, cpu::FloatFormat::f16, cpu::FloatFormat::bf16}) {
        constexpr std::int64_t rows = 7, columns = 6;
        const auto x = normal_values(static_cast<std::size_t>(columns * k), engine);
        auto w = normal_values(static_cast<std::size_t>(rows * k), engine);
        std::vector<std::uint16_t> narrow(w.size());
        for (std::size_t i = 0; i < w.size(); ++i) {
          if (format == cpu::FloatFormat::f16) narrow[i] = to_float16(w[i]).bits, w[i] = to_float(Float16{narrow[i]});
          if (format == cpu::FloatFormat::bf16)
            narrow[i] = to_bfloat16(w[i]).bits, w[i] = to_float(BFloat16{narrow[i]});
        }
        const bool wide = format == cpu::FloatFormat::f32;
        const cpu::WeightRows weights{wide ? static_cast<const void*>(w.data()) : narrow.data(),
                                      static_cast<std::ptrdiff_t>(k * (wide ? 4 : 2)), rows, 1};
        std::vector<float> out(rows * columns, -1e30f), one(rows * columns, -1e30f);
        kernels->dot_float(format, weights, x.data(), k, columns, k, out.data(), rows);
        for (std::int64_t i = 0; i < columns; ++i)
          kernels->dot_float(format, weights, x.data() + i * k, k, 1, k, one.data() + i * rows, rows);
        EXPECT_EQ(out, one) << kernels->name;
        for (std::int64_t i = 0; i < columns; ++i)
          for (std::int64_t r = 0; r < rows; ++r) {
            double sum = 0, magnitude = 0;
            for (std::int64_t l = 0; l < k; ++l) {
              const double product =
                  double{x[static_cast<std::size_t>(i * k + l)]} * w[static_cast<std::size_t>(r * k + l)];
              sum += product;
              magnitude += std::abs(product);
            }
            // Four lanes at least, each k/4 additions of at most 2⁻²⁴ of what has been summed.
            ASSERT_NEAR(out[static_cast<std::size_t>(i * rows + r)], sum,
                        (static_cast<double>(k) / 4 + 8) * 0x1p-24 * magnitude)
                << kernels->name << " k " << k;
          }
      }
}

}  // namespace
}  // namespace ingot
