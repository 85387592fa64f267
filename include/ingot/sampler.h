// From logits to the next token.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace [[gnu::visibility("default")]] ingot {

/// Applied in this order: repetition penalty, top-k, top-p, min-p, temperature; as llama.cpp's default chain.
struct SamplingOptions {
  double temperature = 0.8;         // 0: greedy (first largest logit)
  int top_k = 40;                   // 0: off
  double top_p = 0.95;              // 1: off
  double min_p = 0.05;              // 0: off
  double repetition_penalty = 1.0;  // 1: off; Keskar et al. 2019: logits of seen tokens divided (> 0) or multiplied
  int repetition_window = 64;       // last tokens looked at
  std::uint64_t seed = 0;
};

/// The same seed, options and logits give the same tokens on every machine.
class Sampler {
 public:
  /// Throws invalid_argument for options outside their ranges.
  explicit Sampler(const SamplingOptions& options);
  /// `logits`: one per token of the vocabulary; `history`: tokens so far, the newest last.
  /// Throws invalid_argument where a logit is NaN or +∞ (the token is named), or none is finite. −∞ is never drawn.
  std::int32_t sample(std::span<const float> logits, std::span<const std::int32_t> history);

 private:
  SamplingOptions options_;
  std::uint64_t draws_ = 0;
  std::vector<std::pair<float, std::int32_t>> candidates_;
};

}  // namespace ingot
