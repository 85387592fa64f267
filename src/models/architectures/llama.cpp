// Llama (Touvron et al. 2023, arXiv:2302.13971 and 2307.09288; Llama 3: 2407.21783) and Mistral (2310.06825):
// pre-normalised RMSNorm blocks, rotary positions, grouped-query attention, SwiGLU.
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

class Llama final : public Decoder<Layer> {
 public:
  using Decoder::Decoder;

 private:
  Tensor layer(std::size_t i, const Layer& w, const Tensor& x, const Tensor& positions, KvCache& cache) const override {
    Tensor h = norm(x, w.attn_norm);
    const Tensor y = add(x, w.o(attention_(i, w.q(h), w.k(h), w.v(h), positions, cache)));
    h = norm(y, w.ffn_norm);
    return add(y, w.down(multiply(silu(w.gate(h)), w.up(h))));
  }
};

constexpr TensorRow layer_tensors[] = {
    {"attn_norm", "input_layernorm", Axis::hidden},
    {"attn_q", "self_attn.q_proj", Axis::q, Axis::hidden, Transform::rotary_q},
    {"attn_k", "self_attn.k_proj", Axis::kv, Axis::hidden, Transform::rotary_k},
    {"attn_v", "self_attn.v_proj", Axis::kv, Axis::hidden},
    {"attn_output", "self_attn.o_proj", Axis::hidden, Axis::q},
    {"ffn_norm", "post_attention_layernorm", Axis::hidden},
    {"ffn_gate", "mlp.gate_proj", Axis::ffn, Axis::hidden},
    {"ffn_up", "mlp.up_proj", Axis::ffn, Axis::hidden},
    {"ffn_down", "mlp.down_proj", Axis::hidden, Axis::ffn},
};

constexpr ConfigKey mistral_keys[] = {sliding_window_key};

// Of the classes that upstream's converter calls llama, only Mistral has a window.
bool has_window(const Metadata& metadata) { return metadata.integer("llama.attention.sliding_window", 0) > 0; }

}  // namespace

std::unique_ptr<Model> make_llama(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Llama>(checkpoint, std::move(config));
}

constexpr Architecture llama{.huggingface_class = "LlamaForCausalLM",
                             .model_type = "llama",
                             .gguf = "llama",
                             .tensors = decoder_tensors,
                             .layer_tensors = layer_tensors,
                             .keys = decoder_keys,
                             .activations = silu_only,
                             .gguf_rope_layout = RopeLayout::interleaved,
                             .make = make_llama};

constexpr Architecture mistral{.huggingface_class = "MistralForCausalLM",
                               .model_type = "mistral",
                               .gguf = "llama",
                               .tensors = decoder_tensors,
                               .layer_tensors = layer_tensors,
                               .keys = decoder_keys,
                               .own_keys = mistral_keys,
                               .activations = silu_only,
                               .gguf_rope_layout = RopeLayout::interleaved,
                               .claims = has_window,
                               .make = make_llama};

}  // namespace ingot
