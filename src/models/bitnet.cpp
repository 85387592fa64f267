// BitNet b1.58 (Ma et al. 2024, arXiv:2402.17764) and its 2B-4T model (2504.12285): a Llama whose linear layers hold
// ternary weights and take int8 activations, with a norm before each output projection (sub-norms).
#include "models/attention.h"
#include "models/families.h"
#include "models/weights.h"

namespace ingot {
namespace {

class BitNet final : public Model {
 public:
  BitNet(const Checkpoint& checkpoint, ModelConfig config) : Model(std::move(config)), attention_(config_) {
    const ModelConfig& c = config_;
    const Weights weights(checkpoint, c);
    for (std::int64_t i = 0; i < c.layers; ++i) layers_.push_back(weights.layer(i));
    norm_ = weights.vector("output_norm.weight", c.hidden_size);
    output_ = weights.get(c.tied_embeddings ? "token_embd.weight" : "output.weight", {c.vocab_size, c.hidden_size});
    weight_bytes_ = weights.bytes();
    embedding_ = weights.get("token_embd.weight", {c.vocab_size, c.hidden_size});
  }

 private:
  static Tensor bit_linear(const Tensor& x, const Tensor& w) { return linear(x, w, Activations::int8_per_row); }

  Tensor norm(const Tensor& x, const Tensor& weight) const { return rms_norm(x, weight, config_.norm_epsilon); }

  Tensor activation(const Tensor& x) const { return config_.squared_relu ? squared_relu(x) : silu(x); }

  Tensor hidden_states(const Tensor& tokens, const Tensor& positions, KvCache& cache) const override {
    Tensor x = astype(embedding(embedding_, tokens), DType::f32);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const LayerWeights& w = layers_[i];
      Tensor h = norm(x, w.attn_norm);
      h = attention_(i, bit_linear(h, w.wq), bit_linear(h, w.wk), bit_linear(h, w.wv), positions, cache);
      x = add(x, bit_linear(norm(h, w.attn_sub_norm), w.wo));
      h = norm(x, w.ffn_norm);
      h = multiply(activation(bit_linear(h, w.gate)), bit_linear(h, w.up));
      x = add(x, bit_linear(norm(h, w.ffn_sub_norm), w.down));
    }
    return x;
  }

  Tensor head(const Tensor& hidden) const override { return linear(norm(hidden, norm_), output_); }

  SelfAttention attention_;
  std::vector<LayerWeights> layers_;
  Tensor embedding_, norm_, output_;
};

}  // namespace

std::unique_ptr<Model> make_bitnet(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<BitNet>(checkpoint, std::move(config));
}

}  // namespace ingot
