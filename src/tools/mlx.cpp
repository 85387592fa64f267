#include "tools/mlx.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/fail.h"
#include "core/parallel.h"
#include "formats/plan.h"
#include "formats/utf8.h"
#include "quant/mlx_blocks.h"
#include "quant/rows.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* operation = "convert";
constexpr std::int64_t elements_at_a_time = 1 << 17;

// --- the tensors of a weight ----------------------------------------------------------------------------------------

enum class Part : std::uint8_t { codes, scales, biases };
constexpr const char* suffixes[] = {".weight", ".scales", ".biases"};

std::string stem_of(std::string_view name) {
  constexpr std::string_view suffix = ".weight";
  return name.ends_with(suffix) ? std::string(name.substr(0, name.size() - suffix.size())) : std::string();
}

void require_finite(const OutputTensor& weight, std::int64_t row, const float* x, std::int64_t n) {
  const float* bad = std::find_if_not(x, x + n, [](float value) { return std::fabs(value) < 0x1p127f; });
  if (bad == x + n) return;
  const std::int64_t columns = weight.shape.back(), at = bad - x;
  fail(ErrorCode::invalid_argument, operation,
       "tensor {}: element ({}, {}) is {}: MLX's modes take numbers below 2^127", printable(weight.name),
       row + at / columns, at % columns, *bad);
}

// Rows [row, row + rows of x) of one part, to `out`.
void put_rows(const OutputTensor& weight, MlxScheme scheme, std::int64_t row, const Tensor& x, const MlxParts& out) {
  if (x.is_quantized()) {
    if (!mlx_from_blocks(x.encoding()->scheme(), x.bytes(), x.numel(), out))
      fail(ErrorCode::invalid_argument, operation,
           "tensor {}: a scale of {} has no equal in MLX's f16 scales and biases; --dtype decodes the tensor",
           printable(weight.name), to_string(x.encoding()->scheme()));
    return;
  }
  const Tensor plain = row_major(x);
  std::vector<float> values(static_cast<std::size_t>(x.numel()));
  load_floats(plain, 0, x.numel(), values.data());
  require_finite(weight, row, values.data(), x.numel());
  mlx_encode(scheme, x.dtype(), values.data(), x.numel(), out);
}

OutputTensor part_of(const OutputTensor& weight, MlxScheme scheme, Part part) {
  const auto [rows, columns, unit] = row_layout(weight);
  const bool affine = scheme.mode == MlxMode::affine;
  OutputTensor out{.name = stem_of(weight.name) + suffixes[static_cast<int>(part)], .shape = weight.shape};
  out.dtype = part == Part::codes ? DType::u32 : !affine ? DType::u8 : weight.encoding ? DType::f16 : weight.dtype;
  out.shape[out.shape.rank() - 1] = part == Part::codes ? scheme.code_bytes(columns) / 4 : columns / scheme.group;
  out.row_unit = unit;
  const std::int64_t step = std::max<std::int64_t>(1, elements_at_a_time / columns / unit) * unit;
  out.rows = [weight, scheme, part, step, width = out.shape.back(), dtype = out.dtype](std::int64_t first,
                                                                                       std::int64_t last) {
    const Tensor made = Tensor::empty({last - first, width}, dtype);
    const std::int64_t row_bytes = width * bit_width(dtype) / 8;
    parallel_for(last - first, step, [&](std::int64_t begin, std::int64_t end) {
      std::byte* at = made.mutable_bytes() + begin * row_bytes;
      const MlxParts parts{part == Part::codes ? at : nullptr, part == Part::scales ? at : nullptr,
                           part == Part::biases ? at : nullptr};
      put_rows(weight, scheme, first + begin, weight.rows(first + begin, first + end), parts);
    });
    return made;
  };
  return out;
}

void push_parts(std::vector<OutputTensor>& out, const OutputTensor& weight, MlxScheme scheme) {
  out.push_back(part_of(weight, scheme, Part::codes));
  out.push_back(part_of(weight, scheme, Part::scales));
  if (scheme.mode == MlxMode::affine) out.push_back(part_of(weight, scheme, Part::biases));
}

// --- which scheme ---------------------------------------------------------------------------------------------------

MlxScheme scheme_of(const MlxQuantization& wanted) {
  const auto mode = mlx_mode_from_string(wanted.mode);
  if (!mode)
    fail(ErrorCode::invalid_argument, operation, "mode {}: affine, mxfp4, mxfp8 and nvfp4 are possible",
         printable(wanted.mode));
  MlxScheme scheme = mlx_default(*mode);
  if (wanted.bits != 0) scheme.bits = wanted.bits;
  if (wanted.group_size != 0) scheme.group = wanted.group_size;
  if (!scheme.exists())
    fail(ErrorCode::invalid_argument, operation,
         "{} does not exist: affine has 2, 3, 4, 5, 6 or 8 bits in groups of 32, 64 or 128, mxfp4 4 and mxfp8 8 bits "
         "in groups of 32, nvfp4 4 bits in groups of 16",
         scheme.describe());
  return scheme;
}

struct Recipe {
  std::string_view name;
  int low, high;
};
constexpr Recipe recipes_of_mlx[] = {
    {"mixed_2_6", 2, 6}, {"mixed_3_4", 3, 4}, {"mixed_3_6", 3, 6}, {"mixed_4_6", 4, 6}};

const Recipe* recipe_of(const MlxQuantization& wanted) {
  if (wanted.recipe.empty()) return nullptr;
  const auto* found = std::find_if(std::begin(recipes_of_mlx), std::end(recipes_of_mlx),
                                   [&](const Recipe& recipe) { return recipe.name == wanted.recipe; });
  if (found == std::end(recipes_of_mlx))
    fail(ErrorCode::invalid_argument, operation,
         "recipe {}: mixed_2_6, mixed_3_4, mixed_3_6 and mixed_4_6 are possible", printable(wanted.recipe));
  if (wanted.mode != "affine" || wanted.bits != 0)
    fail(ErrorCode::invalid_argument, operation, "recipe {} says the mode and the bits itself", found->name);
  return found;
}

// The first part of a module's path that is a number: its layer.
std::optional<std::int64_t> layer_of(std::string_view path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('.', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (!part.empty() && part.size() < 10 &&
        std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return std::stoll(std::string(part));
    at = end + 1;
  }
  return {};
}

// mlx_lm.convert's choice for each module.
class Chooser {
 public:
  Chooser(const MlxQuantization& wanted, const OutputPlan& plan)
      : base_(scheme_of(wanted)), recipe_(recipe_of(wanted)) {
    bool has_down = false;
    for (const OutputTensor& tensor : plan.tensors) {
      layers_ = std::max(layers_, layer_of(tensor.name).value_or(-1) + 1);
      has_down |= tensor.name.find("down_proj") != std::string::npos;
    }
    if (recipe_ && !has_down)
      throw NotImplemented(operation, fmt::format("recipe {}: a model without down_proj", recipe_->name));
    if (recipe_) base_.bits = recipe_->low;
  }

  const MlxScheme& base() const noexcept { return base_; }

  MlxScheme operator()(const OutputTensor& weight, const std::string& path) const {
    // Routers of experts lose more than they save.
    if (!recipe_ && path.ends_with("mlp.gate") && weight.shape.back() % 64 == 0) return {MlxMode::affine, 8, 64};
    if (!recipe_ || !wants_more(path)) return base_;
    return {MlxMode::affine, recipe_->high, base_.group};
  }

 private:
  bool wants_more(std::string_view path) const {
    const auto has = [&](std::string_view part) { return path.find(part) != std::string_view::npos; };
    if (has("lm_head")) return true;
    const std::int64_t index = layer_of(path).value_or(0), eighth = layers_ / 8;
    const bool more = index < eighth || index >= 7 * layers_ / 8 || (index - eighth) % 3 == 2;
    return more && (has("v_proj") || has("v_a_proj") || has("v_b_proj") || has("down_proj"));
  }

  MlxScheme base_;
  const Recipe* recipe_;
  std::int64_t layers_ = 0;
};

bool is_quantizable(const OutputTensor& tensor, int group) {
  const bool narrow = tensor.dtype == DType::f16 || tensor.dtype == DType::bf16 || tensor.dtype == DType::f32;
  const int rank = tensor.shape.rank();
  return narrow && !tensor.encoding && (rank == 2 || rank == 3) && !stem_of(tensor.name).empty() &&
         tensor.shape.back() > 0 && tensor.shape.back() % group == 0;
}

// --- config.json ----------------------------------------------------------------------------------------------------

Json json_of(const MlxScheme& scheme) {
  return {{"group_size", scheme.group}, {"bits", scheme.bits}, {"mode", to_string(scheme.mode)}};
}

Json parse(const std::string& text, const std::string& path) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) fail(ErrorCode::invalid_file, operation, "{}/config.json: an object was expected", path);
  return json;
}

bool says_true(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

void finish_mlx(OutputPlan& plan, const ConvertOptions& options, const std::string& path, ConversionReport& report) {
  Json config = parse(plan.documents.at("config.json"), path);
  // mlx-lm turns GPT-2's weights around when it loads them, which packed ones do not survive.
  if (options.mlx && config.value("model_type", Json()) == "gpt2")
    throw NotImplemented(operation, path + ": quantizing GPT-2 for MLX");
  const std::optional<Chooser> choose =
      options.mlx ? std::optional<Chooser>(std::in_place, *options.mlx, plan) : std::nullopt;
  std::vector<OutputTensor> tensors;
  std::vector<std::pair<std::string, MlxScheme>> modules;
  for (OutputTensor& tensor : plan.tensors) {
    const std::string stem = stem_of(tensor.name);
    if (tensor.name.ends_with("rotary_emb.inv_freq") ||
        (stem == "lm_head" && says_true(config, "tie_word_embeddings"))) {
      report.dropped.push_back(tensor.name);
      continue;
    }
    std::optional<MlxScheme> scheme;
    if (tensor.encoding)
      scheme = mlx_scheme_of(tensor.encoding->scheme());
    else if (choose && is_quantizable(tensor, choose->base().group))
      scheme = (*choose)(tensor, stem);
    if (!scheme) {
      tensors.push_back(std::move(tensor));
      continue;
    }
    modules.emplace_back(stem, *scheme);
    push_parts(tensors, tensor, *scheme);
  }
  plan.tensors = std::move(tensors);
  plan.metadata = {};
  plan.metadata.set("format", std::string("mlx"));
  if (choose && modules.empty())
    fail(ErrorCode::invalid_argument, operation, "{}: no matrix has rows of whole groups of {}", path,
         choose->base().group);
  if (!modules.empty()) {
    const MlxScheme base = choose ? choose->base() : modules.front().second;
    Json quantization = json_of(base);
    for (const auto& [module, scheme] : modules)
      if (scheme != base) quantization[module] = json_of(scheme);
    config["quantization"] = quantization;
    config["quantization_config"] = std::move(quantization);
  }
  plan.documents["config.json"] = config.dump(4) + "\n";
}

}  // namespace ingot
