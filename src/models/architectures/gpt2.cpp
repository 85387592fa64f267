// GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): learned positions, pre-normalised
// LayerNorm blocks, one matrix for q, k and v, GELU in its tanh form, a head that is the embedding.
#include "core/fail.h"
#include "models/architectures/all.h"
#include "models/architectures/decoder_tables.h"
#include "models/architectures/json.h"
#include "models/weights.h"

namespace ingot {
namespace {

struct Layer {
  explicit Layer(const LayerWeights& w)
      : attn_norm(w.norm("attn_norm")),
        qkv(w.linear("attn_qkv")),
        o(w.linear("attn_output")),
        ffn_norm(w.norm("ffn_norm")),
        up(w.linear("ffn_up")),
        down(w.linear("ffn_down")) {}
  LayerNorm attn_norm;
  Linear qkv, o;
  LayerNorm ffn_norm;
  Linear up, down;
};

class Gpt2 final : public Model {
 public:
  Gpt2(const Checkpoint& checkpoint, ModelConfig config) : Model(std::move(config)) {
    const Weights weights(checkpoint, config_);
    for (std::int64_t i = 0; i < config_.layers; ++i) layers_.emplace_back(weights.layer(i));
    norm_ = weights.norm("output_norm");
    output_ = weights.get(config_.tied_embeddings ? "token_embd" : "output");
    weight_bytes_ = weights.bytes();  // of the embeddings alone a token reads one row
    tokens_ = weights.get("token_embd");
    positions_ = weights.get("position_embd");
  }

 private:
  Tensor attention(std::size_t i, const Layer& w, const Tensor& x, KvCache& cache) const {
    std::vector<Tensor> qkv;
    for (const Tensor& part : split(w.qkv(x), 3, 1))
      qkv.push_back(reshape(part, {x.size(0), config_.heads, config_.head_size}).transpose(0, 1));
    const KvCache::Layer past = cache.append(i, qkv[1], qkv[2]);
    const Tensor out = scaled_dot_product_attention(qkv[0], past.keys, past.values, {.causal = true});
    return w.o(reshape(out.transpose(0, 1), x.shape()));
  }

  Tensor hidden_states(const Tensor& tokens, const Tensor& positions, KvCache& cache) const override {
    Tensor x =
        add(astype(embedding(tokens_, tokens), DType::f32), astype(embedding(positions_, positions), DType::f32));
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Layer& w = layers_[i];
      x = add(x, attention(i, w, w.attn_norm(x), cache));
      x = add(x, w.down(gelu_tanh(w.up(w.ffn_norm(x)))));
    }
    return x;
  }

  Tensor head(const Tensor& hidden) const override { return linear(norm_(hidden), output_); }

  Tensor tokens_, positions_, output_;
  LayerNorm norm_;
  std::vector<Layer> layers_;
};

constexpr TensorRow tensors[] = {
    {"token_embd", "transformer.wte", Axis::vocab, Axis::hidden},
    {"position_embd", "transformer.wpe", Axis::context, Axis::hidden, Transform::widened},
    {"output_norm", "transformer.ln_f", Axis::hidden, Axis::none, Transform::none, true},
    {"output", "lm_head", Axis::vocab, Axis::hidden},
};

// Its linear layers are stored (in, out).
constexpr TensorRow layer_tensors[] = {
    {"attn_norm", "ln_1", Axis::hidden, Axis::none, Transform::none, true},
    {"attn_qkv", "attn.c_attn", Axis::qkv, Axis::hidden, Transform::transposed, true},
    {"attn_output", "attn.c_proj", Axis::hidden, Axis::hidden, Transform::transposed, true},
    {"ffn_norm", "ln_2", Axis::hidden, Axis::none, Transform::none, true},
    {"ffn_up", "mlp.c_fc", Axis::ffn, Axis::hidden, Transform::transposed, true},
    {"ffn_down", "mlp.c_proj", Axis::hidden, Axis::ffn, Transform::transposed, true},
};

constexpr ConfigKey keys[] = {
    Integer{"vocab_size", "vocab_size", &ModelConfig::vocab_size, [](const ModelConfig& c) { return c.vocab_size; }},
    Integer{"context_length", "n_positions", &ModelConfig::context_length},
    Integer{"embedding_length", "n_embd", &ModelConfig::hidden_size},
    Integer{"block_count", "n_layer", &ModelConfig::layers},
    Integer{"feed_forward_length", "n_inner", &ModelConfig::ffn_size,
            [](const ModelConfig& c) { return 4 * c.hidden_size; }},
    Integer{"attention.head_count", "n_head", &ModelConfig::heads},
    Integer{"", "", &ModelConfig::kv_heads, [](const ModelConfig& c) { return c.heads; }},
    Integer{"", "", &ModelConfig::head_size,
            [](const ModelConfig& c) { return c.heads > 0 ? c.hidden_size / c.heads : 0; }},
    Number{"attention.layer_norm_epsilon", "layer_norm_epsilon", &ModelConfig::norm_epsilon},
};

constexpr std::string_view ignored[] = {".attn.bias", ".attn.masked_bias"};  // the causal mask, in old files

constexpr ActivationName activations[] = {{"gelu_new", ActivationFunction::gelu_tanh},
                                          {"gelu_pytorch_tanh", ActivationFunction::gelu_tanh}};

void read_json(const JsonReader& json, ModelConfig&) {
  for (const char* key : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"})
    if (json.boolean(key, false)) throw NotImplemented("model", json.where() + ": " + key);
  if (!json.boolean("scale_attn_weights", true)) throw NotImplemented("model", json.where() + ": scale_attn_weights");
}

std::unique_ptr<Model> make(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Gpt2>(checkpoint, std::move(config));
}

}  // namespace

constexpr Architecture gpt2{.huggingface_class = "GPT2LMHeadModel",
                            .model_type = "gpt2",
                            .gguf = "gpt2",
                            .tensors = tensors,
                            .layer_tensors = layer_tensors,
                            .layer_prefix = "transformer.h.",
                            .optional_prefix = "transformer.",
                            .ignored = ignored,
                            .rotary = false,
                            .keys = keys,
                            .activation_key = "activation_function",
                            .activations = activations,
                            .read_json = read_json,
                            .make = make};

}  // namespace ingot
