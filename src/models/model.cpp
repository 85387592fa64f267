#include "ingot/model.h"

#include <numeric>

#include "core/fail.h"
#include "models/weights.h"

namespace ingot {

std::unique_ptr<Model> Model::load(const Checkpoint& checkpoint) {
  return load(checkpoint, ModelConfig::from(checkpoint));
}

std::unique_ptr<Model> Model::load(const Checkpoint& checkpoint, const ModelConfig& config) {
  const Architecture& architecture = architecture_of(config);
  if (!architecture.make)
    throw NotImplemented("model", fmt::format("{}: '{}' is an encoder and generates nothing (Encoder, ingot embed)",
                                              checkpoint.path, config.architecture));
  Weights(checkpoint, config).check();
  return architecture.make(checkpoint, config);
}

Tensor Model::forward(std::span<const std::int32_t> tokens, KvCache& cache, LogitsOf which) const {
  const auto n = static_cast<std::int64_t>(tokens.size());
  if (n == 0) fail(ErrorCode::invalid_argument, "Model::forward", "no tokens");
  for (const std::int32_t id : tokens)
    if (id < 0 || id >= config_.vocab_size)
      fail(ErrorCode::out_of_range, "Model::forward", "token {} of a vocabulary of {}", id, config_.vocab_size);
  if (n > cache.capacity() - cache.length())
    fail(ErrorCode::invalid_argument, "Model::forward", "{} tokens after {} do not fit a context of {}", n,
         cache.length(), cache.capacity());

  const Tensor positions = Tensor::empty({n}, DType::i64);
  std::iota(positions.mutable_data<std::int64_t>(), positions.mutable_data<std::int64_t>() + n, cache.length());
  Tensor hidden = hidden_states(Tensor::from(tokens), positions, cache);
  cache.advance(n);
  if (which == LogitsOf::last) hidden = hidden.slice(0, n - 1, n);
  return head(hidden);
}

}  // namespace ingot
