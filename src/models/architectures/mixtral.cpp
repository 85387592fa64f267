// Mixtral (Jiang et al. 2024, arXiv:2401.04088) and Qwen3's mixtures (Yang et al. 2025, arXiv:2505.09388): a Mistral
// and a Qwen3 whose feed-forward networks are experts, of which a router chooses some for each token.
#include "core/fail.h"
#include "models/architectures/all.h"
#include "models/architectures/decoder_tables.h"
#include "models/architectures/json.h"
#include "models/decoder.h"
#include "models/experts.h"

namespace ingot {
namespace {

/// `with_head_norms`: q and k are normalised head by head.
template <bool with_head_norms>
struct Layer {
  explicit Layer(const LayerWeights& w)
      : attn_norm(w.vector("attn_norm")),
        q(w.linear("attn_q")),
        k(w.linear("attn_k")),
        v(w.linear("attn_v")),
        o(w.linear("attn_output")),
        ffn_norm(w.vector("ffn_norm")),
        experts{w.linear("ffn_gate_inp").weight, w.experts("ffn_gate_exps"), w.experts("ffn_up_exps"),
                w.experts("ffn_down_exps")} {
    if constexpr (with_head_norms) q_norm = w.vector("attn_q_norm"), k_norm = w.vector("attn_k_norm");
  }
  Tensor attn_norm;
  Linear q, k, v, o;
  Tensor q_norm, k_norm, ffn_norm;
  Experts experts;
};

template <bool with_head_norms>
class Mixture final : public Decoder<Layer<with_head_norms>> {
 public:
  using Base = Decoder<Layer<with_head_norms>>;
  Mixture(const Checkpoint& checkpoint, ModelConfig config) : Base(checkpoint, std::move(config)) {}

 private:
  using Base::attention_, Base::config_, Base::norm, Base::head_norm;

  Tensor layer(std::size_t i, const Layer<with_head_norms>& w, const Tensor& x, const Tensor& positions,
               KvCache& cache) const override {
    const Tensor h = norm(x, w.attn_norm);
    Tensor q = w.q(h), k = w.k(h);
    if constexpr (with_head_norms) q = head_norm(q, w.q_norm), k = head_norm(k, w.k_norm);
    const Tensor y = add(x, w.o(attention_(i, q, k, w.v(h), positions, cache)));
    return add(
        y, mixture_of_experts(norm(y, w.ffn_norm), w.experts, config_.experts_used, config_.normalize_expert_weights));
  }
};

constexpr TensorRow mixtral_layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden},
    {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden, Transform::rotary_q},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden, Transform::rotary_k},
    {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden},
    {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden},
    {"ffn_gate_inp", "block_sparse_moe.gate", Axis::experts, Axis::hidden, Transform::widened},
    {"ffn_gate_exps", "block_sparse_moe.experts.*.w1", Axis::expert_ffn, Axis::hidden, Transform::stacked},
    {"ffn_up_exps", "block_sparse_moe.experts.*.w3", Axis::expert_ffn, Axis::hidden, Transform::stacked},
    {"ffn_down_exps", "block_sparse_moe.experts.*.w2", Axis::hidden, Axis::expert_ffn, Transform::stacked},
};

constexpr TensorRow qwen3_layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden},
    {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden},
    {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden},
    {"attn_q_norm", "self_attn.q_norm", Axis::head},
    {"attn_k_norm", "self_attn.k_norm", Axis::head},
    {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden},
    {"ffn_gate_inp", "mlp.gate", Axis::experts, Axis::hidden, Transform::widened},
    {"ffn_gate_exps", "mlp.experts.*.gate_proj", Axis::expert_ffn, Axis::hidden, Transform::stacked},
    {"ffn_up_exps", "mlp.experts.*.up_proj", Axis::expert_ffn, Axis::hidden, Transform::stacked},
    {"ffn_down_exps", "mlp.experts.*.down_proj", Axis::hidden, Axis::expert_ffn, Transform::stacked},
};

constexpr ConfigKey mixtral_keys[] = {
    Integer{"expert_count", "num_local_experts", &ModelConfig::experts},
    Integer{"expert_used_count", "num_experts_per_tok", &ModelConfig::experts_used},
    Integer{"", "", &ModelConfig::expert_ffn_size, [](const ModelConfig& c) { return c.ffn_size; }},
    sliding_window_key,
};

constexpr ConfigKey qwen3_keys[] = {
    Integer{"expert_count", "num_experts", &ModelConfig::experts, none},
    Integer{"expert_used_count", "num_experts_per_tok", &ModelConfig::experts_used},
    Integer{"expert_feed_forward_length", "moe_intermediate_size", &ModelConfig::expert_ffn_size},
};

// Upstream's converter calls it llama, too.
bool has_experts(const Metadata& metadata) { return metadata.integer("llama.expert_count", 0) > 0; }

void read_qwen3_json(const JsonReader& json, ModelConfig& config) {
  // transformers 5 writes Mixtral's name of it.
  if (config.experts == 0) config.experts = json.integer("num_local_experts");
  config.normalize_expert_weights = json.boolean("norm_topk_prob", false);
  if (json.integer("decoder_sparse_step", 1) != 1)
    throw NotImplemented("model", json.where() + ": decoder_sparse_step");
  if (json.has("mlp_only_layers") && !json.numbers("mlp_only_layers").empty())
    throw NotImplemented("model", json.where() + ": mlp_only_layers");
  refuse_mixed_windows(json, config);
}

void write_qwen3_json(const ModelConfig& config, JsonWriter& json) {
  json.boolean("norm_topk_prob", config.normalize_expert_weights);
  json.integer("decoder_sparse_step", 1);
}

void read_qwen3_gguf(const Checkpoint& checkpoint, ModelConfig& config) {
  // llama.cpp normalises whatever the key says; files by its converter lack it, and all published models want that.
  config.normalize_expert_weights = checkpoint.metadata.boolean("qwen3moe.expert_weights_norm", true);
}

void write_qwen3_gguf(const ModelConfig& config, Metadata& metadata) {
  metadata.set("qwen3moe.expert_weights_norm", config.normalize_expert_weights);
}

template <bool with_head_norms>
std::unique_ptr<Model> make(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Mixture<with_head_norms>>(checkpoint, std::move(config));
}

}  // namespace

constexpr Architecture mixtral{.huggingface_class = "MixtralForCausalLM",
                               .model_type = "mixtral",
                               .gguf = "llama",
                               .tensors = decoder_tensors,
                               .layer_tensors = mixtral_layer_tensors,
                               .keys = decoder_keys,
                               .own_keys = mixtral_keys,
                               .activations = silu_only,
                               .gguf_rope_layout = RopeLayout::interleaved,
                               .claims = has_experts,
                               .make = make<false>};

constexpr Architecture qwen3_moe{.huggingface_class = "Qwen3MoeForCausalLM",
                                 .model_type = "qwen3_moe",
                                 .gguf = "qwen3moe",
                                 .tensors = decoder_tensors,
                                 .layer_tensors = qwen3_layer_tensors,
                                 .keys = decoder_keys,
                                 .own_keys = qwen3_keys,
                                 .activations = silu_only,
                                 .read_json = read_qwen3_json,
                                 .write_json = write_qwen3_json,
                                 .read_gguf = read_qwen3_gguf,
                                 .write_gguf = write_qwen3_gguf,
                                 .make = make<true>};

}  // namespace ingot
