// llama-quantize's recipes: what each matrix of a model becomes under a name such as Q4_K_M.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/encoding.h"
#include "ingot/metadata.h"

namespace ingot {

struct Recipe {
  std::string_view name;
  Scheme base;
  std::uint32_t file_type;  // of general.file_type
};

/// Those whose schemes have encoders. The IQ1, IQ2 and IQ3 recipes are llama-quantize's too, but are not built.
std::span<const Recipe> recipes() noexcept;
/// Upper or lower case; "Q4_K" stands for "Q4_K_M", as there.
const Recipe* recipe_named(std::string_view name) noexcept;

/// Whether llama-quantize quantizes a tensor of rank ≥ 2 with this name at all: weights, but no norms, routers,
/// positions, convolutions and such.
bool is_quantizable(std::string_view name) noexcept;

struct RecipeTensor {
  std::string name;
  std::int64_t row = 0;  // elements
  bool experts = false;  // a stack of matrices
};

/// The scheme of each tensor. `tensors` are those that are quantized and that no option of the user's decides; `model`
/// has the keys of a GGUF file (heads, experts, blocks); `has_output`: an output.weight exists, so that the embedding
/// is not the head too; `values` counts the attention's value matrices; `importance`: an importance matrix is at hand.
/// Source: llama.cpp, llama_tensor_get_type_impl.
std::map<std::string, Scheme> mixture(const Recipe& recipe, const Metadata& model, std::vector<RecipeTensor> tensors,
                                      bool has_output, int values, bool importance);

/// Whether a tensor counts for `values`.
bool is_value_like(std::string_view name) noexcept;

}  // namespace ingot
