#include "ingot/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/philox.h"
#include "ingot/error.h"
#include "support/sanitized.h"

namespace ingot {
namespace {

// Random123's kat_vectors, philox4x32 10.
TEST(Philox, PublishedVectors) {
  using A4 = std::array<std::uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (A4{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}), (A4{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (A4{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

SamplingOptions plain(double temperature = 1) {
  SamplingOptions o;
  o.temperature = temperature, o.top_k = 0, o.top_p = 1, o.min_p = 0;
  return o;
}

/// The distribution by definition, in the documented order, filter by filter, each on normalised probabilities.
std::map<std::int32_t, double> oracle(const std::vector<float>& logits, const SamplingOptions& o,
                                      const std::vector<std::int32_t>& history = {}) {
  std::vector<std::pair<double, std::int32_t>> rows;
  for (std::size_t i = 0; i < logits.size(); ++i) rows.emplace_back(logits[i], static_cast<std::int32_t>(i));
  const std::size_t window = std::min<std::size_t>(history.size(), static_cast<std::size_t>(o.repetition_window));
  for (auto& [logit, id] : rows)
    if (std::find(history.end() - static_cast<std::ptrdiff_t>(window), history.end(), id) != history.end())
      logit = logit > 0 ? logit / o.repetition_penalty : logit * o.repetition_penalty;
  std::stable_sort(rows.begin(), rows.end(), [](auto& a, auto& b) { return a.first > b.first; });
  const auto probabilities = [&](double temperature) {
    std::vector<double> p;
    for (auto& row : rows) p.push_back(std::exp((row.first - rows[0].first) / temperature));
    const double sum = std::accumulate(p.begin(), p.end(), 0.0);
    for (double& x : p) x /= sum;
    return p;
  };
  if (o.top_k > 0 && rows.size() > static_cast<std::size_t>(o.top_k)) rows.resize(static_cast<std::size_t>(o.top_k));
  std::vector<double> p = probabilities(1);
  double sum = 0;
  std::size_t kept = 0;
  do sum += p[kept++];
  while (kept < rows.size() && sum < o.top_p - 1e-12);
  rows.resize(kept);
  p = probabilities(1);
  while (p.back() < o.min_p * p[0] * (1 - 1e-12)) p.pop_back();
  rows.resize(p.size());
  p = probabilities(o.temperature);
  std::map<std::int32_t, double> result;
  for (std::size_t i = 0; i < rows.size(); ++i) result[rows[i].second] = p[i];
  return result;
}

/// Pearson's statistic of n draws. With k − 1 degrees of freedom mean k − 1, variance 2(k − 1): six standard
/// deviations above the mean are passed by a right sampler less than once in 10⁶ (k ≤ 12: the tail is a gamma's, at
/// k = 2, 1 + 6√2 = 9.5 has 0.2 %, so small k get the 10⁻⁶ point of χ²(1), 24).
void expect_distribution(const std::vector<float>& logits, const SamplingOptions& o,
                         const std::vector<std::int32_t>& history = {}) {
  const auto expected = oracle(logits, o, history);
  const int n = 20000;
  Sampler sampler(o);
  std::map<std::int32_t, int> counts;
  for (int i = 0; i < n; ++i) ++counts[sampler.sample(logits, history)];
  double chi = 0;
  for (const auto& [id, p] : expected) chi += (counts[id] - n * p) * (counts[id] - n * p) / (n * p);
  for (const auto& [id, count] : counts) {
    EXPECT_TRUE(expected.contains(id)) << id << " drawn " << count << " times";
  }
  const double freedom = static_cast<double>(expected.size()) - 1;
  EXPECT_LT(chi, freedom + std::max(23.0, 6 * std::sqrt(2 * freedom)));
}

const std::vector<float> logits = {0.5f, -1, 2, 1.5f, 0, 2, -3, 0.25f, 1, -0.5f, 0.75f, -2};

TEST(Sampler, DrawsFromTheSoftmax) {
  for (double temperature : {0.3, 1.0, 2.5}) expect_distribution(logits, plain(temperature));
}

TEST(Sampler, Filters) {
  for (int k : {0, 1, 3, 12, 40})
    for (double p : {1.0, 0.9, 0.5, 0.01})
      for (double m : {0.0, 0.05, 0.3, 1.0}) {
        if (sanitized && p != 0.5) continue;
        SamplingOptions o = plain(0.8);
        o.top_k = k, o.top_p = p, o.min_p = m, o.seed = static_cast<std::uint64_t>(k) * 100 + 7;
        SCOPED_TRACE(testing::Message() << "k " << k << " p " << p << " min_p " << m);
        expect_distribution(logits, o);
      }
}

TEST(Sampler, PenalisesSeenTokensOnce) {
  SamplingOptions o = plain();
  o.repetition_penalty = 1.7;
  expect_distribution(logits, o, {2, 2, 6, 3});
  o.repetition_window = 2;
  expect_distribution(logits, o, {2, 2, 6, 3});
}

TEST(Sampler, GreedyTakesTheFirstLargest) {
  Sampler sampler(plain(0));
  EXPECT_EQ(sampler.sample(logits, {}), 2);
  SamplingOptions o = plain(0);
  o.repetition_penalty = 1.5;
  EXPECT_EQ(Sampler(o).sample(logits, std::vector<std::int32_t>{2}), 5);
}

TEST(Sampler, TheSeedNamesTheSequence) {
  SamplingOptions o = plain();
  o.seed = 0x123456789ABCDEFull;
  Sampler a(o), b(o);
  o.seed += std::uint64_t{1} << 40;
  Sampler c(o);
  int same = 0;
  for (int i = 0; i < 100; ++i) {
    const auto id = a.sample(logits, {});
    EXPECT_EQ(id, b.sample(logits, {}));
    same += id == c.sample(logits, {});
  }
  EXPECT_LT(same, 60);
}

TEST(Sampler, RefusesWhatIsNoDistribution) {
  Sampler sampler(plain());
  const float nan = std::nanf(""), inf = INFINITY;
  EXPECT_THROW(sampler.sample(std::vector<float>{0, nan}, {}), Error);
  EXPECT_THROW(sampler.sample(std::vector<float>{0, inf}, {}), Error);
  EXPECT_THROW(sampler.sample(std::vector<float>{-inf, -inf}, {}), Error);
  EXPECT_THROW(sampler.sample({}, {}), Error);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(sampler.sample(std::vector<float>{-inf, -1e30f, -inf}, {}), 1);
  try {
    sampler.sample(std::vector<float>{0, 1, nan}, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(e.message().find("token 2"), std::string::npos) << e.what();
  }
}

TEST(Sampler, RefusesOptionsOutsideTheirRanges) {
  const auto refuses = [](auto change) {
    SamplingOptions o;
    change(o);
    EXPECT_THROW(Sampler{o}, Error);
  };
  refuses([](auto& o) { o.temperature = -0.1; });
  refuses([](auto& o) { o.temperature = NAN; });
  refuses([](auto& o) { o.top_k = -1; });
  refuses([](auto& o) { o.top_p = 0; });
  refuses([](auto& o) { o.top_p = 1.1; });
  refuses([](auto& o) { o.min_p = -0.1; });
  refuses([](auto& o) { o.repetition_penalty = 0; });
  refuses([](auto& o) { o.repetition_window = -1; });
}

}  // namespace
}  // namespace ingot
