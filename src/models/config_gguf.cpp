// ModelConfig from and to GGUF's keys.
#include <cmath>

#include "core/fail.h"
#include "ingot/model.h"
#include "models/config.h"

namespace ingot {

ModelConfig config_from_gguf(const Checkpoint& checkpoint) {
  const Metadata& meta = checkpoint.metadata;
  ModelConfig config;
  config.architecture = meta.string("general.architecture");
  const std::string& arch = config.architecture;
  if (arch != "llama" && arch != "bitnet" && arch != "bitnet-b1.58")
    throw NotImplemented(
        "model", fmt::format("{}: architecture '{}' (llama, bitnet, bitnet-b1.58 are built)", checkpoint.path, arch));
  const auto key = [&](std::string_view name) { return arch + "." + std::string(name); };

  config.name = meta.string("general.name", "");
  config.hidden_size = meta.integer(key("embedding_length"));
  config.layers = meta.integer(key("block_count"));
  config.ffn_size = meta.integer(key("feed_forward_length"));
  config.heads = meta.integer(key("attention.head_count"));
  config.kv_heads = meta.integer(key("attention.head_count_kv"), config.heads);
  config.context_length = meta.integer(key("context_length"));
  config.norm_epsilon = meta.number(key("attention.layer_norm_rms_epsilon"));
  config.head_size =
      meta.integer(key("attention.key_length"), config.heads > 0 ? config.hidden_size / config.heads : 0);
  if (meta.integer(key("attention.value_length"), config.head_size) != config.head_size)
    throw NotImplemented("model", fmt::format("{}: {} differs from {}", checkpoint.path, key("attention.value_length"),
                                              key("attention.key_length")));
  config.sliding_window = meta.integer(key("attention.sliding_window"), 0);
  // Of the classes that upstream's converter calls llama, only Mistral has a window.
  config.huggingface_class = meta.string("ingot.huggingface_class", arch == "bitnet"            ? "BitnetForCausalLM"
                                                                    : arch == "bitnet-b1.58"    ? "BitNetForCausalLM"
                                                                    : config.sliding_window > 0 ? "MistralForCausalLM"
                                                                                                : "LlamaForCausalLM");
  config.rope_base = meta.number(key("rope.freq_base"), 10000);
  config.rope_size = meta.integer(key("rope.dimension_count"), config.head_size);

  const Tensor* embedding = checkpoint.find("token_embd.weight");
  config.vocab_size = meta.integer(key("vocab_size"), embedding && embedding->rank() == 2 ? embedding->shape()[0] : 0);
  config.tied_embeddings = checkpoint.find("output.weight") == nullptr;

  const std::string scaling = meta.string("ingot.rope_scaling.type", meta.string(key("rope.scaling.type"), "none"));
  if (scaling == "linear") {
    config.rope_scaling.kind = RopeScaling::Kind::linear;
    config.rope_scaling.factor = meta.number(key("rope.scaling.factor"), 1);
  } else if (scaling == "llama3") {
    // rope_freqs.weight holds the same in float; these give it in double and let config.json be written again.
    RopeScaling& s = config.rope_scaling;
    s.kind = RopeScaling::Kind::llama3;
    s.factor = meta.number("ingot.rope_scaling.factor");
    s.low_freq_factor = meta.number("ingot.rope_scaling.low_freq_factor");
    s.high_freq_factor = meta.number("ingot.rope_scaling.high_freq_factor");
    s.original_context = meta.number("ingot.rope_scaling.original_context_length");
  } else if (const Tensor* factors = checkpoint.find("rope_freqs.weight")) {
    if (factors->shape() != Shape{config.rope_size / 2})
      fail(ErrorCode::shape_mismatch, "model", "{}: tensor 'rope_freqs.weight' has shape {}, the configuration says {}",
           checkpoint.path, to_string(factors->shape()), to_string(Shape{config.rope_size / 2}));
    config.rope_factors = contiguous(astype(*factors, DType::f32));
  } else if (scaling != "none") {
    throw NotImplemented("model", fmt::format("{}: rope scaling '{}'", checkpoint.path, scaling));
  }

  // Upstream's converters permute llama's q and k rows to Meta's order and leave those of every other family alone.
  config.rope_layout = arch == "llama" ? RopeLayout::interleaved : RopeLayout::half_split;
  if (arch != "llama") {
    const bool master = meta.boolean("ingot.bitnet.master_weights", false);
    config.bit_linear = master ? BitLinear::master : BitLinear::ternary;
    // Upstream has one `bitnet`, with SiLU; bitnet.cpp's `bitnet-b1.58` is the 2B-4T model's.
    config.squared_relu = arch == "bitnet-b1.58";
  } else if (meta.boolean("ingot.bit_linear", false)) {
    config.bit_linear = BitLinear::ternary;
  }
  if (const std::string dtype = meta.string("ingot.dtype", ""); !dtype.empty()) config.dtype = dtype_from_string(dtype);
  return config;
}

void ModelConfig::to_metadata(Metadata& meta) const {
  const auto key = [&](std::string_view suffix) { return architecture + "." + std::string(suffix); };
  const auto u32 = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
  const auto f32 = [](double value) { return static_cast<float>(value); };
  meta.set("general.architecture", architecture);
  if (!name.empty()) meta.set("general.name", name);
  meta.set("ingot.huggingface_class", huggingface_class);
  meta.set(key("vocab_size"), u32(vocab_size));
  meta.set(key("context_length"), u32(context_length));
  meta.set(key("embedding_length"), u32(hidden_size));
  meta.set(key("block_count"), u32(layers));
  meta.set(key("feed_forward_length"), u32(ffn_size));
  meta.set(key("attention.head_count"), u32(heads));
  meta.set(key("attention.head_count_kv"), u32(kv_heads));
  meta.set(key("attention.key_length"), u32(head_size));
  meta.set(key("attention.value_length"), u32(head_size));
  meta.set(key("attention.layer_norm_rms_epsilon"), f32(norm_epsilon));
  if (sliding_window > 0) meta.set(key("attention.sliding_window"), u32(sliding_window));
  meta.set(key("rope.dimension_count"), u32(rope_size));
  meta.set(key("rope.freq_base"), f32(rope_base));
  if (rope_scaling.kind == RopeScaling::Kind::linear) {
    meta.set(key("rope.scaling.type"), std::string("linear"));
    meta.set(key("rope.scaling.factor"), f32(rope_scaling.factor));
  } else if (rope_scaling.kind == RopeScaling::Kind::llama3) {
    meta.set("ingot.rope_scaling.type", std::string("llama3"));
    meta.set("ingot.rope_scaling.factor", f32(rope_scaling.factor));
    meta.set("ingot.rope_scaling.low_freq_factor", f32(rope_scaling.low_freq_factor));
    meta.set("ingot.rope_scaling.high_freq_factor", f32(rope_scaling.high_freq_factor));
    meta.set("ingot.rope_scaling.original_context_length", f32(rope_scaling.original_context));
  }
  if (bit_linear == BitLinear::master) meta.set("ingot.bitnet.master_weights", true);
  if (bit_linear != BitLinear::none && !is_bitnet()) meta.set("ingot.bit_linear", true);
  if (dtype) meta.set("ingot.dtype", std::string(to_string(*dtype)));
}

}  // namespace ingot
