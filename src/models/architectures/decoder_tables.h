// Rows that decoders with RMSNorm and rotary positions share.
#pragma once

#include "models/architectures/architecture.h"

namespace ingot {

using Integer = Key<std::int64_t>;
using Number = Key<double>;

inline constexpr ConfigKey decoder_keys[] = {
    Integer{"vocab_size", "vocab_size", &ModelConfig::vocab_size, [](const ModelConfig& c) { return c.vocab_size; }},
    Integer{"context_length", "max_position_embeddings", &ModelConfig::context_length},
    Integer{"embedding_length", "hidden_size", &ModelConfig::hidden_size},
    Integer{"block_count", "num_hidden_layers", &ModelConfig::layers},
    Integer{"feed_forward_length", "intermediate_size", &ModelConfig::ffn_size},
    Integer{"attention.head_count", "num_attention_heads", &ModelConfig::heads},
    Integer{"attention.head_count_kv", "num_key_value_heads", &ModelConfig::kv_heads,
            [](const ModelConfig& c) { return c.heads; }},
    Integer{"attention.key_length", "head_dim", &ModelConfig::head_size,
            [](const ModelConfig& c) { return c.heads > 0 ? c.hidden_size / c.heads : 0; }},
    Number{"attention.layer_norm_rms_epsilon", "rms_norm_eps", &ModelConfig::norm_epsilon},
};

inline constexpr std::int64_t none(const ModelConfig&) { return 0; }
inline constexpr ConfigKey sliding_window_key{
    Integer{"attention.sliding_window", "sliding_window", &ModelConfig::sliding_window, none, Zero::absent}};

inline constexpr TensorRow decoder_tensors[] = {
    {"token_embd", "model.embed_tokens", Axis::vocab, Axis::hidden},
    {"output_norm", "model.norm", Axis::hidden},
    {"output", "lm_head", Axis::vocab, Axis::hidden},
};

// Gemma's norms multiply by 1 + weight; GGUF holds the sum.
inline constexpr TensorRow gemma_tensors[] = {
    {"token_embd", "model.embed_tokens", Axis::vocab, Axis::hidden},
    {"output_norm", "model.norm", Axis::hidden, Axis::none, Transform::plus_one},
    {"output", "lm_head", Axis::vocab, Axis::hidden},
};

inline constexpr ActivationName silu_only[] = {{"silu", ActivationFunction::silu}};
inline constexpr ActivationName gelu_tanh_only[] = {{"gelu_pytorch_tanh", ActivationFunction::gelu_tanh}};

}  // namespace ingot
