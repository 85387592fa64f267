// Qwen3 (Yang et al. 2025, arXiv:2505.09388): a Llama that normalises each head of q and k before it is rotated.
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
        q_norm(w.vector("attn_q_norm")),
        k_norm(w.vector("attn_k_norm")),
        o(w.linear("attn_output")),
        ffn_norm(w.vector("ffn_norm")),
        gate(w.linear("ffn_gate")),
        up(w.linear("ffn_up")),
        down(w.linear("ffn_down")) {}
  Tensor attn_norm;
  Linear q, k, v;
  Tensor q_norm, k_norm;
  Linear o;
  Tensor ffn_norm;
  Linear gate, up, down;
};

class Qwen3 final : public Decoder<Layer> {
 public:
  using Decoder::Decoder;

 private:
  Tensor layer(std::size_t i, const Layer& w, const Tensor& x, const Tensor& positions, KvCache& cache) const override {
    Tensor h = norm(x, w.attn_norm);
    const Tensor q = head_norm(w.q(h), w.q_norm), k = head_norm(w.k(h), w.k_norm);
    const Tensor y = add(x, w.o(attention_(i, q, k, w.v(h), positions, cache)));
    h = norm(y, w.ffn_norm);
    return add(y, w.down(multiply(silu(w.gate(h)), w.up(h))));
  }
};

constexpr TensorRow layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden},
    {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden},
    {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden},
    {"attn_q_norm", "self_attn.q_norm", Axis::head},
    {"attn_k_norm", "self_attn.k_norm", Axis::head},
    {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden},
    {"ffn_gate", "mlp.gate_proj", Axis::ffn, Axis::hidden},
    {"ffn_up", "mlp.up_proj", Axis::ffn, Axis::hidden},
    {"ffn_down", "mlp.down_proj", Axis::hidden, Axis::ffn},
};

std::unique_ptr<Model> make(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Qwen3>(checkpoint, std::move(config));
}

}  // namespace

constexpr Architecture qwen3{.huggingface_class = "Qwen3ForCausalLM",
                             .model_type = "qwen3",
                             .gguf = "qwen3",
                             .tensors = decoder_tensors,
                             .layer_tensors = layer_tensors,
                             .keys = decoder_keys,
                             .activations = silu_only,
                             .read_json = refuse_mixed_windows,
                             .make = make};

}  // namespace ingot
