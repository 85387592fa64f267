// Reading configuration with simdjson: values or errors that name the file and the key.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "core/fail.h"

namespace ingot {

using Json = simdjson::dom::element;

/// A parsed text; elements live as long as it does.
class JsonDocument {
 public:
  /// Throws invalid_file naming `source`; nesting is bounded (simdjson's own stack is no recursion).
  JsonDocument(std::string_view text, std::string source) : source_(std::move(source)), parser_(max_bytes) {
    if (text.size() > max_bytes)
      fail(ErrorCode::invalid_file, "tokenizer", "{}: {} bytes, at most {}", source_, text.size(), max_bytes);
    if (const auto error = parser_.allocate(text.size() + 64, max_depth))
      fail(ErrorCode::out_of_memory, "tokenizer", "{}: {}", source_, simdjson::error_message(error));
    if (const auto error = parser_.parse(text.data(), text.size(), true).get(root_))
      fail(ErrorCode::invalid_file, "tokenizer", "{}: {}", source_, simdjson::error_message(error));
    if (!root_.is_object()) fail(ErrorCode::invalid_file, "tokenizer", "{}: an object expected", source_);
  }
  Json root() const { return root_; }
  const std::string& source() const { return source_; }

 private:
  static constexpr std::size_t max_bytes = std::size_t{1} << 30, max_depth = 64;
  std::string source_;
  simdjson::dom::parser parser_;
  Json root_;
};

/// None where the key is absent or null, or `object` is no object.
inline std::optional<Json> json_member(Json object, std::string_view key) {
  Json value;
  if (object.at_key(key).get(value) || value.is_null()) return std::nullopt;
  return value;
}
inline std::optional<std::string_view> json_string(Json value) {
  std::string_view text;
  if (value.get(text)) return std::nullopt;
  return text;
}
inline std::string_view json_string(Json object, std::string_view key, std::string_view absent) {
  const auto value = json_member(object, key);
  return value ? json_string(*value).value_or(absent) : absent;
}
inline bool json_bool(Json object, std::string_view key, bool absent) {
  const auto value = json_member(object, key);
  bool result = absent;
  if (!value || value->get(result)) return absent;
  return result;
}

}  // namespace ingot
