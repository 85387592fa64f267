// ModelConfig from and to GGUF's keys.
#include <cmath>

#include "core/fail.h"
#include "ingot/model.h"
#include "models/architectures/architecture.h"
#include "models/config.h"

namespace ingot {
namespace {

constexpr const char* long_factors_name = "rope_factors_long.weight";
constexpr const char* short_factors_name = "rope_factors_short.weight";

// A tensor of factors for the rotary frequencies; undefined where there is none.
Tensor rope_factors(const Checkpoint& checkpoint, const ModelConfig& config, const char* name) {
  const NamedTensor* factors = checkpoint.find(name);
  if (!factors) return {};
  const Shape expected{config.rope_size / 2};
  if (factors->shape() != expected)
    fail(ErrorCode::shape_mismatch, "model", "{}: tensor '{}' has shape {}, the configuration says {}", checkpoint.path,
         name, to_string(factors->shape()), to_string(expected));
  return contiguous(astype(factors->whole(), DType::f32));
}

std::vector<double> required_factors(const Checkpoint& checkpoint, const ModelConfig& config, const char* name) {
  const Tensor factors = rope_factors(checkpoint, config, name);
  if (!factors.defined()) fail(ErrorCode::not_found, "model", "{}: tensor '{}' is missing", checkpoint.path, name);
  return {factors.data<float>(), factors.data<float>() + factors.numel()};
}

void read_scaling(const Checkpoint& checkpoint, ModelConfig& config) {
  const Metadata& meta = checkpoint.metadata;
  const auto key = [&](std::string_view name) { return config.architecture + ".rope.scaling." + std::string(name); };
  RopeScaling& s = config.rope_scaling;
  const std::string type = meta.string("ingot.rope_scaling.type", meta.string(key("type"), "none"));
  if (type == "linear") {
    s.kind = RopeScaling::Kind::linear;
    s.factor = meta.number(key("factor"), 1);
  } else if (type == "llama3") {
    // rope_freqs.weight holds the same in float; these give it in double and let config.json be written again.
    s.kind = RopeScaling::Kind::llama3;
    s.factor = meta.number("ingot.rope_scaling.factor");
    s.low_freq_factor = meta.number("ingot.rope_scaling.low_freq_factor");
    s.high_freq_factor = meta.number("ingot.rope_scaling.high_freq_factor");
    s.original_context = meta.number("ingot.rope_scaling.original_context_length");
  } else if (type == "longrope" || checkpoint.find(long_factors_name)) {  // older converters write the tensors alone
    s.kind = RopeScaling::Kind::longrope;
    s.original_context = meta.number(key("original_context_length"));
    s.attention_factor = meta.number(key("attn_factor"), 1);
    s.long_factors = required_factors(checkpoint, config, long_factors_name);
    s.short_factors = required_factors(checkpoint, config, short_factors_name);
  } else if (const Tensor factors = rope_factors(checkpoint, config, "rope_freqs.weight"); factors.defined()) {
    config.rope_factors = factors;
  } else if (type != "none") {
    throw NotImplemented("model", fmt::format("{}: rope scaling '{}'", checkpoint.path, type));
  }
}

void write_scaling(const ModelConfig& config, Metadata& meta) {
  const auto key = [&](std::string_view name) { return config.architecture + ".rope.scaling." + std::string(name); };
  const auto f32 = [](double value) { return static_cast<float>(value); };
  const RopeScaling& s = config.rope_scaling;
  switch (s.kind) {
    case RopeScaling::Kind::none: break;
    case RopeScaling::Kind::linear:
      meta.set(key("type"), std::string("linear"));
      meta.set(key("factor"), f32(s.factor));
      break;
    case RopeScaling::Kind::llama3:
      meta.set("ingot.rope_scaling.type", std::string("llama3"));
      meta.set("ingot.rope_scaling.factor", f32(s.factor));
      meta.set("ingot.rope_scaling.low_freq_factor", f32(s.low_freq_factor));
      meta.set("ingot.rope_scaling.high_freq_factor", f32(s.high_freq_factor));
      meta.set("ingot.rope_scaling.original_context_length", f32(s.original_context));
      break;
    case RopeScaling::Kind::longrope:
      meta.set(key("type"), std::string("longrope"));
      meta.set(key("original_context_length"), static_cast<std::uint32_t>(s.original_context));
      meta.set(key("attn_factor"), f32(s.attention_factor));
      break;
  }
}

void read_rotary(const Checkpoint& checkpoint, ModelConfig& config) {
  const auto key = [&](std::string_view name) { return config.architecture + ".rope." + std::string(name); };
  config.rope_base = checkpoint.metadata.number(key("freq_base"), 10000);
  config.rope_size = checkpoint.metadata.integer(key("dimension_count"), config.head_size);
  config.rope_layout = architecture_of(config).gguf_rope_layout;
  read_scaling(checkpoint, config);
}

void write_rotary(const ModelConfig& config, Metadata& meta) {
  const auto key = [&](std::string_view name) { return config.architecture + "." + std::string(name); };
  meta.set(key("attention.value_length"), static_cast<std::uint32_t>(config.head_size));
  meta.set(key("rope.dimension_count"), static_cast<std::uint32_t>(config.rope_size));
  meta.set(key("rope.freq_base"), static_cast<float>(config.rope_base));
  write_scaling(config, meta);
}

}  // namespace

ModelConfig config_from_gguf(const Checkpoint& checkpoint) {
  const Metadata& meta = checkpoint.metadata;
  const Architecture& architecture = class_of(meta, checkpoint.path);
  ModelConfig config;
  config.architecture = meta.string("general.architecture");
  config.huggingface_class = architecture.huggingface_class;
  config.name = meta.string("general.name", "");
  const auto key = [&](std::string_view name) { return config.architecture + "." + std::string(name); };

  const NamedTensor* embedding = checkpoint.find("token_embd.weight");
  if (embedding && embedding->shape().rank() == 2) config.vocab_size = embedding->shape()[0];
  for (const auto keys : {architecture.keys, architecture.own_keys})
    for (const ConfigKey& row : keys)
      std::visit(
          [&]<class T>(const Key<T>& k) {
            const std::string name = key(k.gguf);
            if (k.absent && (k.gguf.empty() || !meta.contains(name)))
              config.*k.member = k.absent(config);
            else if constexpr (std::is_same_v<T, double>)
              config.*k.member = meta.number(name);
            else
              config.*k.member = meta.integer(name);
          },
          row);
  if (architecture.rotary) read_rotary(checkpoint, config);
  if (meta.integer(key("attention.value_length"), config.head_size) != config.head_size)
    throw NotImplemented("model", fmt::format("{}: {} differs from {}", checkpoint.path, key("attention.value_length"),
                                              key("attention.key_length")));
  config.activation = architecture.activations[0].function;
  config.tied_embeddings = checkpoint.find("output.weight") == nullptr;
  if (meta.boolean("ingot.bit_linear", false)) config.bit_linear = BitLinear::ternary;
  if (architecture.read_gguf) architecture.read_gguf(checkpoint, config);
  if (const std::string dtype = meta.string("ingot.dtype", ""); !dtype.empty()) config.dtype = dtype_from_string(dtype);
  return config;
}

void ModelConfig::to_metadata(Metadata& meta) const {
  const Architecture& row = architecture_of(*this);
  const auto key = [&](std::string_view suffix) { return architecture + "." + std::string(suffix); };
  const auto u32 = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  const auto f32 = [](double value) { return static_cast<float>(value); };
  meta.set("general.architecture", architecture);
  if (!name.empty()) meta.set("general.name", name);
  meta.set("ingot.huggingface_class", huggingface_class);
  for (const auto keys : {row.keys, row.own_keys})
    for (const ConfigKey& config_key : keys)
      std::visit(
          [&]<class T>(const Key<T>& k) {
            const T value = this->*k.member;
            if (k.gguf.empty() || (k.zero == Zero::absent && value == 0)) return;
            if constexpr (std::is_same_v<T, double>)
              meta.set(key(k.gguf), f32(value));
            else
              meta.set(key(k.gguf), u32(value));
          },
          config_key);
  if (row.rotary) write_rotary(*this, meta);
  if (bit_linear == BitLinear::master) meta.set("ingot.bitnet.master_weights", true);
  if (bit_linear != BitLinear::none && !is_bitnet()) meta.set("ingot.bit_linear", true);
  if (row.write_gguf) row.write_gguf(*this, meta);
  if (dtype) meta.set("ingot.dtype", std::string(to_string(*dtype)));
}

}  // namespace ingot
