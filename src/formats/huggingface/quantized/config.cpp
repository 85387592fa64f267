// `quantization_config` of config.json.
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "formats/huggingface/quantized/quantized.h"

namespace ingot::huggingface::quantized {
namespace {

using Json = nlohmann::json;

constexpr int max_depth = 64;  // of a hostile nest the parser would remember every level

// A key's value for a message: long ones are cut. `dump` recurses, so nests are not shown.
std::string shown(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  const std::string text = value.dump(-1, ' ', true);
  return text.size() <= 80 ? text : text.substr(0, 80) + "…";
}

// Typed access to one object, with errors that name file and key. null counts as absent.
class Keys {
 public:
  Keys(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail(ErrorCode::invalid_file, "huggingface", "{}: an object was expected", where_);
  }
  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  bool boolean(const char* key, bool absent) const { return get(key, absent, &Json::is_boolean, "true or false"); }
  std::int64_t integer(const char* key, std::int64_t absent) const {
    return get(key, absent, &Json::is_number_integer, "an integer");
  }
  double number(const char* key, double absent) const { return get(key, absent, &Json::is_number, "a number"); }
  std::string string(const char* key, std::string absent) const {
    return get(key, std::move(absent), &Json::is_string, "a string");
  }

 private:
  template <class T>
  T get(const char* key, T absent, bool (Json::*is)() const noexcept, const char* wanted) const {
    if (!has(key)) return absent;
    const Json& value = object_[key];
    if (!(value.*is)())
      fail(ErrorCode::invalid_file, "huggingface", "{}: '{}' is {}, {} was expected", where_, key, shown(value),
           wanted);
    return value.get<T>();
  }
  const Json& object_;
  std::string where_;
};

[[noreturn]] void not_built(const Config& config, std::string_view what, std::string_view value) {
  throw NotImplemented("huggingface", fmt::format("{}: {} '{}' of {}", config.where, what, value, config.method));
}

int bits_of(const Config& config, std::int64_t bits) {
  if (bits < 1 || bits > 32)
    fail(ErrorCode::invalid_file, "huggingface", "{}: {} bits, 1 to 32 were expected", config.where, bits);
  return static_cast<int>(bits);
}

std::int64_t group_of(const Config& config, std::int64_t size) {
  if (size < -1 || size == 0)
    fail(ErrorCode::invalid_file, "huggingface", "{}: groups of {}, −1 or 1 and more were expected", config.where,
         size);
  return size;
}

// AutoGPTQ's and GPTQModel's.
void read_gptq(const Keys& keys, Config& config) {
  config.bits = bits_of(config, keys.integer("bits", 4));
  config.group_size = group_of(config, keys.integer("group_size", 128));
  config.act_order = keys.boolean("desc_act", false);
  config.mixed = keys.has("dynamic");
  const std::string format = keys.string("checkpoint_format", keys.string("format", "gptq"));
  config.whole_zeros = format == "gptq_v2";
  if (format != "gptq" && format != "gptq_v2") not_built(config, "checkpoint_format", format);
  if (keys.boolean("is_marlin_format", false)) not_built(config, "checkpoint_format", "marlin");
  if (const auto words = keys.string("pack_dtype", "int32"); words != "int32") not_built(config, "pack_dtype", words);
}

void read_awq(const Keys& keys, Config& config) {
  config.bits = bits_of(config, keys.integer("bits", keys.integer("w_bit", 4)));
  config.group_size = group_of(config, keys.integer("group_size", keys.integer("q_group_size", 128)));
  std::string version = keys.string("version", "gemm");
  std::transform(version.begin(), version.end(), version.begin(), [](unsigned char c) { return std::tolower(c); });
  if (version != "gemm") not_built(config, "version", version);
}

// A block's sizes: [128, 128].
void read_block(const Config& config, const Json& sizes, WeightRule& rule) {
  if (!sizes.is_array() || sizes.size() != 2 || !sizes[0].is_number_integer() || !sizes[1].is_number_integer() ||
      sizes[0] < 1 || sizes[1] < 1)
    fail(ErrorCode::invalid_file, "huggingface", "{}: a block of {}, two sizes were expected", config.where,
         shown(sizes));
  rule.grid = WeightRule::Grid::block;
  rule.block_rows = sizes[0].get<std::int64_t>();
  rule.block_columns = sizes[1].get<std::int64_t>();
}

void read_fp8(const Json& json, const Keys& keys, Config& config) {
  using Grid = WeightRule::Grid;
  if (keys.has("weight_block_size")) {
    WeightRule blocks{.is_float = true};
    read_block(config, json["weight_block_size"], blocks);
    config.rules.push_back(blocks);
  }
  for (const Grid grid : {Grid::channel, Grid::tensor}) config.rules.push_back({.is_float = true, .grid = grid});
}

void read_weights(const Json& json, const Keys& keys, Config& config) {
  WeightRule rule{.bits = bits_of(config, keys.integer("num_bits", 8))};
  const std::string type = keys.string("type", "int");
  if (type != "int" && type != "float") not_built(config, "type", type);
  rule.is_float = type == "float";
  if (rule.is_float && rule.bits != 8) not_built(config, "floats of bits", std::to_string(rule.bits));
  const std::int64_t group_size = keys.has("group_size") ? group_of(config, keys.integer("group_size", -1)) : -1;
  const std::string strategy = keys.string("strategy", group_size > 0           ? "group"
                                                       : keys.has("group_size") ? "channel"
                                                                                : "tensor");
  if (strategy == "group") {
    rule.grid = WeightRule::Grid::group;
    rule.block_columns = group_size;
    if (group_size < 1)
      fail(ErrorCode::invalid_file, "huggingface", "{}: strategy 'group' without a group_size", config.where);
  } else if (strategy == "channel") {
    rule.grid = WeightRule::Grid::channel;
  } else if (strategy == "block") {
    read_block(config, keys.has("block_structure") ? json["block_structure"] : Json(), rule);
  } else if (strategy != "tensor") {
    not_built(config, "strategy", strategy);
  }
  config.rules.push_back(rule);
}

void read_compressed(const Json& json, const Keys& keys, Config& config) {
  const auto require_format = [&](const std::string& format) {
    constexpr std::string_view built[] = {"pack-quantized",  "int-quantized",   "float-quantized",
                                          "naive-quantized", "mixed-precision", "dense"};
    if (std::find(std::begin(built), std::end(built), format) == std::end(built)) not_built(config, "format", format);
  };
  require_format(keys.string("format", "dense"));
  if (keys.has("sparsity_config"))
    if (const std::string format =
            Keys(json["sparsity_config"], config.where + ": sparsity_config").string("format", "dense");
        format != "dense")
      not_built(config, "sparsity_config", format);
  if (!keys.has("config_groups")) return;
  if (!json["config_groups"].is_object())
    fail(ErrorCode::invalid_file, "huggingface", "{}: config_groups: an object was expected", config.where);
  for (const auto& [name, group] : json["config_groups"].items()) {
    const std::string where = config.where + ": " + name.substr(0, 80);
    const Keys of_group(group, where);
    require_format(of_group.string("format", "dense"));
    if (of_group.has("weights")) read_weights(group["weights"], Keys(group["weights"], where + ": weights"), config);
  }
}

DType dtype_of(const std::string& name, DType absent) {
  return name == "bfloat16" ? DType::bf16 : name == "float16" ? DType::f16 : name == "float32" ? DType::f32 : absent;
}

}  // namespace

std::optional<Config> read_config(const Checkpoint& checkpoint) {
  const auto text = checkpoint.documents.find("config.json");
  if (text == checkpoint.documents.end()) return {};
  const std::string where = checkpoint.path + "/config.json";
  const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth)
      fail(ErrorCode::invalid_file, "huggingface", "{}: nested deeper than {} levels", where, max_depth);
    return true;
  };
  const Json document = Json::parse(text->second, bounded, false);
  // Whoever needs the configuration of the model complains about the rest.
  if (!document.is_object() || !document.contains("quantization_config") || document["quantization_config"].is_null())
    return {};
  Config config{.where = where + ": quantization_config"};
  const Keys keys(document["quantization_config"], config.where);
  config.method = keys.string("quant_method", "");
  if (config.method.empty()) return {};

  const Keys model(document, where);
  config.dtype = dtype_of(model.string("torch_dtype", model.string("dtype", "")), DType::bf16);

  const Json& json = document["quantization_config"];
  if (config.method == "gptq") read_gptq(keys, config);
  if (config.method == "awq") read_awq(keys, config);
  if (config.method == "fp8" || config.method == "fbgemm_fp8") read_fp8(json, keys, config);
  if (config.method == "compressed-tensors") read_compressed(json, keys, config);
  // transformers' BitNetQuantConfig and its defaults.
  if (config.method == "bitnet") {
    config.scale_multiplies = keys.string("linear_class", "bitlinear") == "autobitlinear";
    config.master_weights = config.scale_multiplies && keys.string("quantization_mode", "offline") == "online";
  }
  return config;
}

FourBitState parse_state(std::string_view text, const std::string& where) {
  const Json json = Json::parse(text, nullptr, false);
  const Keys keys(json, where);
  FourBitState state{.type = keys.string("quant_type", ""),
                     .dtype = dtype_of(keys.string("dtype", ""), DType::f32),
                     .block_size = keys.integer("blocksize", 0),
                     .nested_block_size = keys.integer("nested_blocksize", 0),
                     .nested_offset = static_cast<float>(keys.number("nested_offset", 0))};
  const auto reject = [&](std::string_view what) {
    fail(ErrorCode::invalid_file, "huggingface", "{}: {}", where, what);
  };
  if (state.block_size < 1) reject(fmt::format("blocksize {}, 1 or more was expected", state.block_size));
  if (state.nested_block_size < 0) reject(fmt::format("nested_blocksize {}", state.nested_block_size));
  if (!keys.has("shape") || !json["shape"].is_array() ||
      json["shape"].size() > static_cast<std::size_t>(ingot::max_rank))
    reject("'shape' is missing, or no list of sizes");
  for (const Json& size : json["shape"]) {
    if (!size.is_number_integer() || size < 0) reject(fmt::format("'shape' has the size {}", shown(size)));
    state.shape.push_back(size.get<std::int64_t>());
  }
  return state;
}

}  // namespace ingot::huggingface::quantized
