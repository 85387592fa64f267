// ModelConfig from and to config.json.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "ingot/model.h"
#include "models/architectures/architecture.h"
#include "models/architectures/json.h"
#include "models/config.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

// nlohmann-json writes values by recursion: a hostile nest would overflow the stack.
constexpr int max_depth = 64;

Json parse(const std::string& text, const std::string& where) {
  const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth) fail(ErrorCode::invalid_file, "model", "{}: nested deeper than {} levels", where, max_depth);
    return true;
  };
  Json json = Json::parse(text, bounded, false);
  if (json.is_discarded()) fail(ErrorCode::invalid_file, "model", "{}: not valid JSON", where);
  return json;
}

const char* torch_name(DType dtype) {
  switch (dtype) {
    case DType::bf16: return "bfloat16";
    case DType::f16: return "float16";
    case DType::f64: return "float64";
    default: return "float32";
  }
}

RopeScaling read_scaling(const JsonReader& rope, const JsonReader& config, std::int64_t context_length) {
  RopeScaling scaling;
  const std::string type = rope.string("rope_type", rope.string("type", "default"));
  if (type == "default" || type == "none") return scaling;
  if (type == "linear") {
    scaling.kind = RopeScaling::Kind::linear;
    scaling.factor = rope.number("factor");
  } else if (type == "llama3") {
    scaling.kind = RopeScaling::Kind::llama3;
    scaling.factor = rope.number("factor");
    scaling.low_freq_factor = rope.number("low_freq_factor");
    scaling.high_freq_factor = rope.number("high_freq_factor");
    scaling.original_context = rope.number("original_max_position_embeddings");
  } else if (type == "longrope" || type == "su") {
    scaling.kind = RopeScaling::Kind::longrope;
    const char* original = "original_max_position_embeddings";
    scaling.original_context = rope.has(original) ? rope.number(original) : config.number(original);
    scaling.short_factors = rope.numbers("short_factor");
    scaling.long_factors = rope.numbers("long_factor");
    const double factor = rope.number("factor", static_cast<double>(context_length) / scaling.original_context);
    const double usual = factor > 1 ? std::sqrt(1 + std::log(factor) / std::log(scaling.original_context)) : 1;
    scaling.attention_factor = rope.number("attention_factor", usual);
  } else {
    throw NotImplemented("model", fmt::format("{}: rope scaling '{}'", rope.where(), type));
  }
  return scaling;
}

// Base, scaling and the part of a head that turns. transformers 5 keeps them in rope_parameters, one object or one for
// each kind of layer; earlier ones in rope_theta, rope_scaling and partial_rotary_factor.
void read_rope(const JsonReader& json, ModelConfig& config) {
  double part = json.number("partial_rotary_factor", 1);
  const auto read = [&](const JsonReader& rope) {
    config.rope_base = rope.number("rope_theta", json.number("rope_theta", 10000));
    config.rope_scaling = read_scaling(rope, json, config.context_length);
    part = rope.number("partial_rotary_factor", part);
  };
  if (json.has("rope_parameters")) {
    const JsonReader rope = json.child("rope_parameters");
    if (!rope.has("full_attention")) {
      read(rope);
    } else {
      read(rope.child("full_attention"));
      const JsonReader local = rope.child("sliding_attention");
      config.local_rope_base = local.number("rope_theta", 10000);
      if (read_scaling(local, json, config.context_length).kind != RopeScaling::Kind::none)
        throw NotImplemented("model", local.where() + ": rope scaling of layers with a window");
    }
  } else {
    config.rope_base = json.number("rope_theta", 10000);
    if (json.has("rope_scaling"))
      config.rope_scaling = read_scaling(json.child("rope_scaling"), json, config.context_length);
  }
  if (!(part > 0 && part <= 1))
    fail(ErrorCode::invalid_file, "model", "{}: partial_rotary_factor {}", json.where(), part);
  config.rope_size =
      part == 1 ? config.head_size : static_cast<std::int64_t>(static_cast<double>(config.head_size) * part);
  // Upstream's converter permutes whole heads.
  if (config.rope_size != config.head_size && architecture_of(config).gguf_rope_layout == RopeLayout::interleaved)
    throw NotImplemented("model", json.where() + ": partial_rotary_factor");
}

void write_rope(const ModelConfig& config, JsonWriter& json) {
  json.number("rope_theta", config.rope_base);
  if (config.rope_size != config.head_size) {
    // Readers cut the product off.
    const auto size = static_cast<double>(config.head_size), turning = static_cast<double>(config.rope_size);
    double part = turning / size;
    while (size * part < turning) part = std::nextafter(part, 1);
    json.exact_number("partial_rotary_factor", part);
  }
  const RopeScaling& s = config.rope_scaling;
  if (s.kind == RopeScaling::Kind::none) return;
  JsonWriter scaling = json.child("rope_scaling");
  const auto original = static_cast<std::int64_t>(s.original_context);
  switch (s.kind) {
    case RopeScaling::Kind::none: break;
    case RopeScaling::Kind::linear:
      scaling.string("rope_type", "linear");
      scaling.number("factor", s.factor);
      break;
    case RopeScaling::Kind::llama3:
      scaling.string("rope_type", "llama3");
      scaling.number("factor", s.factor);
      scaling.number("low_freq_factor", s.low_freq_factor);
      scaling.number("high_freq_factor", s.high_freq_factor);
      scaling.integer("original_max_position_embeddings", original);
      break;
    case RopeScaling::Kind::longrope:
      scaling.string("rope_type", "longrope");
      scaling.numbers("short_factor", s.short_factors);
      scaling.numbers("long_factor", s.long_factors);
      scaling.number("attention_factor", s.attention_factor);
      json.integer("original_max_position_embeddings", original);
      break;
  }
}

// `quantization_config`: transformers' BitNet integration, with BitNetQuantConfig's keys and defaults. Weights of other
// methods are whole where opening the checkpoint put them together.
void read_quantization(const JsonReader& quantization, const Checkpoint& checkpoint, ModelConfig& config) {
  const std::string method = quantization.string("quant_method");
  const bool assembled = std::any_of(checkpoint.tensors.begin(), checkpoint.tensors.end(),
                                     [](const NamedTensor& entry) { return entry.composite != nullptr; });
  if (method != "bitnet" && assembled) return;
  if (method != "bitnet")
    throw NotImplemented("model", fmt::format("{}: quant_method '{}'", quantization.where(), method));
  if (quantization.boolean("use_rms_norm", false))
    throw NotImplemented("model", quantization.where() + ": use_rms_norm");
  const std::string linear_class = quantization.string("linear_class", "bitlinear");
  const std::string mode = quantization.string("quantization_mode", "offline");
  config.scale_multiplies = linear_class == "autobitlinear";
  config.bit_linear = config.scale_multiplies && mode == "online" ? BitLinear::master : BitLinear::ternary;
}

// What sentence-transformers keeps beside the model, and its names of what is built.
constexpr const char* modules_document = "modules.json";
constexpr const char* pooling_document = "1_Pooling/config.json";
struct PoolingMode {
  std::string_view key, name;  // a truth value each, or one "pooling_mode"
  Pooling pooling;
};
constexpr PoolingMode pooling_modes[] = {{"pooling_mode_mean_tokens", "mean", Pooling::mean},
                                         {"pooling_mode_cls_token", "cls", Pooling::cls},
                                         {"pooling_mode_lasttoken", "lasttoken", Pooling::last}};

void read_sentence_transformers(const Checkpoint& checkpoint, ModelConfig& config) {
  if (const auto modules = checkpoint.documents.find(modules_document); modules != checkpoint.documents.end()) {
    const std::string where = checkpoint.path + "/" + modules_document;
    for (const Json& module : parse(modules->second, where))
      config.normalize_embeddings |= JsonReader(module, where).string("type", "").ends_with("Normalize");
  }
  const auto pooling = checkpoint.documents.find(pooling_document);
  if (pooling == checkpoint.documents.end()) return;
  const std::string where = checkpoint.path + "/" + pooling_document;
  const Json document = parse(pooling->second, where);
  const JsonReader json(document, where);
  const auto set = [&](std::string_view PoolingMode::* member, const std::string& name) {
    const auto known = std::find_if(std::begin(pooling_modes), std::end(pooling_modes),
                                    [&](const PoolingMode& mode) { return mode.*member == name; });
    if (known == std::end(pooling_modes) || config.pooling)
      throw NotImplemented("model", fmt::format("{}: {}{}", where, name, config.pooling ? " beside another" : ""));
    config.pooling = known->pooling;
  };
  for (const auto& [key, value] : document.items())
    if (key == "pooling_mode")
      set(&PoolingMode::name, json.string(key.c_str()));
    else if (key.starts_with("pooling_mode_") && json.boolean(key.c_str(), false))
      set(&PoolingMode::key, key);
}

}  // namespace

ModelConfig config_from_huggingface(const Checkpoint& checkpoint) {
  const std::string where = checkpoint.path + "/config.json";
  const Json document = parse(checkpoint.documents.at("config.json"), where);
  const JsonReader json(document, where);

  const std::vector<std::string> classes = json.strings("architectures");
  if (classes.empty()) fail(ErrorCode::invalid_file, "model", "{}: 'architectures' is empty", where);
  const Architecture& architecture = class_named(classes[0], where);
  for (const char* bias : {"attention_bias", "mlp_bias"})
    if (json.boolean(bias, false)) throw NotImplemented("model", fmt::format("{}: {}", where, bias));

  ModelConfig config;
  config.huggingface_class = architecture.huggingface_class;
  config.architecture = architecture.gguf;
  config.name = json.string("_name_or_path", "");
  for (const auto keys : {architecture.keys, architecture.own_keys})
    for (const ConfigKey& row : keys)
      std::visit(
          [&]<class T>(const Key<T>& k) {
            const std::string name(k.huggingface);
            if (k.zero != Zero::number && json.is_null(name.c_str()))
              config.*k.member = 0;
            else if (k.absent && (name.empty() || !json.has(name.c_str())))
              config.*k.member = k.absent(config);
            else if constexpr (std::is_same_v<T, double>)
              config.*k.member = json.number(name.c_str());
            else
              config.*k.member = json.integer(name.c_str());
          },
          row);
  // Written out where true; the classes' own defaults differ.
  config.tied_embeddings = json.boolean("tie_word_embeddings", checkpoint.find("lm_head.weight") == nullptr);
  if (architecture.rotary) read_rope(json, config);
  read_sentence_transformers(checkpoint, config);

  const std::string activation_key(architecture.activation_key);
  const std::string activation =
      json.string(activation_key.c_str(), std::string(architecture.activations[0].huggingface));
  const auto known = std::find_if(architecture.activations.begin(), architecture.activations.end(),
                                  [&](const ActivationName& name) { return name.huggingface == activation; });
  if (known == architecture.activations.end())
    throw NotImplemented("model",
                         fmt::format("{}: {} '{}' of {}", where, activation_key, activation, config.huggingface_class));
  config.activation = known->function;
  if (architecture.read_json) architecture.read_json(json, config);

  // MLX's object of that name has no method: opening made its weights whole.
  if (json.has("quantization_config") && !json.has("quantization"))
    read_quantization(json.child("quantization_config"), checkpoint, config);
  else if (config.is_bitnet())
    config.bit_linear = BitLinear::master;  // 1bitLLM's files, and unpacked 2B-4T's

  const std::string dtype = json.string("torch_dtype", json.string("dtype", ""));
  if (dtype == "bfloat16") config.dtype = DType::bf16;
  if (dtype == "float16") config.dtype = DType::f16;
  if (dtype == "float32") config.dtype = DType::f32;
  if (dtype == "float64") config.dtype = DType::f64;
  return config;
}

std::string config_json_with_dtype(const std::string& text, DType dtype, bool decoded, const std::string& where) {
  Json json = parse(text, where);
  if (!json.is_object()) fail(ErrorCode::invalid_file, "model", "{}: an object was expected", where);
  // transformers 5 says `dtype`; earlier ones say, and all read, `torch_dtype`.
  json[json.contains("dtype") && !json.contains("torch_dtype") ? "dtype" : "torch_dtype"] = torch_name(dtype);
  if (decoded)
    for (const char* key : {"quantization_config", "quantization"}) json.erase(key);
  return json.dump(2) + "\n";
}

std::string ModelConfig::to_huggingface(const Vocabulary& vocabulary, DType weights) const {
  const Architecture& row = architecture_of(*this);
  Json document;
  JsonWriter json(document);
  json.strings("architectures", {huggingface_class});
  json.string("model_type", row.model_type);
  if (!name.empty()) json.string("_name_or_path", name);
  if (row.rotary) {
    json.boolean("attention_bias", false);
    json.number("attention_dropout", 0);
  }
  document["bos_token_id"] = vocabulary.bos ? Json(*vocabulary.bos) : Json();
  document["eos_token_id"] = vocabulary.eos ? Json(*vocabulary.eos) : Json();
  document["pad_token_id"] = vocabulary.padding ? Json(*vocabulary.padding) : Json();
  for (const auto keys : {row.keys, row.own_keys})
    for (const ConfigKey& config_key : keys)
      std::visit(
          [&]<class T>(const Key<T>& k) {
            const T value = this->*k.member;
            const std::string key(k.huggingface);
            if (key.empty()) return;
            if (k.zero != Zero::number && value == 0)
              json.null(key.c_str());
            else if constexpr (std::is_same_v<T, double>)
              json.number(key.c_str(), value);
            else
              json.integer(key.c_str(), value);
          },
          config_key);
  for (const ActivationName& known : row.activations)
    if (known.function == activation) {
      json.string(std::string(row.activation_key).c_str(), known.huggingface);
      break;
    }
  if (row.rotary) write_rope(*this, json);
  json.boolean("tie_word_embeddings", tied_embeddings);
  json.string("torch_dtype", torch_name(weights));
  if (bit_linear != BitLinear::none)
    document["quantization_config"] = {{"quant_method", "bitnet"},
                                       {"linear_class", "autobitlinear"},
                                       {"quantization_mode", bit_linear == BitLinear::master ? "online" : "offline"}};
  if (row.write_json) row.write_json(*this, json);
  return document.dump(2) + "\n";
}

std::vector<std::pair<std::string, std::string>> sentence_transformers_documents(const ModelConfig& config) {
  if (!config.pooling) return {};
  Json modules = Json::array();
  const auto add = [&](const char* type, const char* path) {
    modules.push_back({{"idx", modules.size()},
                       {"name", std::to_string(modules.size())},
                       {"path", path},
                       {"type", std::string("sentence_transformers.models.") + type}});
  };
  add("Transformer", "");
  add("Pooling", "1_Pooling");
  if (config.normalize_embeddings) add("Normalize", "2_Normalize");
  Json pooling{{"word_embedding_dimension", config.hidden_size}};
  for (const PoolingMode& mode : pooling_modes) pooling[std::string(mode.key)] = config.pooling == mode.pooling;
  return {{modules_document, modules.dump(2) + "\n"}, {pooling_document, pooling.dump(2) + "\n"}};
}

}  // namespace ingot
