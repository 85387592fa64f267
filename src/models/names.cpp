#include "models/names.h"

#include <algorithm>
#include <cctype>
#include <span>

namespace ingot {
namespace {

struct Row {
  std::string_view huggingface, gguf;
};

// Without the ".weight" or ".bias" behind them.
constexpr Row model_rows[] = {
    {"model.embed_tokens", "token_embd"},
    {"model.norm", "output_norm"},
    {"lm_head", "output"},
};
// Behind "model.layers.N." and "blk.N.". Where a GGUF name has two, the first is the usual one.
constexpr Row layer_rows[] = {
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.attn_sub_norm", "attn_sub_norm"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"mlp.ffn_sub_norm", "ffn_sub_norm"},
};
// 1bitLLM's names of the same.
constexpr Row old_bitnet_rows[] = {
    {"self_attn.inner_attn_ln", "attn_sub_norm"},
    {"mlp.ffn_layernorm", "ffn_sub_norm"},
};

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

std::string join(std::string_view layer_prefix, const Parts& parts, std::string_view stem) {
  std::string name;
  if (!parts.layer.empty()) name.append(layer_prefix).append(parts.layer).append(".");
  return name.append(stem).append(parts.suffix);
}

const Row* find(std::span<const Row> rows, std::string_view Row::* key, std::string_view stem) {
  for (const Row& row : rows)
    if (row.*key == stem) return &row;
  return nullptr;
}

}  // namespace

std::optional<std::string> gguf_name(std::string_view huggingface) {
  const auto parts = split(huggingface, "model.layers.");
  if (!parts) return {};
  const bool layer = !parts->layer.empty();
  const Row* row =
      layer ? find(layer_rows, &Row::huggingface, parts->stem) : find(model_rows, &Row::huggingface, parts->stem);
  if (!row && layer) row = find(old_bitnet_rows, &Row::huggingface, parts->stem);
  if (!row) return {};
  return join("blk.", *parts, row->gguf);
}

std::optional<std::string> huggingface_name(std::string_view gguf, bool old_bitnet) {
  const auto parts = split(gguf, "blk.");
  if (!parts) return {};
  const Row* row = nullptr;
  if (parts->layer.empty())
    row = find(model_rows, &Row::gguf, parts->stem);
  else if (old_bitnet)
    row = find(old_bitnet_rows, &Row::gguf, parts->stem);
  if (!row && !parts->layer.empty()) row = find(layer_rows, &Row::gguf, parts->stem);
  if (!row) return {};
  return join("model.layers.", *parts, row->huggingface);
}

}  // namespace ingot
