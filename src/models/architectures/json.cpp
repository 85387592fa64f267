#include "models/architectures/json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/fail.h"

namespace ingot {
namespace {

using Json = nlohmann::ordered_json;

// A value for a message: long ones are cut.
std::string shown(const Json& value) {
  const std::string text = value.dump(-1, ' ', true);
  return text.size() <= 80 ? text : text.substr(0, 80) + "…";
}

// Values that a float has no place for stay.
double shortest(double value) {
  const auto single = static_cast<float>(value);
  return single == 0 || !std::isfinite(single) ? value : std::stod(fmt::format("{}", single));
}

}  // namespace

JsonReader::JsonReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object()) fail(ErrorCode::invalid_file, "model", "{}: an object was expected", where_);
}

bool JsonReader::has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }

bool JsonReader::is_null(const char* key) const { return object_.contains(key) && object_[key].is_null(); }

const Json& JsonReader::at(const char* key) const {
  if (!has(key)) fail(ErrorCode::not_found, "model", "{}: key '{}' is missing", where_, key);
  return object_[key];
}

template <class T>
T JsonReader::get(const char* key, bool is, const char* wanted) const {
  if (!is)
    fail(ErrorCode::invalid_file, "model", "{}: '{}' is {}, {} was expected", where_, key, shown(at(key)), wanted);
  return at(key).get<T>();
}

std::int64_t JsonReader::integer(const char* key) const {
  return get<std::int64_t>(key, at(key).is_number_integer(), "an integer");
}
double JsonReader::number(const char* key) const { return get<double>(key, at(key).is_number(), "a number"); }
bool JsonReader::boolean(const char* key) const { return get<bool>(key, at(key).is_boolean(), "true or false"); }
std::string JsonReader::string(const char* key) const { return get<std::string>(key, at(key).is_string(), "a string"); }

std::vector<double> JsonReader::numbers(const char* key) const {
  const Json& value = at(key);
  const bool all =
      value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& x) { return x.is_number(); });
  return get<std::vector<double>>(key, all, "a list of numbers");
}

std::vector<std::string> JsonReader::strings(const char* key) const {
  const Json& value = at(key);
  const bool all =
      value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& x) { return x.is_string(); });
  return get<std::vector<std::string>>(key, all, "a list of names");
}

void JsonWriter::null(const char* key) { object_[key] = nullptr; }
void JsonWriter::integer(const char* key, std::int64_t value) { object_[key] = value; }
void JsonWriter::number(const char* key, double value) { object_[key] = shortest(value); }
void JsonWriter::exact_number(const char* key, double value) { object_[key] = value; }
void JsonWriter::boolean(const char* key, bool value) { object_[key] = value; }
void JsonWriter::string(const char* key, std::string_view value) { object_[key] = value; }
void JsonWriter::numbers(const char* key, const std::vector<double>& values) {
  Json& list = object_[key] = Json::array();
  for (const double value : values) list.push_back(shortest(value));
}
void JsonWriter::strings(const char* key, const std::vector<std::string>& values) { object_[key] = values; }
JsonWriter JsonWriter::child(const char* key) { return JsonWriter(object_[key]); }

}  // namespace ingot
