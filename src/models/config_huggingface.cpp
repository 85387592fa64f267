// ModelConfig from and to config.json.
#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "ingot/model.h"
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

// A value for a message: long ones are cut.
std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', true);
  return text.size() <= 80 ? text : text.substr(0, 80) + "…";
}

const char* torch_name(DType dtype) {
  switch (dtype) {
    case DType::bf16: return "bfloat16";
    case DType::f16: return "float16";
    case DType::f64: return "float64";
    default: return "float32";
  }
}

// Typed access to one object of config.json, with errors that name file and key. null counts as absent.
class Reader {
 public:
  Reader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) fail(ErrorCode::invalid_file, "model", "{}: an object was expected", where_);
  }

  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  const Json& at(const char* key) const {
    if (!has(key)) fail(ErrorCode::not_found, "model", "{}: key '{}' is missing", where_, key);
    return object_[key];
  }
  Reader child(const char* key) const { return {at(key), where_ + ": " + key}; }

  std::int64_t integer(const char* key) const { return get<std::int64_t>(key, &Json::is_number_integer, "an integer"); }
  double number(const char* key) const { return get<double>(key, &Json::is_number, "a number"); }
  bool boolean(const char* key) const { return get<bool>(key, &Json::is_boolean, "true or false"); }
  std::string string(const char* key) const { return get<std::string>(key, &Json::is_string, "a string"); }
  std::int64_t integer(const char* key, std::int64_t absent) const { return has(key) ? integer(key) : absent; }
  double number(const char* key, double absent) const { return has(key) ? number(key) : absent; }
  bool boolean(const char* key, bool absent) const { return has(key) ? boolean(key) : absent; }
  std::string string(const char* key, std::string absent) const { return has(key) ? string(key) : std::move(absent); }

  const std::string& where() const noexcept { return where_; }

 private:
  template <class T>
  T get(const char* key, bool (Json::*is)() const noexcept, const char* wanted) const {
    const Json& value = at(key);
    if (!(value.*is)())
      fail(ErrorCode::invalid_file, "model", "{}: '{}' is {}, {} was expected", where_, key, shown(value), wanted);
    return value.get<T>();
  }
  const Json& object_;
  std::string where_;
};

RopeScaling read_scaling(const Reader& rope) {
  RopeScaling scaling;
  const std::string type = rope.string("rope_type", rope.string("type", "default"));
  if (type == "default" || type == "none") return scaling;
  scaling.factor = rope.number("factor");
  if (type == "linear") {
    scaling.kind = RopeScaling::Kind::linear;
  } else if (type == "llama3") {
    scaling.kind = RopeScaling::Kind::llama3;
    scaling.low_freq_factor = rope.number("low_freq_factor");
    scaling.high_freq_factor = rope.number("high_freq_factor");
    scaling.original_context = rope.number("original_max_position_embeddings");
  } else {
    throw NotImplemented("model", fmt::format("{}: rope scaling '{}'", rope.where(), type));
  }
  return scaling;
}

// `quantization_config` of transformers' BitNet integration: BitNetQuantConfig's keys and defaults.
void read_quantization(const Reader& quantization, ModelConfig& config) {
  const std::string method = quantization.string("quant_method");
  if (method != "bitnet")
    throw NotImplemented("model", fmt::format("{}: quant_method '{}'", quantization.where(), method));
  if (quantization.boolean("use_rms_norm", false))
    throw NotImplemented("model", quantization.where() + ": use_rms_norm");
  const std::string linear_class = quantization.string("linear_class", "bitlinear");
  const std::string mode = quantization.string("quantization_mode", "offline");
  config.scale_multiplies = linear_class == "autobitlinear";
  config.bit_linear = config.scale_multiplies && mode == "online" ? BitLinear::master : BitLinear::ternary;
}

}  // namespace

ModelConfig config_from_huggingface(const Checkpoint& checkpoint) {
  const std::string where = checkpoint.path + "/config.json";
  const Json json = parse(checkpoint.documents.at("config.json"), where);
  const Reader reader(json, where);

  ModelConfig config;
  const Json& classes = reader.at("architectures");
  if (!classes.is_array() || classes.empty() || !classes[0].is_string())
    fail(ErrorCode::invalid_file, "model", "{}: 'architectures' is {}, a list of names was expected", where,
         shown(classes));
  config.huggingface_class = classes[0].get<std::string>();
  const std::string& name = config.huggingface_class;
  if (name == "LlamaForCausalLM" || name == "MistralForCausalLM")
    config.architecture = "llama";
  else if (name == "BitNetForCausalLM")
    config.architecture = "bitnet-b1.58";
  else if (name == "BitnetForCausalLM")
    config.architecture = "bitnet";
  else
    throw NotImplemented("model", fmt::format("{}: architecture '{}' (LlamaForCausalLM, MistralForCausalLM, "
                                              "BitNetForCausalLM, BitnetForCausalLM are built)",
                                              where, name));
  for (const char* bias : {"attention_bias", "mlp_bias"})
    if (reader.boolean(bias, false)) throw NotImplemented("model", fmt::format("{}: {}", where, bias));

  config.name = reader.string("_name_or_path", "");
  config.vocab_size = reader.integer("vocab_size");
  config.hidden_size = reader.integer("hidden_size");
  config.layers = reader.integer("num_hidden_layers");
  config.ffn_size = reader.integer("intermediate_size");
  config.heads = reader.integer("num_attention_heads");
  config.kv_heads = reader.integer("num_key_value_heads", config.heads);
  config.head_size = reader.integer("head_dim", config.heads > 0 ? config.hidden_size / config.heads : 0);
  config.context_length = reader.integer("max_position_embeddings");
  config.norm_epsilon = reader.number("rms_norm_eps");
  // Written out where true; the classes' own defaults differ.
  config.tied_embeddings = reader.boolean("tie_word_embeddings", checkpoint.find("lm_head.weight") == nullptr);
  if (name == "MistralForCausalLM") config.sliding_window = reader.integer("sliding_window", 0);

  // transformers 5 keeps base and scaling in rope_parameters, earlier ones in rope_theta and rope_scaling.
  if (reader.has("rope_parameters")) {
    const Reader rope = reader.child("rope_parameters");
    config.rope_base = rope.number("rope_theta", 10000);
    config.rope_scaling = read_scaling(rope);
  } else {
    config.rope_base = reader.number("rope_theta", 10000);
    if (reader.has("rope_scaling")) config.rope_scaling = read_scaling(reader.child("rope_scaling"));
  }
  config.rope_size = config.head_size;
  if (reader.has("partial_rotary_factor") && reader.number("partial_rotary_factor") != 1)
    throw NotImplemented("model", where + ": partial_rotary_factor");

  const std::string activation = reader.string("hidden_act", name == "BitNetForCausalLM" ? "relu2" : "silu");
  if (activation != "silu" && activation != "relu2")
    throw NotImplemented("model", fmt::format("{}: hidden_act '{}'", where, activation));
  config.squared_relu = activation == "relu2";
  if (!config.is_bitnet() && config.squared_relu)
    throw NotImplemented("model", fmt::format("{}: hidden_act 'relu2' of {}", where, name));
  // GGUF's two names of the BitNet family differ in the activation alone.
  if (config.is_bitnet()) config.architecture = config.squared_relu ? "bitnet-b1.58" : "bitnet";

  if (reader.has("quantization_config"))
    read_quantization(reader.child("quantization_config"), config);
  else if (config.is_bitnet())
    config.bit_linear = BitLinear::master;  // 1bitLLM's files, and unpacked 2B-4T's

  const std::string dtype = reader.string("torch_dtype", reader.string("dtype", ""));
  if (dtype == "bfloat16") config.dtype = DType::bf16;
  if (dtype == "float16") config.dtype = DType::f16;
  if (dtype == "float32") config.dtype = DType::f32;
  if (dtype == "float64") config.dtype = DType::f64;
  return config;
}

std::string config_json_with_dtype(const std::string& text, DType dtype, const std::string& where) {
  Json json = parse(text, where);
  if (!json.is_object()) fail(ErrorCode::invalid_file, "model", "{}: an object was expected", where);
  // transformers 5 says `dtype`; earlier ones say, and all read, `torch_dtype`.
  json[json.contains("dtype") && !json.contains("torch_dtype") ? "dtype" : "torch_dtype"] = torch_name(dtype);
  return json.dump(2) + "\n";
}

std::string ModelConfig::to_huggingface(const Vocabulary& vocabulary, DType weights) const {
  Json json;
  json["architectures"] = {huggingface_class};
  json["model_type"] = huggingface_class == "MistralForCausalLM"  ? "mistral"
                       : huggingface_class == "BitNetForCausalLM" ? "bitnet"
                                                                  : "llama";
  if (!name.empty()) json["_name_or_path"] = name;
  json["attention_bias"] = false;
  json["attention_dropout"] = 0.0;
  json["bos_token_id"] = vocabulary.bos ? Json(*vocabulary.bos) : Json();
  json["eos_token_id"] = vocabulary.eos ? Json(*vocabulary.eos) : Json();
  json["head_dim"] = head_size;
  json["hidden_act"] = squared_relu ? "relu2" : "silu";
  json["hidden_size"] = hidden_size;
  json["intermediate_size"] = ffn_size;
  json["max_position_embeddings"] = context_length;
  json["num_attention_heads"] = heads;
  json["num_hidden_layers"] = layers;
  json["num_key_value_heads"] = kv_heads;
  // Through float's shortest form: GGUF keeps 32 bits, and 1e-05 should come back as 1e-05.
  json["rms_norm_eps"] = std::stod(fmt::format("{}", static_cast<float>(norm_epsilon)));
  json["rope_theta"] = rope_base;
  if (rope_scaling.kind == RopeScaling::Kind::linear)
    json["rope_scaling"] = {{"rope_type", "linear"}, {"factor", rope_scaling.factor}};
  if (rope_scaling.kind == RopeScaling::Kind::llama3)
    json["rope_scaling"] = {
        {"rope_type", "llama3"},
        {"factor", rope_scaling.factor},
        {"low_freq_factor", rope_scaling.low_freq_factor},
        {"high_freq_factor", rope_scaling.high_freq_factor},
        {"original_max_position_embeddings", static_cast<std::int64_t>(rope_scaling.original_context)}};
  if (huggingface_class == "MistralForCausalLM")
    json["sliding_window"] = sliding_window ? Json(sliding_window) : Json();
  json["tie_word_embeddings"] = tied_embeddings;
  json["torch_dtype"] = torch_name(weights);
  json["vocab_size"] = vocab_size;
  if (bit_linear != BitLinear::none)
    json["quantization_config"] = {{"quant_method", "bitnet"},
                                   {"linear_class", "autobitlinear"},
                                   {"quantization_mode", bit_linear == BitLinear::master ? "online" : "offline"}};
  return json.dump(2) + "\n";
}

}  // namespace ingot
