// Phi-3 (Abdin et al. 2024, arXiv:2404.14219) and Phi-4 (2412.08905): a Llama with q, k and v in one product, gate and
// up in another, and longrope for contexts of 128 k.
#include "models/architectures/all.h"
#include "models/architectures/decoder_tables.h"
#include "models/decoder.h"

namespace ingot {
namespace {

struct Layer {
  explicit Layer(const LayerWeights& w)
      : attn_norm(w.vector("attn_norm")),
        qkv(w.linear("attn_qkv")),
        o(w.linear("attn_output")),
        ffn_norm(w.vector("ffn_norm")),
        gate_up(w.linear("ffn_up")),
        down(w.linear("ffn_down")) {}
  Tensor attn_norm;
  Linear qkv, o;
  Tensor ffn_norm;
  Linear gate_up, down;
};

class Phi3 final : public Decoder<Layer> {
 public:
  using Decoder::Decoder;

 private:
  Tensor layer(std::size_t i, const Layer& w, const Tensor& x, const Tensor& positions, KvCache& cache) const override {
    const std::int64_t q = config_.heads * config_.head_size, kv = config_.kv_heads * config_.head_size;
    Tensor h = w.qkv(norm(x, w.attn_norm));
    h = attention_(i, h.slice(1, 0, q), h.slice(1, q, q + kv), h.slice(1, q + kv, q + 2 * kv), positions, cache);
    const Tensor y = add(x, w.o(h));
    h = w.gate_up(norm(y, w.ffn_norm));
    const Tensor gate = h.slice(1, 0, config_.ffn_size), up = h.slice(1, config_.ffn_size, 2 * config_.ffn_size);
    return add(y, w.down(multiply(silu(gate), up)));
  }
};

constexpr TensorRow layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden},
    {"attn_qkv", "self_attn.qkv_proj", Axis::qkv, Axis::hidden},
    {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden},
    {"ffn_up", "mlp.gate_up_proj", Axis::gate_up, Axis::hidden},
    {"ffn_down", "mlp.down_proj", Axis::hidden, Axis::ffn},
};

// llama.cpp tells Phi-4 from Phi-3 by a window of 0, so that is written.
constexpr ConfigKey own_keys[] = {
    Integer{"attention.sliding_window", "sliding_window", &ModelConfig::sliding_window, none, Zero::null}};

std::unique_ptr<Model> make(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Phi3>(checkpoint, std::move(config));
}

}  // namespace

constexpr Architecture phi3{.huggingface_class = "Phi3ForCausalLM",
                            .model_type = "phi3",
                            .gguf = "phi3",
                            .tensors = decoder_tensors,
                            .layer_tensors = layer_tensors,
                            .keys = decoder_keys,
                            .own_keys = own_keys,
                            .activations = silu_only,
                            .make = make};

}  // namespace ingot
