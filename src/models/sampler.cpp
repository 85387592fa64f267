#include "ingot/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/fail.h"
#include "core/philox.h"

namespace ingot {

Sampler::Sampler(const SamplingOptions& options) : options_(options) {
  const auto require = [](bool holds, const char* name, double value, const char* range) {
    if (!holds) fail(ErrorCode::invalid_argument, "sampler", "{} = {}; {} expected", name, value, range);
  };
  require(std::isfinite(options.temperature) && options.temperature >= 0, "temperature", options.temperature,
          "a number ≥ 0");
  require(options.top_k >= 0, "top_k", options.top_k, "a number ≥ 0");
  require(options.top_p > 0 && options.top_p <= 1, "top_p", options.top_p, "a number in (0, 1]");
  require(options.min_p >= 0 && options.min_p <= 1, "min_p", options.min_p, "a number in [0, 1]");
  require(std::isfinite(options.repetition_penalty) && options.repetition_penalty > 0, "repetition_penalty",
          options.repetition_penalty, "a number > 0");
  require(options.repetition_window >= 0, "repetition_window", options.repetition_window, "a number ≥ 0");
}

std::int32_t Sampler::sample(std::span<const float> logits, std::span<const std::int32_t> history) {
  // One draw a call, whatever the options: the n-th token depends on the seed and n alone.
  const std::uint64_t draw = draws_++;
  candidates_.clear();
  candidates_.reserve(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isnan(logits[i]) || logits[i] == INFINITY)
      fail(ErrorCode::invalid_argument, "sampler", "the logit of token {} is {}", i, logits[i]);
    candidates_.emplace_back(logits[i], static_cast<std::int32_t>(i));
  }

  if (options_.repetition_penalty != 1.0) {
    const auto window = std::min(history.size(), static_cast<std::size_t>(options_.repetition_window));
    std::vector<std::int32_t> seen(history.end() - static_cast<std::ptrdiff_t>(window), history.end());
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    for (std::int32_t id : seen) {
      if (id < 0 || static_cast<std::size_t>(id) >= logits.size())
        fail(ErrorCode::invalid_argument, "sampler", "token {} of the history, {} logits", id, logits.size());
      float& logit = candidates_[static_cast<std::size_t>(id)].first;
      const double penalty = options_.repetition_penalty;
      const double scaled = logit > 0 ? logit / penalty : logit * penalty;
      constexpr double largest = std::numeric_limits<float>::max();
      logit = static_cast<float>(std::isinf(logit) ? scaled : std::clamp(scaled, -largest, largest));
    }
  }
  std::erase_if(candidates_, [](const auto& c) { return c.first == -INFINITY; });
  if (candidates_.empty()) fail(ErrorCode::invalid_argument, "sampler", "none of {} logits is finite", logits.size());

  const auto better = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  if (options_.temperature == 0) return std::min_element(candidates_.begin(), candidates_.end(), better)->second;

  if (options_.top_k > 0 && static_cast<std::size_t>(options_.top_k) < candidates_.size()) {
    std::nth_element(candidates_.begin(), candidates_.begin() + (options_.top_k - 1), candidates_.end(), better);
    candidates_.resize(static_cast<std::size_t>(options_.top_k));
  }
  std::sort(candidates_.begin(), candidates_.end(), better);
  const double best = candidates_.front().first;

  if (options_.top_p < 1) {
    double total = 0;
    for (const auto& c : candidates_) total += std::exp(c.first - best);
    // The smallest number of tokens that together have at least top_p.
    double sum = 0;
    std::size_t kept = 0;
    while (kept < candidates_.size() && sum < options_.top_p * total) sum += std::exp(candidates_[kept++].first - best);
    candidates_.resize(kept);
  }
  if (options_.min_p > 0) {
    // p ≥ min_p · p(best), without the common factor.
    std::erase_if(candidates_, [&](const auto& c) { return std::exp(c.first - best) < options_.min_p; });
  }

  double total = 0;
  for (const auto& c : candidates_) total += std::exp((c.first - best) / options_.temperature);
  double left = philox_uniform(options_.seed, draw) * total;
  for (const auto& c : candidates_) {
    left -= std::exp((c.first - best) / options_.temperature);
    if (left < 0) return c.second;
  }
  return candidates_.back().second;  // rounding may leave a last crumb
}

}  // namespace ingot
