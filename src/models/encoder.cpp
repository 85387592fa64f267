#include "ingot/encoder.h"

#include <algorithm>

#include "core/fail.h"
#include "models/config.h"
#include "models/weights.h"

namespace ingot {
namespace {

Tensor pooled(const Tensor& states, Pooling pooling) {
  switch (pooling) {
    case Pooling::cls: return states.select(0, 0);
    case Pooling::last: return states.select(0, states.size(0) - 1);
    case Pooling::mean: break;
  }
  return mean(states, 0);
}

}  // namespace

std::unique_ptr<Encoder> Encoder::load(const Checkpoint& checkpoint) {
  const ModelConfig config = ModelConfig::from(checkpoint);
  const Architecture& architecture = architecture_of(config);
  if (!architecture.make_encoder)
    throw NotImplemented("model", fmt::format("{}: '{}' is no encoder", checkpoint.path, config.architecture));
  Weights(checkpoint, config).check();
  return architecture.make_encoder(checkpoint, config);
}

Tensor Encoder::forward(std::span<const std::int32_t> tokens, std::span<const std::int32_t> types) const {
  constexpr const char* operation = "Encoder::forward";
  if (tokens.empty() || std::cmp_greater(tokens.size(), config_.context_length))
    fail(ErrorCode::invalid_argument, operation, "{} tokens: 1 … {} are possible", tokens.size(),
         config_.context_length);
  if (!types.empty() && types.size() != tokens.size())
    fail(ErrorCode::invalid_argument, operation, "{} tokens, but {} types", tokens.size(), types.size());
  for (const std::int32_t id : tokens)
    if (id < 0 || id >= config_.vocab_size)
      fail(ErrorCode::out_of_range, operation, "token {} of a vocabulary of {}", id, config_.vocab_size);
  for (const std::int32_t type : types)
    if (type < 0 || type >= config_.token_types)
      fail(ErrorCode::out_of_range, operation, "type {} of {}", type, config_.token_types);
  const Tensor ids = Tensor::from(tokens);
  return states(ids, types.empty() ? Tensor::zeros(ids.shape(), DType::i32) : Tensor::from(types));
}

Tensor embed(const Encoder& encoder, std::span<const std::int32_t> tokens, const EmbedOptions& options) {
  const Pooling pooling = options.pooling.value_or(encoder.config().pooling.value_or(Pooling::mean));
  const Tensor vector = pooled(encoder.forward(tokens), pooling);
  // sentence-transformers' guard against vectors of nothing but zeros.
  return options.normalize ? divide(vector, maximum(vector_norm(vector), 1e-12)) : vector;
}

Tensor embed(const Encoder& encoder, const Tokenizer& tokenizer, std::span<const std::string> texts,
             const EmbedOptions& options, const std::function<void(std::int64_t, std::int64_t)>& progress) {
  check_vocabulary(tokenizer.vocabulary(), encoder.config());
  const auto context = static_cast<std::size_t>(encoder.config().context_length);
  const auto count = static_cast<std::int64_t>(texts.size());
  const Tensor vectors = Tensor::empty({count, encoder.config().hidden_size}, DType::f32);
  for (std::int64_t i = 0; i < count; ++i) {
    std::vector<std::int32_t> tokens = tokenizer.encode(texts[static_cast<std::size_t>(i)]);
    if (tokens.size() > context) {
      if (!options.truncate)
        fail(ErrorCode::invalid_argument, "embed", "text {} has {} tokens, the context {}", i + 1, tokens.size(),
             context);
      // The mark at the end, which the vocabulary put there, stays there.
      if (tokenizer.vocabulary().add_eos) tokens[context - 1] = tokens.back();
      tokens.resize(context);
    }
    copy_(vectors.select(0, i), embed(encoder, tokens, options));
    if (progress) progress(i + 1, count);
  }
  return vectors;
}

}  // namespace ingot
