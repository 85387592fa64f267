#include "models/experts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ingot/ops.h"

namespace ingot {
namespace {

constexpr std::int64_t hidden = 5, ffn = 7, count = 4;

Experts random_experts(std::uint64_t seed) {
  Generator generator(seed);
  Experts experts{.router = normal(generator, {count, hidden}), .gate = {}, .up = {}, .down = {}};
  for (std::int64_t e = 0; e < count; ++e) {
    experts.gate.push_back(normal(generator, {ffn, hidden}));
    experts.up.push_back(normal(generator, {ffn, hidden}));
    experts.down.push_back(normal(generator, {hidden, ffn}));
  }
  return experts;
}

double at(const Tensor& x, std::int64_t i, std::int64_t j) { return x.data<float>()[i * x.size(1) + j]; }

double dot(const Tensor& w, std::int64_t row, const std::vector<double>& x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += at(w, row, static_cast<std::int64_t>(i)) * x[i];
  return sum;
}

// The definition for one token, in double.
std::vector<double> reference(const std::vector<double>& x, const Experts& experts, std::int64_t used, bool normalize) {
  std::vector<std::pair<double, std::size_t>> ranked;
  double all = 0;
  for (std::size_t e = 0; e < count; ++e) {
    ranked.emplace_back(std::exp(dot(experts.router, static_cast<std::int64_t>(e), x)), e);
    all += ranked.back().first;
  }
  std::sort(ranked.rbegin(), ranked.rend());
  ranked.resize(static_cast<std::size_t>(used));
  double chosen = 0;
  for (const auto& [weight, e] : ranked) chosen += weight;
  std::vector<double> result(hidden);
  for (const auto& [weight, e] : ranked) {
    std::vector<double> inner;
    for (std::int64_t i = 0; i < ffn; ++i) {
      const double gate = dot(experts.gate[e], i, x);
      inner.push_back(gate / (1 + std::exp(-gate)) * dot(experts.up[e], i, x));
    }
    for (std::int64_t i = 0; i < hidden; ++i)
      result[static_cast<std::size_t>(i)] += weight / (normalize ? chosen : all) * dot(experts.down[e], i, inner);
  }
  return result;
}

TEST(Experts, AreTheDefinition) {
  const Experts experts = random_experts(1);
  Generator generator(2);
  const Tensor x = normal(generator, {33, hidden});
  for (const bool normalize : {false, true})
    for (std::int64_t used = 1; used <= count; ++used) {
      const Tensor y = mixture_of_experts(x, experts, used, normalize);
      ASSERT_EQ(y.shape(), x.shape());
      for (std::int64_t t = 0; t < x.size(0); ++t) {
        std::vector<double> token;
        for (std::int64_t i = 0; i < hidden; ++i) token.push_back(at(x, t, i));
        const std::vector<double> expected = reference(token, experts, used, normalize);
        // Sums of 5, 7 and at most 4 products of numbers of a few units: 40 roundings of values below 200.
        for (std::int64_t i = 0; i < hidden; ++i)
          EXPECT_NEAR(at(y, t, i), expected[static_cast<std::size_t>(i)], 40 * 200 * 0x1p-24)
              << used << " of token " << t;
      }
    }
}

TEST(Experts, ThatNoTokenChoseAreNotRead) {
  Experts experts = random_experts(3);
  Tensor router = Tensor::zeros({count, hidden}, DType::f32);
  router.mutable_data<float>()[2 * hidden] = 10;  // of tokens whose first element is positive: expert 2, then 0
  experts.router = router;
  for (const std::size_t e : {1, 3}) experts.gate[e] = experts.up[e] = experts.down[e] = Tensor();
  const Tensor x = Tensor::full({3, hidden}, 1);
  EXPECT_TRUE(all(isfinite(mixture_of_experts(x, experts, 2, true))).item());
}

}  // namespace
}  // namespace ingot
