// config.json from bytes; what is accepted must come back from the config.json and the GGUF keys that we write.
#include <cstdint>
#include <string>

#include "ingot/error.h"
#include "ingot/model.h"

namespace {

bool same_model(const ingot::ModelConfig& a, const ingot::ModelConfig& b) {
  return a.architecture == b.architecture && a.vocab_size == b.vocab_size && a.hidden_size == b.hidden_size &&
         a.layers == b.layers && a.heads == b.heads && a.kv_heads == b.kv_heads && a.head_size == b.head_size &&
         a.ffn_size == b.ffn_size && a.context_length == b.context_length && a.sliding_window == b.sliding_window &&
         a.rope_scaling.kind == b.rope_scaling.kind && a.rope_size == b.rope_size && a.activation == b.activation &&
         a.window_period == b.window_period && a.query_pre_attn_scalar == b.query_pre_attn_scalar &&
         a.experts == b.experts && a.experts_used == b.experts_used && a.expert_ffn_size == b.expert_ffn_size &&
         a.normalize_expert_weights == b.normalize_expert_weights && a.token_types == b.token_types;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ingot;
  Checkpoint checkpoint;
  checkpoint.path = "fuzz";
  checkpoint.documents["config.json"].assign(reinterpret_cast<const char*>(data), size);
  ModelConfig config;
  try {
    config = ModelConfig::from(checkpoint);
  } catch (const Error&) {
    return 0;
  }
  if (config.rope_size <= 4096) (void)config.inverse_frequencies();
  checkpoint.documents["config.json"] = config.to_huggingface({}, DType::bf16);
  if (!same_model(config, ModelConfig::from(checkpoint))) __builtin_trap();

  Checkpoint gguf;
  config.to_metadata(gguf.metadata);
  try {
    if (!same_model(config, ModelConfig::from(gguf))) __builtin_trap();
  } catch (const Error&) {
    // Numbers that the 32 bits of GGUF round to nothing, such as an epsilon of 1e-60, may be refused there.
  }
  return 0;
}
