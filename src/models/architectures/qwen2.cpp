// Qwen2 and Qwen2.5 (Yang et al. 2024, arXiv:2407.10671 and 2412.15115): a Llama whose q, k and v have biases.
#include "core/fail.h"
#include "models/architectures/all.h"
#include "models/architectures/decoder_tables.h"
#include "models/architectures/json.h"

namespace ingot {
namespace {

constexpr TensorRow layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden},
    {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden, Transform::none, true},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden, Transform::none, true},
    {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden, Transform::none, true},
    {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden},
    {"ffn_gate", "mlp.gate_proj", Axis::ffn, Axis::hidden},
    {"ffn_up", "mlp.up_proj", Axis::ffn, Axis::hidden},
    {"ffn_down", "mlp.down_proj", Axis::hidden, Axis::ffn},
};

}  // namespace

// Layers from max_window_layers on would have the window; every published model says false, or a number beyond them.
void refuse_mixed_windows(const JsonReader& json, ModelConfig& config) {
  if (json.boolean("use_sliding_window", false) && json.integer("max_window_layers", 0) < config.layers)
    throw NotImplemented("model", json.where() + ": use_sliding_window");
}

constexpr Architecture qwen2{.huggingface_class = "Qwen2ForCausalLM",
                             .model_type = "qwen2",
                             .gguf = "qwen2",
                             .tensors = decoder_tensors,
                             .layer_tensors = layer_tensors,
                             .keys = decoder_keys,
                             .activations = silu_only,
                             .read_json = refuse_mixed_windows,
                             .make = make_llama};

}  // namespace ingot
