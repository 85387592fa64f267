// Encoders: the states of a text's tokens, and one vector for the whole text.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "ingot/model.h"

namespace [[gnu::visibility("default")]] ingot {

class Encoder {
 public:
  /// Takes views of the checkpoint's tensors. Throws what Model::load throws, and NotImplemented for a model that is no
  /// encoder.
  static std::unique_ptr<Encoder> load(const Checkpoint& checkpoint);
  virtual ~Encoder() = default;

  const ModelConfig& config() const noexcept { return config_; }
  /// States after the last layer, f32 (T, hidden_size), of T tokens that all see one another. `types`: the segment of
  /// each token; empty: 0. Throws invalid_argument for none or more than context_length, or another number of types;
  /// out_of_range for an id outside the vocabulary, or a type that the model has not.
  Tensor forward(std::span<const std::int32_t> tokens, std::span<const std::int32_t> types = {}) const;

 protected:
  explicit Encoder(ModelConfig config) : config_(std::move(config)) {}
  /// tokens and types i32 (T) → (T, hidden_size).
  virtual Tensor states(const Tensor& tokens, const Tensor& types) const = 0;

  ModelConfig config_;
};

struct EmbedOptions {
  std::optional<Pooling> pooling;  // none: the model's own, or the mean where it says none
  bool normalize = true;           // to Euclidean length 1
  bool truncate = false;           // texts longer than the context lose their end; else they are an error
};

/// One vector f32 (hidden_size) for a sequence of tokens. Throws what forward() throws.
Tensor embed(const Encoder& encoder, std::span<const std::int32_t> tokens, const EmbedOptions& options = {});
/// f32 (texts, hidden_size), a row for each text. `progress` is called after each: done, total. Throws invalid_argument
/// naming the text (counted from 1) that is longer than the context, with both numbers.
Tensor embed(const Encoder& encoder, const Tokenizer& tokenizer, std::span<const std::string> texts,
             const EmbedOptions& options = {}, const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace ingot
