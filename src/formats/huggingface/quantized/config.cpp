// `quantization_config` of config.json.
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

}  // namespace

std::optional<Config> read_config(const Checkpoint& checkpoint) {
  const auto document = checkpoint.documents.find("config.json");
  if (document == checkpoint.documents.end()) return {};
  const std::string where = checkpoint.path + "/config.json";
  const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth)
      fail(ErrorCode::invalid_file, "huggingface", "{}: nested deeper than {} levels", where, max_depth);
    return true;
  };
  const Json json = Json::parse(document->second, bounded, false);
  // Whoever needs the configuration of the model complains about the rest.
  if (!json.is_object() || !json.contains("quantization_config") || json["quantization_config"].is_null()) return {};
  Config config{.where = where + ": quantization_config"};
  const Keys keys(json["quantization_config"], config.where);
  config.method = keys.string("quant_method", "");
  if (config.method.empty()) return {};

  const Keys model(json, where);
  const std::string dtype = model.string("torch_dtype", model.string("dtype", ""));
  if (dtype == "float16") config.dtype = DType::f16;
  if (dtype == "float32") config.dtype = DType::f32;

  // transformers' BitNetQuantConfig and its defaults.
  if (config.method == "bitnet") {
    config.scale_multiplies = keys.string("linear_class", "bitlinear") == "autobitlinear";
    config.master_weights = config.scale_multiplies && keys.string("quantization_mode", "offline") == "online";
  }
  return config;
}

}  // namespace ingot::huggingface::quantized
