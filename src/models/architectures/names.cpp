// Names of tensors by the rows of an architecture.
#include <algorithm>
#include <cctype>

#include "models/architectures/architecture.h"

namespace ingot {
namespace {

struct Parts {
  std::string_view layer;  // digits, or empty
  std::string_view stem, suffix;
};

std::optional<Parts> split(std::string_view name, std::string_view layer_prefix) {
  Parts parts;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  parts.suffix = name.substr(dot);
  if (parts.suffix != ".weight" && parts.suffix != ".bias") return {};
  parts.stem = name.substr(0, dot);
  if (!parts.stem.starts_with(layer_prefix)) return parts;
  parts.stem.remove_prefix(layer_prefix.size());
  const std::size_t end = parts.stem.find('.');
  if (end == std::string_view::npos || end == 0) return {};
  parts.layer = parts.stem.substr(0, end);
  if (!std::all_of(parts.layer.begin(), parts.layer.end(), [](unsigned char c) { return std::isdigit(c); })) return {};
  parts.stem.remove_prefix(end + 1);
  return parts;
}

std::optional<TensorName> renamed(const Architecture& architecture, std::string_view name, std::string_view from_prefix,
                                  std::string_view TensorRow::* from, std::string_view to_prefix,
                                  std::string_view TensorRow::* to) {
  const auto parts = split(name, from_prefix);
  if (!parts) return {};
  const bool bias = parts->suffix == ".bias";
  for (const TensorRow& row : parts->layer.empty() ? architecture.tensors : architecture.layer_tensors) {
    if (row.*from != parts->stem || (bias && !row.bias)) continue;
    std::string result;
    if (!parts->layer.empty()) result.append(to_prefix).append(parts->layer).append(".");
    result.append(row.*to).append(parts->suffix);
    return TensorName{std::move(result), &row, bias};
  }
  return {};
}

}  // namespace

std::optional<TensorName> gguf_name(const Architecture& architecture, std::string_view huggingface) {
  return renamed(architecture, huggingface, architecture.layer_prefix, &TensorRow::huggingface, "blk.",
                 &TensorRow::gguf);
}

std::optional<TensorName> huggingface_name(const Architecture& architecture, std::string_view gguf) {
  return renamed(architecture, gguf, "blk.", &TensorRow::gguf, architecture.layer_prefix, &TensorRow::huggingface);
}

}  // namespace ingot
