#include "models/config.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/fail.h"

namespace ingot {
namespace {

constexpr std::int64_t largest = std::int64_t{1} << 31;

// A head must divide, sizes must be positive: what every file format can get wrong alike.
void check(const ModelConfig& config, const std::string& path) {
  const auto positive = [&](const char* key, std::int64_t value) {
    if (value < 1 || value > largest) fail(ErrorCode::invalid_file, "model", "{}: {} is {}", path, key, value);
  };
  positive("vocabulary size", config.vocab_size);
  positive("hidden size", config.hidden_size);
  positive("number of layers", config.layers);
  positive("feed-forward size", config.ffn_size);
  positive("number of heads", config.heads);
  positive("number of key heads", config.kv_heads);
  positive("head size", config.head_size);
  positive("context length", config.context_length);
  if (config.heads % config.kv_heads != 0)
    fail(ErrorCode::invalid_file, "model", "{}: {} heads are not a multiple of {} key heads", path, config.heads,
         config.kv_heads);
  if (config.rope_size < 2 || config.rope_size > config.head_size || config.rope_size % 2 != 0)
    fail(ErrorCode::invalid_file, "model", "{}: {} rotary elements in heads of {}", path, config.rope_size,
         config.head_size);
  if (config.sliding_window < 0 || config.sliding_window > largest)
    fail(ErrorCode::invalid_file, "model", "{}: sliding window is {}", path, config.sliding_window);
  // GGUF keeps these in 32 bits; beyond 1e30 they mean nothing.
  const auto sane = [](double x) { return x > 0 && x < 1e30; };
  const RopeScaling& s = config.rope_scaling;
  if (!(config.norm_epsilon >= 0) || config.norm_epsilon > 1 || !sane(config.rope_base) || !sane(s.factor))
    fail(ErrorCode::invalid_file, "model", "{}: norm epsilon {}, rope base {}, rope scaling factor {}", path,
         config.norm_epsilon, config.rope_base, s.factor);
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

Tensor ModelConfig::inverse_frequencies() const {
  Tensor result = Tensor::empty({rope_size / 2}, DType::f32);
  float* out = result.mutable_data<float>();
  const float* factors = rope_factors.defined() ? rope_factors.data<float>() : nullptr;
  for (std::int64_t i = 0; i < rope_size / 2; ++i) {
    double frequency = std::pow(rope_base, -2.0 * static_cast<double>(i) / static_cast<double>(rope_size));
    switch (rope_scaling.kind) {
      case RopeScaling::Kind::none: break;
      case RopeScaling::Kind::linear: frequency /= rope_scaling.factor; break;
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
