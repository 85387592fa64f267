// What decoders share: the token embedding, layers that add to a residual stream, a last norm, the head.
#pragma once

#include "models/attention.h"
#include "models/weights.h"

namespace ingot {

/// `Layer` is made from LayerWeights.
template <class Layer>
class Decoder : public Model {
 public:
  Decoder(const Checkpoint& checkpoint, ModelConfig config) : Model(std::move(config)), attention_(config_) {
    const Weights weights(checkpoint, config_);
    for (std::int64_t i = 0; i < config_.layers; ++i) layers_.emplace_back(weights.layer(i));
    norm_ = weights.vector("output_norm");
    output_ = weights.get(config_.tied_embeddings ? "token_embd" : "output");
    weight_bytes_ = weights.bytes();  // of the embedding alone a token reads one row
    embedding_ = weights.get("token_embd");
  }

 protected:
  /// Layer `w`, the i-th: x (T, hidden_size) → (T, hidden_size).
  virtual Tensor layer(std::size_t i, const Layer& w, const Tensor& x, const Tensor& positions,
                       KvCache& cache) const = 0;

  /// Tokens (T) → (T, hidden_size).
  virtual Tensor embed(const Tensor& tokens) const { return astype(embedding(embedding_, tokens), DType::f32); }
  Tensor norm(const Tensor& x, const Tensor& weight) const { return rms_norm(x, weight, config_.norm_epsilon); }
  /// The same of each head of q or k (T, heads·D), with one weight (D).
  Tensor head_norm(const Tensor& x, const Tensor& weight) const {
    return reshape(norm(x.view({x.size(0), -1, config_.head_size}), weight), x.shape());
  }

  Tensor hidden_states(const Tensor& tokens, const Tensor& positions, KvCache& cache) const override {
    Tensor x = embed(tokens);
    for (std::size_t i = 0; i < layers_.size(); ++i) x = layer(i, layers_[i], x, positions, cache);
    return x;
  }

  Tensor head(const Tensor& hidden) const override {
    return soft_cap(linear(norm(hidden, norm_), output_), config_.logit_softcap);
  }

  SelfAttention attention_;

 private:
  std::vector<Layer> layers_;
  Tensor embedding_, norm_, output_;
};

}  // namespace ingot
