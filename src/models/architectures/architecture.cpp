#include "models/architectures/architecture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "core/fail.h"
#include "models/architectures/all.h"

namespace ingot {
namespace {

constexpr std::array built{&llama,     &mixtral, &mistral, &bitnet, &old_bitnet, &qwen2, &qwen3,
                           &qwen3_moe, &gemma,   &gemma2,  &gemma3, &phi3,       &gpt2,  &bert};

/// The distinct names, for a message.
std::string names(std::string_view Architecture::* name) {
  std::vector<std::string_view> distinct;
  for (const Architecture* architecture : built)
    if (std::find(distinct.begin(), distinct.end(), architecture->*name) == distinct.end())
      distinct.push_back(architecture->*name);
  return fmt::format("{}", fmt::join(distinct, ", "));
}

}  // namespace

std::span<const Architecture* const> architectures() { return built; }

std::int64_t size_of(Axis axis, const ModelConfig& c) noexcept {
  const std::int64_t q = c.heads * c.head_size, kv = c.kv_heads * c.head_size;
  switch (axis) {
    case Axis::none: return 1;
    case Axis::vocab: return c.vocab_size;
    case Axis::hidden: return c.hidden_size;
    case Axis::q: return q;
    case Axis::kv: return kv;
    case Axis::qkv: return q + 2 * kv;
    case Axis::ffn: return c.ffn_size;
    case Axis::gate_up: return 2 * c.ffn_size;
    case Axis::head: return c.head_size;
    case Axis::context: return c.context_length;
    case Axis::token_types: return c.token_types;
    case Axis::experts: return c.experts;
    case Axis::expert_ffn: return c.expert_ffn_size;
  }
  return 0;
}

Shape TensorRow::shape(const ModelConfig& config) const {
  if (columns == Axis::none) return {size_of(rows, config)};
  if (transform == Transform::stacked) return {config.experts, size_of(rows, config), size_of(columns, config)};
  return {size_of(rows, config), size_of(columns, config)};
}

const Architecture& class_of(const Metadata& metadata, const std::string& where) {
  const std::string& name = metadata.string("general.architecture");
  const Architecture* unclaimed = nullptr;
  const Architecture* claiming = nullptr;
  const std::string said = metadata.string("ingot.huggingface_class", "");
  for (const Architecture* architecture : built) {
    if (!architecture->has_gguf_name(name)) continue;
    if (architecture->huggingface_class == said) return *architecture;
    if (!architecture->claims) {
      if (!unclaimed) unclaimed = architecture;
    } else if (!claiming && architecture->claims(metadata)) {
      claiming = architecture;
    }
  }
  if (claiming) return *claiming;
  if (unclaimed) return *unclaimed;
  throw NotImplemented("model",
                       fmt::format("{}: architecture '{}' ({} are built)", where, name, names(&Architecture::gguf)));
}

const Architecture& class_named(const std::string& huggingface_class, const std::string& where) {
  for (const Architecture* architecture : built)
    if (architecture->huggingface_class == huggingface_class) return *architecture;
  throw NotImplemented("model", fmt::format("{}: architecture '{}' ({} are built)", where, huggingface_class,
                                            names(&Architecture::huggingface_class)));
}

const Architecture& architecture_of(const ModelConfig& config) {
  if (!config.huggingface_class.empty()) return class_named(config.huggingface_class, "configuration");
  Metadata metadata;
  metadata.set("general.architecture", config.architecture);
  return class_of(metadata, "configuration");
}

}  // namespace ingot
