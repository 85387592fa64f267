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

/// "Q4_K", "F16".
std::string name_of(const TensorType& type);

/// What the options say of single tensors.
struct FixedTypes {
  std::vector<Decision> decisions;  // one for each tensor
  std::vector<std::size_t> open;    // the matrices that are quantized, and of which nothing is said
  bool has_output = false;          // there is an output.weight, so that the embedding is not the head too
};
FixedTypes fixed_types(const std::vector<SourceTensor>& tensors, const QuantizeOptions& options);

/// One decision for each tensor. `model` has the keys of the GGUF file to be written.
std::vector<Decision> decide_types(const std::vector<SourceTensor>& tensors, const Metadata& model,
                                   const QuantizeTarget& target, const QuantizeOptions& options);

}  // namespace ingot
