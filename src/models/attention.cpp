#include "models/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace ingot {
namespace {

// softmax(soft_cap(q kᵀ · scale)) v of causal queries, for q (H, T, D), k and v (Hkv, S, D), a block of queries at a
// time: the scores of all would be T·S numbers for each head.
Tensor soft_capped_attention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t window, double scale,
                             double cap) {
  constexpr std::int64_t block = 128;
  const std::int64_t heads = k.size(0), group = q.size(0) / heads, width = q.size(2), past = k.size(1) - q.size(1);
  std::vector<Tensor> results;
  for (std::int64_t first = 0; first < q.size(1); first += block) {
    const std::int64_t last = std::min(first + block, q.size(1)), rows = last - first;
    const std::int64_t oldest = window > 0 ? std::max<std::int64_t>(first + past - window + 1, 0) : 0;
    const auto seen_part = [&](const Tensor& x) { return x.slice(1, oldest, last + past); };
    const Tensor queries = reshape(q.slice(1, first, last), {heads, group * rows, width});
    Tensor scores = soft_cap(multiply(matmul(queries, seen_part(k).transpose(1, 2)), scale), cap);
    scores = reshape(scores, {heads, group, rows, -1});
    const Tensor keys = arange(oldest, last + past), positions = arange(first + past, last + past).view({-1, 1});
    Tensor seen = less_equal(keys, positions);
    if (window > 0) seen = logical_and(seen, greater(keys, subtract(positions, window)));
    const Tensor weights = softmax(where(seen, scores, -HUGE_VAL));
    const Tensor result = matmul(reshape(weights, {heads, group * rows, -1}), seen_part(v));
    results.push_back(reshape(result, {q.size(0), rows, width}));
  }
  return concat(results, 1);
}

}  // namespace

Tensor soft_cap(const Tensor& x, double cap) { return cap == 0 ? x : multiply(tanh(divide(x, cap)), cap); }

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
  const std::int64_t window = windowed ? config_.sliding_window : 0;
  const std::int64_t divisor = config_.query_pre_attn_scalar > 0 ? config_.query_pre_attn_scalar : config_.head_size;
  const double scale = 1 / std::sqrt(static_cast<double>(divisor));
  const Tensor queries = rotated(heads_first(q));
  const Tensor out =
      config_.attention_softcap > 0
          ? soft_capped_attention(queries, past.keys, past.values, window, scale, config_.attention_softcap)
          : scaled_dot_product_attention(queries, past.keys, past.values,
                                         {.causal = true, .window = window, .scale = scale});
  return reshape(out.transpose(0, 1), {q.size(0), -1});
}

}  // namespace ingot
