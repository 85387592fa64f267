#include "models/config.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/fail.h"
#include "models/architectures/architecture.h"

namespace ingot {
namespace {

constexpr std::int64_t largest = std::int64_t{1} << 31;

// A head must divide, sizes must be positive: what every file format can get wrong alike.
void check(const ModelConfig& config, const std::string& path) {
  const auto positive = [&](const char* key, std::int64_t value) {
    if (value < 1 || value > largest)
      fail(ErrorCode::invalid_file, "model", "{}: {} is {}, expected 1 to {}", path, key, value, largest);
  };
  positive("vocabulary size", config.vocab_size);
  positive("hidden size", config.hidden_size);
  positive("number of layers", config.layers);
  positive("feed-forward size", config.ffn_size);
  positive("number of heads", config.heads);
  positive("number of key heads", config.kv_heads);
  positive("head size", config.head_size);
  positive("size of all heads", config.heads * config.head_size);
  positive("context length", config.context_length);
  if (config.heads % config.kv_heads != 0)
    fail(ErrorCode::invalid_file, "model", "{}: {} heads are not a multiple of {} key heads", path, config.heads,
         config.kv_heads);
  const Architecture& architecture = architecture_of(config);
  if (!architecture.rotary && config.heads * config.head_size != config.hidden_size)
    fail(ErrorCode::invalid_file, "model", "{}: hidden size {} is not a multiple of {} heads", path, config.hidden_size,
         config.heads);
  if (architecture.make_encoder) positive("number of token types", config.token_types);
  if (config.experts != 0 || config.experts_used != 0 || config.expert_ffn_size != 0) {
    positive("number of experts", config.experts);
    positive("number of experts used", config.experts_used);
    positive("feed-forward size of an expert", config.expert_ffn_size);
    if (config.experts_used > config.experts)
      fail(ErrorCode::invalid_file, "model", "{}: {} experts are used of {}", path, config.experts_used,
           config.experts);
  }
  if (architecture.rotary && (config.rope_size < 2 || config.rope_size > config.head_size || config.rope_size % 2 != 0))
    fail(ErrorCode::invalid_file, "model", "{}: {} rotary elements in heads of {}", path, config.rope_size,
         config.head_size);
  const auto not_negative = [&](const char* key, std::int64_t value) {
    if (value < 0 || value > largest) fail(ErrorCode::invalid_file, "model", "{}: {} is {}", path, key, value);
  };
  not_negative("sliding window", config.sliding_window);
  not_negative("period of layers without a window", config.window_period);
  not_negative("query_pre_attn_scalar", config.query_pre_attn_scalar);
  // GGUF keeps these in 32 bits; beyond 1e30 they mean nothing.
  const auto sane = [](double x) { return x > 0 && x < 1e30; };
  const RopeScaling& s = config.rope_scaling;
  if (!(config.norm_epsilon >= 0) || config.norm_epsilon > 1 || !sane(config.rope_base) || !sane(s.factor))
    fail(ErrorCode::invalid_file, "model", "{}: norm epsilon {}, rope base {}, rope scaling factor {}", path,
         config.norm_epsilon, config.rope_base, s.factor);
  const auto sane_or_none = [&](double x) { return x == 0 || sane(x); };
  if (!sane_or_none(config.local_rope_base) || !sane_or_none(config.attention_softcap) ||
      !sane_or_none(config.logit_softcap))
    fail(ErrorCode::invalid_file, "model", "{}: local rope base {}, soft cap of the attention {}, of the logits {}",
         path, config.local_rope_base, config.attention_softcap, config.logit_softcap);
  if (s.kind == RopeScaling::Kind::longrope) {
    for (const auto* factors : {&s.short_factors, &s.long_factors})
      if (std::cmp_not_equal(2 * factors->size(), config.rope_size) ||
          !std::all_of(factors->begin(), factors->end(), sane))
        fail(ErrorCode::invalid_file, "model", "{}: longrope with {} factors, {} positive ones were expected", path,
             factors->size(), config.rope_size / 2);
    if (!sane(s.attention_factor) || !(s.original_context >= 1 && s.original_context <= static_cast<double>(largest)))
      fail(ErrorCode::invalid_file, "model", "{}: longrope with attention factor {}, original context {}", path,
           s.attention_factor, s.original_context);
  }
  if (s.kind == RopeScaling::Kind::llama3 &&
      !(sane(s.low_freq_factor) && sane(s.high_freq_factor) && s.low_freq_factor < s.high_freq_factor &&
        s.original_context >= 1 && s.original_context <= static_cast<double>(largest)))
    fail(ErrorCode::invalid_file, "model",
         "{}: llama3 rope scaling with low_freq_factor {}, high_freq_factor {}, original context {}", path,
         s.low_freq_factor, s.high_freq_factor, s.original_context);
}

}  // namespace

ModelConfig ModelConfig::from(const Checkpoint& checkpoint) {
  ModelConfig config;
  if (checkpoint.documents.contains("config.json"))
    config = config_from_huggingface(checkpoint);
  else if (checkpoint.metadata.contains("general.architecture"))
    config = config_from_gguf(checkpoint);
  else
    fail(ErrorCode::not_found, "model", "{} says nothing about the model: no config.json, no general.architecture",
         checkpoint.path);
  check(config, checkpoint.path);
  return config;
}

void check_vocabulary(const Vocabulary& vocabulary, const ModelConfig& config) {
  if (std::cmp_greater(vocabulary.tokens.size(), config.vocab_size))
    fail(ErrorCode::invalid_file, "model", "the vocabulary has {} tokens, the embedding {} rows",
         vocabulary.tokens.size(), config.vocab_size);
}

Tensor ModelConfig::local_inverse_frequencies(std::int64_t context) const {
  if (local_rope_base == 0) return inverse_frequencies(context);
  ModelConfig local = *this;
  local.rope_base = local_rope_base;
  local.rope_scaling = {};
  local.rope_factors = {};
  return local.inverse_frequencies(context);
}

Tensor ModelConfig::inverse_frequencies(std::int64_t context) const {
  Tensor result = Tensor::empty({rope_size / 2}, DType::f32);
  float* out = result.mutable_data<float>();
  const float* factors = rope_factors.defined() ? rope_factors.data<float>() : nullptr;
  for (std::int64_t i = 0; i < rope_size / 2; ++i) {
    double frequency = std::pow(rope_base, -2.0 * static_cast<double>(i) / static_cast<double>(rope_size));
    switch (rope_scaling.kind) {
      case RopeScaling::Kind::none: break;
      case RopeScaling::Kind::linear: frequency /= rope_scaling.factor; break;
      case RopeScaling::Kind::longrope: {
        const bool is_long = static_cast<double>(context) > rope_scaling.original_context;
        frequency /= (is_long ? rope_scaling.long_factors : rope_scaling.short_factors)[static_cast<std::size_t>(i)];
        break;
      }
      case RopeScaling::Kind::llama3: {
        // Llama 3.1: fast-turning pairs stay, slow ones are divided by the factor, those between are blended.
        const double turns = rope_scaling.original_context * frequency / (2 * std::numbers::pi);
        const double low = rope_scaling.low_freq_factor, high = rope_scaling.high_freq_factor;
        const double keep = std::clamp((turns - low) / (high - low), 0.0, 1.0);
        frequency *= keep + (1 - keep) / rope_scaling.factor;
        break;
      }
    }
    if (factors) frequency /= factors[i];
    out[i] = static_cast<float>(frequency);
  }
  return result;
}

}  // namespace ingot
