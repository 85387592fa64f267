#include "tools/quantize_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "core/fail.h"
#include "quant/rows.h"
#include "tools/recipes.h"

namespace ingot {
namespace {

constexpr const char* operation = "quantize";

TensorType parse_type(const std::string& name) {
  if (const auto scheme = scheme_from_string(name)) {
    if (!has_encoder(*scheme)) throw NotImplemented(operation, fmt::format("encoding to {}", to_string(*scheme)));
    return *scheme;
  }
  const auto dtype = dtype_from_string(name);
  if (!dtype || (*dtype != DType::f32 && *dtype != DType::f16 && *dtype != DType::bf16))
    fail(ErrorCode::invalid_argument, operation, "'{}' is no type: a block format, F32, F16 or BF16 expected", name);
  return *dtype;
}

bool fits(Scheme scheme, const Shape& shape, Packing packing) {
  if (scheme != Scheme::i2_s) return shape.back() % info(scheme).block_elements == 0;
  if (packing == Packing::i2s_rows) return shape.back() % 128 == 0 && shape[shape.rank() - 2] % 4 == 0;
  return shape.back() % 128 == 0;
}

// llama-quantize's next choice where rows are not a multiple of the block.
TensorType narrower(Scheme scheme, const Shape& shape) {
  Scheme next = Scheme::q4_0;
  if (scheme == Scheme::q4_k) next = Scheme::q5_0;
  if (scheme == Scheme::q5_k) next = Scheme::q5_1;
  if (scheme == Scheme::q6_k) next = Scheme::q8_0;
  if (info(scheme).block_elements > 32 && fits(next, shape, Packing::none)) return next;
  return DType::f16;
}

struct Override {
  std::regex pattern;
  TensorType type;
};

// "REGEX=TYPE"; the pattern may hold '=' itself.
Override parse_override(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0)
    fail(ErrorCode::invalid_argument, operation, "'{}': REGEX=TYPE expected", text);
  try {
    return {std::regex(text.substr(0, equals)), parse_type(text.substr(equals + 1))};
  } catch (const std::regex_error& error) {
    fail(ErrorCode::invalid_argument, operation, "'{}': {}", text, error.what());
  }
}

// Of schemes that no recipe is named after.
std::uint32_t file_type_of(Scheme scheme) {
  switch (scheme) {
    case Scheme::mxfp4: return recipe_named("MXFP4_MOE")->file_type;
    case Scheme::nvfp4: return 39;
    case Scheme::i2_s: return 40;  // bitnet.cpp's fork
    default: throw NotImplemented(operation, fmt::format("general.file_type of {}", to_string(scheme)));
  }
}

}  // namespace

QuantizeTarget::QuantizeTarget(const QuantizeOptions& options) : recipe(recipe_named(options.type)) {
  if (recipe) {
    base = recipe->base;
    file_type = recipe->file_type;
    if (options.pure) recipe = nullptr;
    return;
  }
  const auto scheme = scheme_from_string(options.type);
  if (!scheme) {
    std::string names;
    for (const std::string& name : quantize_types()) names += (names.empty() ? "" : ", ") + name;
    fail(ErrorCode::invalid_argument, operation, "'{}' is no type; there are {}", options.type, names);
  }
  base = std::get<Scheme>(parse_type(options.type));
  file_type = file_type_of(base);
}

std::vector<std::string> quantize_types() {
  std::vector<std::string> names;
  for (const Recipe& recipe : recipes()) names.emplace_back(recipe.name);
#define INGOT_X(id, name, ...) \
  if (has_encoder(Scheme::id) && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  INGOT_SCHEMES(INGOT_X)
#undef INGOT_X
  return names;
}

std::string name_of(const TensorType& type) {
  const auto* scheme = std::get_if<Scheme>(&type);
  if (scheme) return std::string(to_string(*scheme));
  return std::get<DType>(type) == DType::f16 ? "F16" : std::get<DType>(type) == DType::bf16 ? "BF16" : "F32";
}

FixedTypes fixed_types(const std::vector<SourceTensor>& tensors, const QuantizeOptions& options) {
  std::vector<Override> overrides;
  for (const std::string& text : options.tensor_types) overrides.push_back(parse_override(text));
  std::optional<TensorType> output_type, embedding_type;
  if (!options.output_tensor_type.empty()) output_type = parse_type(options.output_tensor_type);
  if (!options.token_embedding_type.empty()) embedding_type = parse_type(options.token_embedding_type);
  FixedTypes fixed{.decisions = std::vector<Decision>(tensors.size())};
  for (const SourceTensor& tensor : tensors) fixed.has_output |= tensor.output.name == "output.weight";

  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const OutputTensor& tensor = tensors[i].output;
    const std::string& name = tensor.name;
    if (tensor.shape.rank() < 2 || !is_floating(tensor.dtype) || !is_quantizable(name)) continue;
    const bool output = name == "output.weight", embedding = name == "token_embd.weight";
    if (output && options.leave_output_tensor) continue;
    const auto match =
        std::ranges::find_if(overrides, [&](const Override& o) { return std::regex_search(name, o.pattern); });
    if (embedding && embedding_type)
      fixed.decisions[i].type = embedding_type;
    else if (output && output_type)
      fixed.decisions[i].type = output_type;
    else if (match != overrides.end())
      fixed.decisions[i].type = match->type;
    else if (embedding && !fixed.has_output && output_type)
      fixed.decisions[i].type = output_type;
    else
      fixed.open.push_back(i);
  }
  return fixed;
}

std::vector<Decision> decide_types(const std::vector<SourceTensor>& tensors, const Metadata& model,
                                   const QuantizeTarget& target, const QuantizeOptions& options) {
  auto [decisions, open, has_output] = fixed_types(tensors, options);
  if (target.recipe) {
    std::vector<RecipeTensor> matrices;
    for (const std::size_t i : open) {
      const OutputTensor& tensor = tensors[i].output;
      matrices.push_back({tensor.name, tensor.shape.back(), tensor.shape.rank() > 2});
    }
    const auto values = static_cast<int>(
        std::ranges::count_if(tensors, [](const SourceTensor& t) { return is_value_like(t.output.name); }));
    const auto schemes =
        mixture(*target.recipe, model, std::move(matrices), has_output, values, options.importance != nullptr);
    for (const std::size_t i : open) decisions[i].type = schemes.at(tensors[i].output.name);
  } else {
    for (const std::size_t i : open) decisions[i].type = target.base;
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const OutputTensor& tensor = tensors[i].output;
    const auto* scheme = decisions[i].type ? std::get_if<Scheme>(&*decisions[i].type) : nullptr;
    if (!scheme || fits(*scheme, tensor.shape, options.i2s_packing)) continue;
    const TensorType next = narrower(*scheme, tensor.shape);
    decisions[i].substitution = {tensor.name, std::string(to_string(*scheme)), name_of(next),
                                 fmt::format("rows of {} elements", tensor.shape.back())};
    decisions[i].type = next;
  }
  return decisions;
}

}  // namespace ingot
