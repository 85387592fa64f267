// What quantize makes of each tensor: the recipe, what the user says beside it, and rows that no block fits.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "tools/model_source.h"

namespace ingot {

using TensorType = std::variant<DType, Scheme>;

struct Decision {
  std::optional<TensorType> type;  // none: left as it is
  std::optional<QuantizeReport::Substitution> substitution;
};

/// The recipe or scheme of `options.type`. Throws invalid_argument with the names there are, or NotImplemented for a
/// scheme without an encoder.
struct QuantizeTarget {
  explicit QuantizeTarget(const QuantizeOptions& options);

  Scheme base;
  std::uint32_t file_type;
  const struct Recipe* recipe;  // null where every matrix gets `base`
};

/// One decision for each tensor. `model` has the keys of the GGUF file to be written.
std::vector<Decision> decide_types(const std::vector<SourceTensor>& tensors, const Metadata& model,
                                   const QuantizeTarget& target, const QuantizeOptions& options);

}  // namespace ingot
