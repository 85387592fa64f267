// Grouped-query self-attention with rotary positions over a cache: what the decoders here share.
#pragma once

#include "ingot/model.h"

namespace ingot {

/// cap · tanh(x / cap); x where `cap` is 0. Gemma 2 (arXiv:2408.00118), section 2.
Tensor soft_cap(const Tensor& x, double cap);

class SelfAttention {
 public:
  explicit SelfAttention(const ModelConfig& config);

  /// q (T, heads·D), k and v (T, kv_heads·D) → (T, heads·D), attending to the cache and to themselves.
  Tensor operator()(std::size_t layer, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& positions,
                    KvCache& cache) const;

 private:
  const ModelConfig& config_;
  struct Frequencies {
    Tensor everywhere, windowed;
  };
  Frequencies short_, long_;  // the same unless longrope tells them apart
  Tensor rotated_scale_;      // longrope: (D), the attention factor for elements that turn, 1 for the others
};

}  // namespace ingot
