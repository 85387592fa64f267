#include <nlohmann/json.hpp>

#include "core/fail.h"
#include "formats/mlx/mlx.h"
#include "formats/utf8.h"

namespace ingot::mlx {
namespace {

using Json = nlohmann::json;

constexpr const char* operation = "mlx";
constexpr int max_depth = 64;

Json parse(const std::string& text, const std::string& where) {
  const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth)
      fail(ErrorCode::invalid_file, operation, "{}: nested deeper than {} levels", where, max_depth);
    return true;
  };
  return Json::parse(text, bounded, false);
}

int integer(const Json& object, const char* key, int absent, const std::string& where) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return absent;
  if (!found->is_number_integer() || *found < 1 || *found > 1024)
    fail(ErrorCode::invalid_file, operation, "{}: {} is {}, a number of 1 … 1024 was expected", where, key,
         printable(found->dump(-1, ' ', false, Json::error_handler_t::replace)));
  return found->get<int>();
}

MlxScheme read_scheme(const Json& object, const std::string& where) {
  std::string name = "affine";
  if (const auto found = object.find("mode"); found != object.end() && !found->is_null()) {
    if (!found->is_string()) fail(ErrorCode::invalid_file, operation, "{}: mode: a text was expected", where);
    name = found->get<std::string>();
  }
  const auto mode = mlx_mode_from_string(name);
  if (!mode)
    fail(ErrorCode::invalid_file, operation, "{}: mode {}: affine, mxfp4, mxfp8 and nvfp4 were expected", where,
         printable(name));
  MlxScheme scheme = mlx_default(*mode);
  scheme.bits = integer(object, "bits", scheme.bits, where);
  scheme.group = integer(object, "group_size", scheme.group, where);
  if (!scheme.exists())
    fail(ErrorCode::invalid_file, operation,
         "{}: {} does not exist: affine has 2, 3, 4, 5, 6 or 8 bits in groups of 32, 64 or 128, mxfp4 4 and mxfp8 8 "
         "bits in groups of 32, nvfp4 4 bits in groups of 16",
         where, scheme.describe());
  return scheme;
}

}  // namespace

std::optional<Quantization> read_quantization(const std::string& config, const std::string& where) {
  const Json json = parse(config, where);
  if (!json.is_object()) return {};
  const auto found = json.find("quantization");
  // The keys that every version of mlx-lm writes; other tools' objects of that name have none of them.
  if (found == json.end() || !found->is_object() || !found->contains("group_size") || !found->contains("bits"))
    return {};
  Quantization out{.scheme = read_scheme(*found, where + ": quantization"), .modules = {}};
  for (const auto& [path, value] : found->items()) {
    if (value.is_object())
      out.modules.emplace(path, read_scheme(value, fmt::format("{}: quantization of {}", where, printable(path))));
    else if (value.is_boolean())  // true: as the others
      out.modules.emplace(path, value.get<bool>() ? std::optional(out.scheme) : std::nullopt);
  }
  return out;
}

}  // namespace ingot::mlx
