#include "tools/recipes.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace ingot {
namespace {

constexpr Recipe table[] = {
    {"Q4_0", Scheme::q4_0, 2},      {"Q4_1", Scheme::q4_1, 3},        {"Q8_0", Scheme::q8_0, 7},
    {"Q5_0", Scheme::q5_0, 8},      {"Q5_1", Scheme::q5_1, 9},        {"Q2_K", Scheme::q2_k, 10},
    {"Q3_K_S", Scheme::q3_k, 11},   {"Q3_K_M", Scheme::q3_k, 12},     {"Q3_K_L", Scheme::q3_k, 13},
    {"Q4_K_S", Scheme::q4_k, 14},   {"Q4_K_M", Scheme::q4_k, 15},     {"Q5_K_S", Scheme::q5_k, 16},
    {"Q5_K_M", Scheme::q5_k, 17},   {"Q6_K", Scheme::q6_k, 18},       {"Q2_K_S", Scheme::q2_k, 21},
    {"IQ4_NL", Scheme::iq4_nl, 25}, {"IQ4_XS", Scheme::iq4_xs, 30},   {"TQ1_0", Scheme::tq1_0, 36},
    {"TQ2_0", Scheme::tq2_0, 37},   {"MXFP4_MOE", Scheme::mxfp4, 38},
};

enum class Role { output, embedding, qkv, value, key, attention_output, up, gate, down, other };

Role role_of(std::string_view name) noexcept {
  const auto has = [name](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (name == "output.weight") return Role::output;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight") return Role::embedding;
  if (has("attn_qkv.weight")) return Role::qkv;
  if (has("attn_kv_b.weight") || has("attn_v.weight")) return Role::value;
  if (has("attn_k.weight")) return Role::key;
  if (has("attn_q.weight")) return Role::other;  // no recipe of the table treats it apart
  if (has("attn_output.weight")) return Role::attention_output;
  if (has("ffn_up")) return Role::up;
  if (has("ffn_gate")) return Role::gate;
  if (has("ffn_down")) return Role::down;
  return Role::other;
}

// Of "blk.N.…"; −1 for what belongs to no block.
int block_of(std::string_view name) noexcept {
  int block = -1;
  if (name.starts_with("blk.")) std::from_chars(name.data() + 4, name.data() + name.size(), block);
  return block;
}

/// The first and last eighth of n layers, and every third between.
bool gets_more(int i, int n) noexcept { return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2; }

struct Model {
  std::string architecture;
  int blocks, heads, kv_heads, experts;
  bool importance;

  Model(const Metadata& keys, bool known_importance)
      : architecture(keys.string("general.architecture", "")), importance(known_importance) {
    const auto number = [&](const char* key, std::int64_t absent) {
      return static_cast<int>(keys.integer(architecture + key, absent));
    };
    blocks = number(".block_count", 0);
    heads = number(".attention.head_count", 0);
    kv_heads = number(".attention.head_count_kv", heads);
    experts = number(".expert_count", 0);
  }
  bool shares_heads() const noexcept { return kv_heads > 0 && heads / kv_heads >= 4; }
  bool is_70b() const noexcept { return architecture == "llama" && blocks == 80 && heads != kv_heads; }
};

bool is_iq4(std::string_view recipe) noexcept { return recipe.starts_with("IQ4_"); }

Scheme value_scheme(std::string_view recipe, Scheme base, const Model& model, int i, int n) {
  Scheme scheme = base;
  if (recipe == "Q2_K")
    scheme = model.shares_heads() ? Scheme::q4_k : Scheme::q3_k;
  else if (recipe == "Q2_K_S" && model.shares_heads())
    scheme = Scheme::q4_k;
  else if (recipe == "Q3_K_M")
    scheme = i < 2 ? Scheme::q5_k : Scheme::q4_k;
  else if (recipe == "Q3_K_L" || (recipe == "Q4_K_S" && i < 4) || (is_iq4(recipe) && model.shares_heads()))
    scheme = Scheme::q5_k;
  else if ((recipe == "Q4_K_M" || recipe == "Q5_K_M") && gets_more(i, n))
    scheme = Scheme::q6_k;
  if (model.is_70b() && (scheme == Scheme::q3_k || scheme == Scheme::q4_k)) scheme = Scheme::q5_k;
  return model.experts == 8 ? Scheme::q8_0 : scheme;
}

Scheme down_scheme(std::string_view recipe, Scheme base, const Model& model, int i) {
  const int n = model.blocks;
  const bool falcon = model.architecture == "falcon";
  if (recipe == "Q2_K") return Scheme::q3_k;
  if (recipe == "Q2_K_S") return i < n / 8 ? Scheme::q4_k : base;
  if (recipe == "Q3_K_M") return i < n / 16 ? Scheme::q5_k : !falcon || gets_more(i, n) ? Scheme::q4_k : Scheme::q3_k;
  if (recipe == "Q3_K_L") return falcon ? Scheme::q4_k : Scheme::q5_k;
  if (recipe == "Q4_K_M" && falcon) return i < n / 16 ? Scheme::q6_k : gets_more(i, n) ? Scheme::q5_k : Scheme::q4_k;
  if ((recipe == "Q4_K_M" || recipe == "Q5_K_M") && gets_more(i, n)) return Scheme::q6_k;
  if (i >= n / 8) return base;
  if ((recipe == "Q4_K_S" && !falcon) || (is_iq4(recipe) && !model.importance)) return Scheme::q5_k;
  if (model.importance && recipe == "Q4_0") return Scheme::q4_1;
  return model.importance && recipe == "Q5_0" ? Scheme::q5_1 : base;
}

Scheme attention_output_scheme(std::string_view recipe, Scheme base, const Model& model) {
  if (model.architecture == "falcon") return recipe == "Q3_K_L" ? Scheme::q4_k : base;
  if (model.experts == 8) {
    constexpr std::string_view raised[] = {"Q2_K", "Q3_K_S", "Q3_K_M", "Q4_K_S", "Q4_K_M", "IQ4_NL", "IQ4_XS"};
    return std::ranges::find(raised, recipe) != std::end(raised) ? Scheme::q5_k : base;
  }
  if (recipe == "Q2_K") return Scheme::q3_k;
  if (recipe == "Q3_K_M") return Scheme::q4_k;
  return recipe == "Q3_K_L" ? Scheme::q5_k : base;
}

}  // namespace

std::span<const Recipe> recipes() noexcept { return table; }

const Recipe* recipe_named(std::string_view name) noexcept {
  std::string upper(name);
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (upper == "Q3_K" || upper == "Q4_K" || upper == "Q5_K") upper += "_M";
  const auto* found = std::ranges::find(table, upper, &Recipe::name);
  return found == std::end(table) ? nullptr : found;
}

bool is_value_like(std::string_view name) noexcept {
  return role_of(name) == Role::value || role_of(name) == Role::qkv;
}

bool is_quantizable(std::string_view name) noexcept {
  constexpr std::string_view kept[] = {"_norm.weight",
                                       "ffn_gate_inp.weight",
                                       "altup",
                                       "laurel",
                                       "per_layer_model_proj",
                                       "ssm_conv1d",
                                       "shortconv.conv.weight",
                                       "time_mix_first.weight",
                                       "time_mix_w0.weight",
                                       "time_mix_w1.weight",
                                       "time_mix_w2.weight",
                                       "time_mix_v0.weight",
                                       "time_mix_v1.weight",
                                       "time_mix_v2.weight",
                                       "time_mix_a0.weight",
                                       "time_mix_a1.weight",
                                       "time_mix_a2.weight",
                                       "time_mix_g1.weight",
                                       "time_mix_g2.weight",
                                       "time_mix_decay_w1.weight",
                                       "time_mix_decay_w2.weight",
                                       "time_mix_lerp_fused.weight",
                                       "attn_rel_b.weight"};
  if (!name.ends_with("weight") || name == "position_embd.weight" || name == "token_types.weight") return false;
  return std::ranges::none_of(kept,
                              [name](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

std::map<std::string, Scheme> mixture(const Recipe& recipe, const Metadata& keys, std::vector<RecipeTensor> tensors,
                                      bool has_output, int values, bool importance) {
  const Model model(keys, importance);
  const bool moe = recipe.name == "MXFP4_MOE";
  // Counted in llama.cpp's order: what belongs to no block first, then by block and name.
  std::ranges::sort(tensors, {}, [](const RecipeTensor& t) { return std::tuple(block_of(t.name), t.name); });
  int value = 0, down = 0;
  std::map<std::string, Scheme> schemes;
  for (const RecipeTensor& tensor : tensors) {
    Scheme scheme = recipe.base;
    const Role role = role_of(tensor.name);
    if (role == Role::output || (role == Role::embedding && !has_output)) {
      const bool fits = tensor.row % info(scheme).block_elements == 0;
      scheme = moe || model.architecture == "falcon" || !fits || scheme == Scheme::q8_0 ? Scheme::q8_0 : Scheme::q6_k;
    } else if (moe) {
      scheme = tensor.experts ? Scheme::mxfp4 : Scheme::q8_0;
    } else if (role == Role::embedding) {
      if (scheme == Scheme::tq1_0 || scheme == Scheme::tq2_0) scheme = Scheme::q4_k;
    } else if (role == Role::value || role == Role::qkv) {
      scheme = value_scheme(recipe.name, scheme, model, value++, values);
    } else if (role == Role::key) {
      if (model.experts == 8) scheme = Scheme::q8_0;
    } else if (role == Role::down) {
      scheme = down_scheme(recipe.name, scheme, model, model.experts > 1 ? block_of(tensor.name) : down);
      ++down;
    } else if (role == Role::attention_output) {
      scheme = attention_output_scheme(recipe.name, scheme, model);
    }
    schemes.emplace(tensor.name, scheme);
  }
  return schemes;
}

}  // namespace ingot
