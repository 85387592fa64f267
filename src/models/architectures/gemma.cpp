// Gemma (Gemma Team 2024, arXiv:2403.08295): embeddings times √hidden_size, GELU in its tanh form as the gate.
#include <algorithm>
#include <cmath>
#include <utility>

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
        ffn_norm(w.vector("ffn_norm")),
        gate(w.linear("ffn_gate")),
        up(w.linear("ffn_up")),
        down(w.linear("ffn_down")) {}
  Tensor attn_norm;
  Linear q, k, v, o;
  Tensor ffn_norm;
  Linear gate, up, down;
};

class Gemma final : public Decoder<Layer> {
 public:
  using Decoder::Decoder;

 private:
  Tensor embed(const Tensor& tokens) const override {
    return multiply(Decoder::embed(tokens), std::sqrt(static_cast<double>(config_.hidden_size)));
  }

  Tensor layer(std::size_t i, const Layer& w, const Tensor& x, const Tensor& positions, KvCache& cache) const override {
    Tensor h = norm(x, w.attn_norm);
    const Tensor y = add(x, w.o(attention_(i, w.q(h), w.k(h), w.v(h), positions, cache)));
    h = norm(y, w.ffn_norm);
    return add(y, w.down(multiply(gelu_tanh(w.gate(h)), w.up(h))));
  }
};

constexpr TensorRow layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden, Axis::none, Transform::plus_one},
    {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden},
    {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden},
    {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden, Axis::none, Transform::plus_one},
    {"ffn_gate", "mlp.gate_proj", Axis::ffn, Axis::hidden},
    {"ffn_up", "mlp.up_proj", Axis::ffn, Axis::hidden},
    {"ffn_down", "mlp.down_proj", Axis::hidden, Axis::ffn},
};

// The first release said "gelu" and meant the tanh form; transformers reads it so.
constexpr ActivationName activations[] = {{"gelu_pytorch_tanh", ActivationFunction::gelu_tanh},
                                          {"gelu", ActivationFunction::gelu_tanh}};

std::unique_ptr<Model> make(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Gemma>(checkpoint, std::move(config));
}

}  // namespace

void refuse_bidirectional(const JsonReader& json, ModelConfig&) {
  if (json.boolean("use_bidirectional_attention", false))
    throw NotImplemented("model", json.where() + ": use_bidirectional_attention");
}

void read_gemma_layers(const JsonReader& json, ModelConfig& config) {
  refuse_bidirectional(json, config);
  if (!json.has("layer_types")) return;
  const std::vector<std::string> types = json.strings("layer_types");
  const auto everywhere = std::find(types.begin(), types.end(), "full_attention") - types.begin();
  if (std::cmp_less(everywhere, types.size()))
    config.window_period = everywhere + 1;
  else  // none of them: any period beyond the last
    config.window_period = std::max<std::int64_t>(config.window_period, everywhere + 1);
  for (std::size_t i = 0; i < types.size(); ++i)
    if ((types[i] == "full_attention") != ((static_cast<std::int64_t>(i) + 1) % config.window_period == 0))
      throw NotImplemented("model", fmt::format("{}: layer_types without a period, at layer {}", json.where(), i));
}

// Google's code divides by the root of hidden_size / heads in the models of 27 B, by that of the head size in others.
void read_gemma_scalar(const Checkpoint& checkpoint, ModelConfig& config, std::int64_t layers_of_27b) {
  const std::int64_t usual =
      config.layers == layers_of_27b && config.heads > 0 ? config.hidden_size / config.heads : config.head_size;
  config.query_pre_attn_scalar = checkpoint.metadata.integer("ingot.query_pre_attn_scalar", usual);
}

void write_gemma_scalar(const ModelConfig& config, Metadata& metadata) {
  metadata.set("ingot.query_pre_attn_scalar", static_cast<std::uint32_t>(config.query_pre_attn_scalar));
}

constexpr Architecture gemma{.huggingface_class = "GemmaForCausalLM",
                             .model_type = "gemma",
                             .gguf = "gemma",
                             .tensors = gemma_tensors,
                             .layer_tensors = layer_tensors,
                             .keys = decoder_keys,
                             .activations = activations,
                             .read_json = refuse_bidirectional,
                             .make = make};

}  // namespace ingot
