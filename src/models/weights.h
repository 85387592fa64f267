// A model's tensors by their GGUF names, whichever names the checkpoint uses, with shapes checked.
#pragma once

#include "ingot/model.h"
#include "models/architectures/architecture.h"

namespace ingot {

/// x Wᵀ + b.
struct Linear {
  Tensor weight, bias;  // (out, in); (out) or undefined
  Activations activations = Activations::as_is;
  Tensor operator()(const Tensor& x) const { return linear(x, weight, bias, activations); }
};

/// (x − mean) / √(variance + ε) · w + b over the last axis.
struct LayerNorm {
  Tensor weight, bias;
  double epsilon = 0;
  Tensor operator()(const Tensor& x) const { return layer_norm(x, {x.size(-1)}, weight, bias, epsilon); }
};

class LayerWeights;

/// Names are rows of the architecture's table, without ".weight".
class Weights {
 public:
  Weights(const Checkpoint& checkpoint, const ModelConfig& config)
      : checkpoint_(checkpoint), config_(config), architecture_(architecture_of(config)) {}

  /// Compares every tensor of the configuration with what there is, before any memory is taken. Throws not_found for
  /// a missing one, shape_mismatch with both shapes, invalid_file for one of a layer that the configuration lacks.
  void check() const;

  /// A matrix or vector as stored, in GGUF's convention.
  Tensor get(const std::string& name) const;
  /// A norm's or another vector's weight as aligned f32.
  Tensor vector(const std::string& name) const;
  /// A linear layer, as the forward pass multiplies with it: of a BitNet model ternarized from master
  /// weights.
  Linear linear(const std::string& name) const;
  LayerNorm norm(const std::string& name) const;
  /// A matrix for each expert. A token is counted as reading those it uses.
  std::vector<Tensor> experts(const std::string& name) const;
  LayerWeights layer(std::int64_t index) const;

  /// Bytes of everything handed out so far.
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Found {
    const NamedTensor* tensor;  // null: absent; of stacked tensors that lie apart the first
    std::string name;           // in the file
    const TensorRow* row;
    bool huggingface;
  };
  Found find(const std::string& name) const;
  Found require(const std::string& name, const Shape& shape) const;
  Found require(const std::string& name) const;
  void check(const TensorRow& row, const std::string& prefix) const;
  /// One for each expert, or the stack of all.
  std::vector<const NamedTensor*> require_experts(const std::string& name) const;
  Tensor load(const Found& found) const;
  Tensor count(Tensor tensor) const;
  const Checkpoint& checkpoint_;
  const ModelConfig& config_;
  const Architecture& architecture_;
  mutable std::size_t bytes_ = 0;
};

/// One layer's.
class LayerWeights {
 public:
  LayerWeights(const Weights& weights, std::int64_t index)
      : weights_(weights), prefix_("blk." + std::to_string(index) + ".") {}
  Tensor vector(const char* name) const { return weights_.vector(prefix_ + name); }
  Linear linear(const char* name) const { return weights_.linear(prefix_ + name); }
  LayerNorm norm(const char* name) const { return weights_.norm(prefix_ + name); }
  std::vector<Tensor> experts(const char* name) const { return weights_.experts(prefix_ + name); }

 private:
  const Weights& weights_;
  std::string prefix_;
};

}  // namespace ingot
