// Grouped-query self-attention with rotary positions over a cache: what the families here share.
#pragma once

#include "ingot/model.h"

namespace ingot {

class SelfAttention {
 public:
  explicit SelfAttention(const ModelConfig& config)
      : config_(config), inverse_frequencies_(config.inverse_frequencies()) {}

  /// q (T, heads·D), k and v (T, kv_heads·D) → (T, heads·D), attending to the cache and to themselves.
  Tensor operator()(std::size_t layer, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& positions,
                    KvCache& cache) const {
    const auto heads_first = [&](const Tensor& x) {
      return x.view({x.size(0), -1, config_.head_size}).transpose(0, 1);
    };
    const auto rotated = [&](const Tensor& x) { return rope(x, positions, inverse_frequencies_, config_.rope_layout); };
    const KvCache::Layer past = cache.append(layer, rotated(heads_first(k)), heads_first(v));
    const Tensor out = scaled_dot_product_attention(rotated(heads_first(q)), past.keys, past.values,
                                                    {.causal = true, .window = config_.sliding_window});
    return reshape(out.transpose(0, 1), {q.size(0), -1});
  }

 private:
  const ModelConfig& config_;
  Tensor inverse_frequencies_;
};

}  // namespace ingot
