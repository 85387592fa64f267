// BitNet b1.58 (Ma et al. 2024, arXiv:2402.17764) and its 2B-4T model (2504.12285): a Llama whose linear layers hold
// ternary weights and take int8 activations, with a norm before each output projection (sub-norms).
#include "models/architectures/all.h"
#include "models/architectures/decoder_tables.h"
#include "models/decoder.h"

namespace ingot {
namespace {

struct Layer {
  explicit Layer(const LayerWeights& w)
      : attn_norm(w.vector("attn_norm")),
        q(w.linear("attn_q")),
        k(w.linear("attn_k")),
        v(w.linear("attn_v")),
        attn_sub_norm(w.vector("attn_sub_norm")),
        o(w.linear("attn_output")),
        ffn_norm(w.vector("ffn_norm")),
        gate(w.linear("ffn_gate")),
        up(w.linear("ffn_up")),
        ffn_sub_norm(w.vector("ffn_sub_norm")),
        down(w.linear("ffn_down")) {}
  Tensor attn_norm;
  Linear q, k, v;
  Tensor attn_sub_norm;
  Linear o;
  Tensor ffn_norm;
  Linear gate, up;
  Tensor ffn_sub_norm;
  Linear down;
};

class BitNet final : public Decoder<Layer> {
 public:
  using Decoder::Decoder;

 private:
  Tensor activation(const Tensor& x) const {
    return config_.activation == ActivationFunction::squared_relu ? squared_relu(x) : silu(x);
  }

  Tensor layer(std::size_t i, const Layer& w, const Tensor& x, const Tensor& positions, KvCache& cache) const override {
    Tensor h = norm(x, w.attn_norm);
    h = attention_(i, w.q(h), w.k(h), w.v(h), positions, cache);
    const Tensor y = add(x, w.o(norm(h, w.attn_sub_norm)));
    h = norm(y, w.ffn_norm);
    h = multiply(activation(w.gate(h)), w.up(h));
    return add(y, w.down(norm(h, w.ffn_sub_norm)));
  }
};

constexpr TensorRow layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden},         {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden}, {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden},
    {"attn_sub_norm", "self_attn.attn_sub_norm", Axis::q},  {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden}, {"ffn_gate", "mlp.gate_proj", Axis::ffn, Axis::hidden},
    {"ffn_up", "mlp.up_proj", Axis::ffn, Axis::hidden},     {"ffn_sub_norm", "mlp.ffn_sub_norm", Axis::ffn},
    {"ffn_down", "mlp.down_proj", Axis::hidden, Axis::ffn},
};

// 1bitLLM's names of the same.
constexpr TensorRow old_layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden},         {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden}, {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden},
    {"attn_sub_norm", "self_attn.inner_attn_ln", Axis::q},  {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden}, {"ffn_gate", "mlp.gate_proj", Axis::ffn, Axis::hidden},
    {"ffn_up", "mlp.up_proj", Axis::ffn, Axis::hidden},     {"ffn_sub_norm", "mlp.ffn_layernorm", Axis::ffn},
    {"ffn_down", "mlp.down_proj", Axis::hidden, Axis::ffn},
};

constexpr ActivationName activations[] = {{"relu2", ActivationFunction::squared_relu},
                                          {"silu", ActivationFunction::silu}};
constexpr ActivationName old_activations[] = {{"silu", ActivationFunction::silu},
                                              {"relu2", ActivationFunction::squared_relu}};

// GGUF's two names of the family differ in the activation alone: upstream has one `bitnet`, with SiLU; bitnet.cpp's
// `bitnet-b1.58` is the 2B-4T model's.
void name_by_activation(const JsonReader&, ModelConfig& config) {
  config.architecture = config.activation == ActivationFunction::squared_relu ? "bitnet-b1.58" : "bitnet";
}

void read_gguf(const Checkpoint& checkpoint, ModelConfig& config) {
  const bool master = checkpoint.metadata.boolean("ingot.bitnet.master_weights", false);
  config.bit_linear = master ? BitLinear::master : BitLinear::ternary;
  config.activation =
      config.architecture == "bitnet-b1.58" ? ActivationFunction::squared_relu : ActivationFunction::silu;
}

bool is_b158(const Metadata& metadata) { return metadata.string("general.architecture") == "bitnet-b1.58"; }

std::unique_ptr<Model> make(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<BitNet>(checkpoint, std::move(config));
}

}  // namespace

constexpr Architecture bitnet{.huggingface_class = "BitNetForCausalLM",
                              .model_type = "bitnet",
                              .gguf = "bitnet-b1.58",
                              .other_gguf = "bitnet",
                              .tensors = decoder_tensors,
                              .layer_tensors = layer_tensors,
                              .keys = decoder_keys,
                              .activations = activations,
                              .read_json = name_by_activation,
                              .read_gguf = read_gguf,
                              .claims = is_b158,
                              .make = make};

constexpr Architecture old_bitnet{.huggingface_class = "BitnetForCausalLM",
                                  .model_type = "llama",
                                  .gguf = "bitnet",
                                  .other_gguf = "bitnet-b1.58",
                                  .tensors = decoder_tensors,
                                  .layer_tensors = old_layer_tensors,
                                  .keys = decoder_keys,
                                  .activations = old_activations,
                                  .read_json = name_by_activation,
                                  .read_gguf = read_gguf,
                                  .make = make};

}  // namespace ingot
