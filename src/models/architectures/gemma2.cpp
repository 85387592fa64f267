// Gemma 2 (Gemma Team 2024, arXiv:2408.00118): norms before and after each half of a layer, soft caps of scores and
// logits, a sliding window in every other layer.
#include <cmath>

#include "core/fail.h"
#include "models/architectures/all.h"
#include "models/architectures/decoder_tables.h"
#include "models/architectures/json.h"
#include "models/decoder.h"

namespace ingot {
namespace {

struct Layer {
  explicit Layer(const LayerWeights& w)
      : attn_norm(w.vector("attn_norm")),
        q(w.linear("attn_q")),
        k(w.linear("attn_k")),
        v(w.linear("attn_v")),
        o(w.linear("attn_output")),
        attn_post_norm(w.vector("post_attention_norm")),
        ffn_norm(w.vector("ffn_norm")),
        gate(w.linear("ffn_gate")),
        up(w.linear("ffn_up")),
        down(w.linear("ffn_down")),
        ffn_post_norm(w.vector("post_ffw_norm")) {}
  Tensor attn_norm;
  Linear q, k, v, o;
  Tensor attn_post_norm, ffn_norm;
  Linear gate, up, down;
  Tensor ffn_post_norm;
};

class Gemma2 final : public Decoder<Layer> {
 public:
  using Decoder::Decoder;

 private:
  Tensor embed(const Tensor& tokens) const override {
    return multiply(Decoder::embed(tokens), std::sqrt(static_cast<double>(config_.hidden_size)));
  }

  Tensor layer(std::size_t i, const Layer& w, const Tensor& x, const Tensor& positions, KvCache& cache) const override {
    Tensor h = norm(x, w.attn_norm);
    h = w.o(attention_(i, w.q(h), w.k(h), w.v(h), positions, cache));
    const Tensor y = add(x, norm(h, w.attn_post_norm));
    h = norm(y, w.ffn_norm);
    h = w.down(multiply(gelu_tanh(w.gate(h)), w.up(h)));
    return add(y, norm(h, w.ffn_post_norm));
  }
};

constexpr TensorRow layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden, Axis::none, Transform::plus_one},
    {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden},
    {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden},
    {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"post_attention_norm", "post_attention_layernorm", Axis::hidden, Axis::none, Transform::plus_one},
    {"ffn_norm", "pre_feedforward_layernorm", Axis::hidden, Axis::none, Transform::plus_one},
    {"ffn_gate", "mlp.gate_proj", Axis::ffn, Axis::hidden},
    {"ffn_up", "mlp.up_proj", Axis::ffn, Axis::hidden},
    {"ffn_down", "mlp.down_proj", Axis::hidden, Axis::ffn},
    {"post_ffw_norm", "post_feedforward_layernorm", Axis::hidden, Axis::none, Transform::plus_one},
};

constexpr ConfigKey own_keys[] = {
    Integer{"attention.sliding_window", "sliding_window", &ModelConfig::sliding_window,
            [](const ModelConfig&) -> std::int64_t { return 4096; }, Zero::null},
    Integer{"", "", &ModelConfig::window_period, [](const ModelConfig&) -> std::int64_t { return 2; }},
    Integer{"", "query_pre_attn_scalar", &ModelConfig::query_pre_attn_scalar,
            [](const ModelConfig&) -> std::int64_t { return 256; }},
    Number{"attn_logit_softcapping", "attn_logit_softcapping", &ModelConfig::attention_softcap,
           [](const ModelConfig&) { return 50.0; }, Zero::null},
    Number{"final_logit_softcapping", "final_logit_softcapping", &ModelConfig::logit_softcap,
           [](const ModelConfig&) { return 30.0; }, Zero::null},
};

// GGUF has no key for another.
void read_json(const JsonReader& json, ModelConfig& config) {
  read_gemma_layers(json, config);
  if (config.window_period != 2)
    throw NotImplemented("model",
                         fmt::format("{}: layer_types with a period of {}", json.where(), config.window_period));
}

void read_gguf(const Checkpoint& checkpoint, ModelConfig& config) { read_gemma_scalar(checkpoint, config, 46); }

std::unique_ptr<Model> make(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Gemma2>(checkpoint, std::move(config));
}

}  // namespace

constexpr Architecture gemma2{.huggingface_class = "Gemma2ForCausalLM",
                              .model_type = "gemma2",
                              .gguf = "gemma2",
                              .tensors = gemma_tensors,
                              .layer_tensors = layer_tensors,
                              .keys = decoder_keys,
                              .own_keys = own_keys,
                              .activation_key = "hidden_activation",
                              .activations = gelu_tanh_only,
                              .read_json = read_json,
                              .read_gguf = read_gguf,
                              .write_gguf = write_gemma_scalar,
                              .make = make};

}  // namespace ingot
