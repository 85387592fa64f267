// A model's tensors by their GGUF names, whichever names the checkpoint uses, with shapes checked.
#pragma once

#include "ingot/model.h"

namespace ingot {

/// One layer's weights, ready to multiply with. Only BitNet has sub-norms.
struct LayerWeights {
  Tensor attn_norm, wq, wk, wv, attn_sub_norm, wo, ffn_norm, gate, up, ffn_sub_norm, down;
};

class Weights {
 public:
  Weights(const Checkpoint& checkpoint, const ModelConfig& config) : checkpoint_(checkpoint), config_(config) {}

  /// Compares every tensor of the configuration with what there is, before any memory is taken. Throws not_found for
  /// a missing one, shape_mismatch with both shapes, invalid_file for one of a layer that the configuration lacks.
  void check() const;

  /// A matrix or vector as stored. Throws not_found, or shape_mismatch naming the tensor and both shapes.
  Tensor get(const std::string& name, const Shape& shape) const;
  /// A norm's or another vector's weight as aligned f32.
  Tensor vector(const std::string& name, std::int64_t size) const;
  /// The weight of a linear layer (out, in), as the forward pass multiplies with it: of a BitNet model unpacked from
  /// Hugging Face's bytes, or ternarized from master weights.
  Tensor linear(const std::string& name, std::int64_t out, std::int64_t in) const;

  LayerWeights layer(std::int64_t index) const;

  /// Bytes of everything handed out so far.
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  const Tensor* find(const std::string& name, std::string& stored_name) const;
  const Tensor& require(const std::string& name, const Shape& shape) const;
  /// The same for a linear layer; packed ternary weights hold four rows in one. `scale`: theirs, else undefined.
  const Tensor& require_linear(const std::string& name, std::int64_t out, std::int64_t in, Tensor& scale) const;
  Tensor count(Tensor tensor) const;
  const Checkpoint& checkpoint_;
  const ModelConfig& config_;
  mutable std::size_t bytes_ = 0;
};

}  // namespace ingot
