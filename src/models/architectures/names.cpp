// Names of tensors by the rows of an architecture.
#include <algorithm>
#include <cctype>
#include <charconv>

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

/// Whether `stem` is `pattern`, in which a '*' stands for a number without leading zeros: that, or −1.
bool matches(std::string_view pattern, std::string_view stem, std::int64_t& number) {
  number = -1;
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == stem;
  const std::string_view before = pattern.substr(0, star), behind = pattern.substr(star + 1);
  if (stem.size() <= before.size() + behind.size() || !stem.starts_with(before) || !stem.ends_with(behind))
    return false;
  const std::string_view digits = stem.substr(before.size(), stem.size() - before.size() - behind.size());
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() && number >= 0 &&
         (digits.size() == 1 || digits[0] != '0');
}

std::optional<TensorName> renamed(const Architecture& architecture, std::string_view name, std::string_view from_prefix,
                                  std::string_view TensorRow::* from, std::string_view to_prefix,
                                  std::string_view TensorRow::* to) {
  const auto parts = split(name, from_prefix);
  if (!parts) return {};
  const bool bias = parts->suffix == ".bias";
  for (const TensorRow& row : parts->layer.empty() ? architecture.tensors : architecture.layer_tensors) {
    std::int64_t expert;
    if (!matches(row.*from, parts->stem, expert) || (bias && !row.bias)) continue;
    std::string result;
    if (!parts->layer.empty()) result.append(to_prefix).append(parts->layer).append(".");
    result.append(row.*to).append(parts->suffix);
    return TensorName{std::move(result), &row, bias, expert};
  }
  return {};
}

}  // namespace

std::optional<TensorName> gguf_name(const Architecture& architecture, std::string_view huggingface) {
  const auto find = [&](std::string_view name) {
    return renamed(architecture, name, architecture.layer_prefix, &TensorRow::huggingface, "blk.", &TensorRow::gguf);
  };
  const std::string_view prefix = architecture.optional_prefix;
  if (prefix.empty() || huggingface.starts_with(prefix)) return find(huggingface);
  const auto known = find(huggingface);
  return known ? known : find(std::string(prefix).append(huggingface));
}

std::optional<TensorName> huggingface_name(const Architecture& architecture, std::string_view gguf) {
  return renamed(architecture, gguf, "blk.", &TensorRow::gguf, architecture.layer_prefix, &TensorRow::huggingface);
}

std::string expert_name(std::string_view name, std::int64_t expert) {
  const std::size_t star = name.find('*');
  return std::string(name.substr(0, star)).append(std::to_string(expert)).append(name.substr(star + 1));
}

bool is_ignored(const Architecture& architecture, std::string_view huggingface) noexcept {
  return std::any_of(architecture.ignored.begin(), architecture.ignored.end(),
                     [&](std::string_view end) { return huggingface.ends_with(end); });
}

}  // namespace ingot
