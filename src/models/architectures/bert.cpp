// BERT (Devlin et al. 2018, arXiv:1810.04805): learned positions and segments, post-normalised LayerNorm blocks whose
// tokens all see one another, GELU. As sentence-transformers and llama.cpp use it: without the pooler of its training.
#include "core/fail.h"
#include "ingot/encoder.h"
#include "models/architectures/all.h"
#include "models/architectures/decoder_tables.h"
#include "models/architectures/json.h"
#include "models/weights.h"

namespace ingot {
namespace {

// Block-quantized weights are decoded once: all tokens of a text go through together, where int8 activations save no
// time, and they cost vectors more than the weights' rounding does (least cosine of 100 sentences by MiniLM in Q8_0:
// 0.9976 with them, 0.9994 without).
Linear decoded(Linear layer) {
  if (layer.weight.is_quantized()) layer.weight = dequantize(layer.weight);
  return layer;
}

struct Layer {
  explicit Layer(const LayerWeights& w)
      : q(decoded(w.linear("attn_q"))),
        k(decoded(w.linear("attn_k"))),
        v(decoded(w.linear("attn_v"))),
        o(decoded(w.linear("attn_output"))),
        attn_norm(w.norm("attn_output_norm")),
        up(decoded(w.linear("ffn_up"))),
        down(decoded(w.linear("ffn_down"))),
        ffn_norm(w.norm("layer_output_norm")) {}
  Linear q, k, v, o;
  LayerNorm attn_norm;
  Linear up, down;
  LayerNorm ffn_norm;
};

class Bert final : public Encoder {
 public:
  Bert(const Checkpoint& checkpoint, ModelConfig config) : Encoder(std::move(config)) {
    const Weights weights(checkpoint, config_);
    tokens_ = weights.get("token_embd");
    positions_ = weights.get("position_embd");
    types_ = weights.get("token_types");
    norm_ = weights.norm("token_embd_norm");
    for (std::int64_t i = 0; i < config_.layers; ++i) layers_.emplace_back(weights.layer(i));
  }

 private:
  Tensor attention(const Layer& w, const Tensor& x) const {
    const auto heads_first = [&](const Tensor& y) {
      return y.view({y.size(0), config_.heads, config_.head_size}).transpose(0, 1);
    };
    const Tensor out = scaled_dot_product_attention(heads_first(w.q(x)), heads_first(w.k(x)), heads_first(w.v(x)));
    return w.o(reshape(out.transpose(0, 1), x.shape()));
  }

  Tensor states(const Tensor& tokens, const Tensor& types) const override {
    const Tensor positions = arange(0, tokens.size(0), 1, DType::i64);
    Tensor x = astype(embedding(tokens_, tokens), DType::f32);
    x = add(x, astype(embedding(positions_, positions), DType::f32));
    x = norm_(add(x, astype(embedding(types_, types), DType::f32)));
    for (const Layer& w : layers_) {
      x = w.attn_norm(add(x, attention(w, x)));
      x = w.ffn_norm(add(x, w.down(gelu(w.up(x)))));
    }
    return x;
  }

  Tensor tokens_, positions_, types_;
  LayerNorm norm_;
  std::vector<Layer> layers_;
};

constexpr TensorRow tensors[] = {
    {"token_embd", "embeddings.word_embeddings", Axis::vocab, Axis::hidden},
    {"position_embd", "embeddings.position_embeddings", Axis::context, Axis::hidden, Transform::widened},
    {"token_types", "embeddings.token_type_embeddings", Axis::token_types, Axis::hidden, Transform::widened},
    {"token_embd_norm", "embeddings.LayerNorm", Axis::hidden, Axis::none, Transform::none, true},
};

constexpr TensorRow layer_tensors[] = {
    {"attn_q", "attention.self.query", Axis::hidden, Axis::hidden, Transform::none, true},
    {"attn_k", "attention.self.key", Axis::hidden, Axis::hidden, Transform::none, true},
    {"attn_v", "attention.self.value", Axis::hidden, Axis::hidden, Transform::none, true},
    {"attn_output", "attention.output.dense", Axis::hidden, Axis::hidden, Transform::none, true},
    {"attn_output_norm", "attention.output.LayerNorm", Axis::hidden, Axis::none, Transform::none, true},
    {"ffn_up", "intermediate.dense", Axis::ffn, Axis::hidden, Transform::none, true},
    {"ffn_down", "output.dense", Axis::hidden, Axis::ffn, Transform::none, true},
    {"layer_output_norm", "output.LayerNorm", Axis::hidden, Axis::none, Transform::none, true},
};

constexpr ConfigKey keys[] = {
    Integer{"vocab_size", "vocab_size", &ModelConfig::vocab_size, [](const ModelConfig& c) { return c.vocab_size; }},
    Integer{"context_length", "max_position_embeddings", &ModelConfig::context_length},
    Integer{"embedding_length", "hidden_size", &ModelConfig::hidden_size},
    Integer{"block_count", "num_hidden_layers", &ModelConfig::layers},
    Integer{"feed_forward_length", "intermediate_size", &ModelConfig::ffn_size},
    Integer{"attention.head_count", "num_attention_heads", &ModelConfig::heads},
    Integer{"", "", &ModelConfig::kv_heads, [](const ModelConfig& c) { return c.heads; }},
    Integer{"", "", &ModelConfig::head_size,
            [](const ModelConfig& c) { return c.heads > 0 ? c.hidden_size / c.heads : 0; }},
    Number{"attention.layer_norm_epsilon", "layer_norm_eps", &ModelConfig::norm_epsilon},
    Integer{"", "type_vocab_size", &ModelConfig::token_types, [](const ModelConfig&) { return std::int64_t{2}; }},
};

constexpr std::string_view ignored[] = {"pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"};

constexpr ActivationName activations[] = {{"gelu", ActivationFunction::gelu}};

void read_json(const JsonReader& json, ModelConfig&) {
  if (const auto kind = json.string("position_embedding_type", "absolute"); kind != "absolute")
    throw NotImplemented("model", fmt::format("{}: position_embedding_type '{}'", json.where(), kind));
  if (json.boolean("is_decoder", false)) throw NotImplemented("model", json.where() + ": is_decoder");
}

// Numbers of llama.cpp's enum llama_pooling_type.
constexpr std::pair<std::int64_t, Pooling> poolings[] = {{1, Pooling::mean}, {2, Pooling::cls}, {3, Pooling::last}};

void read_gguf(const Checkpoint& checkpoint, ModelConfig& config) {
  const Metadata& metadata = checkpoint.metadata;
  config.token_types = metadata.integer("tokenizer.ggml.token_type_count", 2);
  config.normalize_embeddings = metadata.boolean("ingot.normalize_embeddings", false);
  if (metadata.boolean("bert.attention.causal", false))
    throw NotImplemented("model", checkpoint.path + ": bert.attention.causal");
  const std::int64_t pooling = metadata.integer("bert.pooling_type", 0);
  for (const auto& [number, kind] : poolings)
    if (number == pooling) config.pooling = kind;
  if (pooling != 0 && !config.pooling)
    throw NotImplemented("model", fmt::format("{}: bert.pooling_type {}", checkpoint.path, pooling));
}

void write_gguf(const ModelConfig& config, Metadata& metadata) {
  metadata.set("bert.attention.causal", false);
  if (config.normalize_embeddings) metadata.set("ingot.normalize_embeddings", true);
  metadata.set("tokenizer.ggml.token_type_count", static_cast<std::uint32_t>(config.token_types));
  for (const auto& [number, kind] : poolings)
    if (config.pooling == kind) metadata.set("bert.pooling_type", static_cast<std::uint32_t>(number));
}

std::unique_ptr<Encoder> make(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Bert>(checkpoint, std::move(config));
}

}  // namespace

constexpr Architecture bert{.huggingface_class = "BertModel",
                            .model_type = "bert",
                            .gguf = "bert",
                            .tensors = tensors,
                            .layer_tensors = layer_tensors,
                            .layer_prefix = "encoder.layer.",
                            .ignored = ignored,
                            .rotary = false,
                            .keys = keys,
                            .activations = activations,
                            .read_json = read_json,
                            .read_gguf = read_gguf,
                            .write_gguf = write_gguf,
                            .make_encoder = make};

}  // namespace ingot
