// The architectures that are built: a file each.
#pragma once

#include "models/architectures/architecture.h"

namespace ingot {

extern const Architecture llama, mistral;
extern const Architecture bitnet, old_bitnet;
extern const Architecture qwen2, qwen3;
extern const Architecture gemma, gemma2, gemma3;
extern const Architecture phi3;
extern const Architecture mixtral, qwen3_moe;
extern const Architecture gpt2;
extern const Architecture bert;

/// Forward passes that architectures share.
std::unique_ptr<Model> make_llama(const Checkpoint& checkpoint, ModelConfig config);

/// Throws NotImplemented where some layers have a window (use_sliding_window, max_window_layers).
void refuse_mixed_windows(const JsonReader& json, ModelConfig& config);
/// Throws NotImplemented for use_bidirectional_attention.
void refuse_bidirectional(const JsonReader& json, ModelConfig& config);
/// The same, and reads layer_types into window_period. Throws NotImplemented for a list that has no period.
void read_gemma_layers(const JsonReader& json, ModelConfig& config);
/// query_pre_attn_scalar, for which GGUF has no key.
void read_gemma_scalar(const Checkpoint& checkpoint, ModelConfig& config, std::int64_t layers_of_27b);
void write_gemma_scalar(const ModelConfig& config, Metadata& metadata);

}  // namespace ingot
