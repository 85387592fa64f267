// Llama (Touvron et al. 2023, arXiv:2302.13971 and 2307.09288; Llama 3: 2407.21783) and Mistral (2310.06825):
// pre-normalised RMSNorm blocks, rotary positions, grouped-query attention, SwiGLU.
#include "models/attention.h"
#include "models/families.h"
#include "models/weights.h"

namespace ingot {
namespace {

class Llama final : public Model {
 public:
  Llama(const Checkpoint& checkpoint, ModelConfig config) : Model(std::move(config)), attention_(config_) {
    const ModelConfig& c = config_;
    const Weights weights(checkpoint, c);
    for (std::int64_t i = 0; i < c.layers; ++i) layers_.push_back(weights.layer(i));
    norm_ = weights.vector("output_norm.weight", c.hidden_size);
    output_ = weights.get(c.tied_embeddings ? "token_embd.weight" : "output.weight", {c.vocab_size, c.hidden_size});
    weight_bytes_ = weights.bytes();  // of the embedding alone a token reads one row
    embedding_ = weights.get("token_embd.weight", {c.vocab_size, c.hidden_size});
    activations_ = c.bit_linear == BitLinear::none ? Activations::as_is : Activations::int8_per_row;
  }

 private:
  Tensor hidden_states(const Tensor& tokens, const Tensor& positions, KvCache& cache) const override {
    const auto project = [&](const Tensor& x, const Tensor& w) { return linear(x, w, activations_); };
    Tensor x = astype(embedding(embedding_, tokens), DType::f32);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const LayerWeights& w = layers_[i];
      Tensor h = rms_norm(x, w.attn_norm, config_.norm_epsilon);
      h = attention_(i, project(h, w.wq), project(h, w.wk), project(h, w.wv), positions, cache);
      x = add(x, project(h, w.wo));
      h = rms_norm(x, w.ffn_norm, config_.norm_epsilon);
      x = add(x, project(multiply(silu(project(h, w.gate)), project(h, w.up)), w.down));
    }
    return x;
  }

  Tensor head(const Tensor& hidden) const override {
    return linear(rms_norm(hidden, norm_, config_.norm_epsilon), output_);
  }

  SelfAttention attention_;
  std::vector<LayerWeights> layers_;
  Tensor embedding_, norm_, output_;
  Activations activations_;
};

}  // namespace

std::unique_ptr<Model> make_llama(const Checkpoint& checkpoint, ModelConfig config) {
  return std::make_unique<Llama>(checkpoint, std::move(config));
}

}  // namespace ingot
