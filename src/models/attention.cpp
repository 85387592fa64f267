#include "models/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ingot {

SelfAttention::SelfAttention(const ModelConfig& config) : config_(config) {
  const auto frequencies = [&](std::int64_t context) {
    return Frequencies{config.inverse_frequencies(context), config.local_inverse_frequencies(context)};
  };
  short_ = frequencies(0);
  long_ = config.rope_scaling.kind == RopeScaling::Kind::longrope ? frequencies(config.context_length) : short_;
  if (const double factor = config.rope_scaling.attention_factor; factor != 1) {
    std::vector<float> scale(static_cast<std::size_t>(config.head_size), 1);
    std::fill_n(scale.begin(), config.rope_size, static_cast<float>(factor));
    rotated_scale_ = Tensor::from<float>(scale);
  }
}

Tensor SelfAttention::operator()(std::size_t layer, const Tensor& q, const Tensor& k, const Tensor& v,
                                 const Tensor& positions, KvCache& cache) const {
  const bool windowed = config_.has_window(static_cast<std::int64_t>(layer));
  // What a cache may grow to decides, not what it holds: all its keys are turned alike.
  const bool is_long = static_cast<double>(cache.capacity()) > config_.rope_scaling.original_context;
  const Frequencies& frequencies = is_long ? long_ : short_;
  const auto heads_first = [&](const Tensor& x) { return x.view({x.size(0), -1, config_.head_size}).transpose(0, 1); };
  const auto rotated = [&](const Tensor& x) {
    const Tensor turned =
        rope(x, positions, windowed ? frequencies.windowed : frequencies.everywhere, config_.rope_layout);
    return rotated_scale_.defined() ? multiply(turned, rotated_scale_) : turned;
  };
  const KvCache::Layer past = cache.append(layer, rotated(heads_first(k)), heads_first(v));
  const double scale =
      config_.query_pre_attn_scalar > 0 ? 1 / std::sqrt(static_cast<double>(config_.query_pre_attn_scalar)) : 0;
  const Tensor out =
      scaled_dot_product_attention(rotated(heads_first(q)), past.keys, past.values,
                                   {.causal = true, .window = windowed ? config_.sliding_window : 0, .scale = scale});
  return reshape(out.transpose(0, 1), {q.size(0), -1});
}

}  // namespace ingot
