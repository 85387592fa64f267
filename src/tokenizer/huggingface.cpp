// Hugging Face tokenizer.json of model types BPE and WordPiece: vocabulary, merges, added tokens.
#include "tokenizer/huggingface.h"

#include "tokenizer/bert.h"
#include "tokenizer/finish.h"
#include "tokenizer/index.h"
#include "tokenizer/kinds.h"

namespace ingot {

namespace {

template <class... Args>
[[noreturn]] void invalid(const std::string& source, fmt::format_string<Args...> format, Args&&... args) {
  fail(ErrorCode::invalid_file, "tokenizer", "{}: {}", source, fmt::format(format, std::forward<Args>(args)...));
}

struct Reader {
  const std::string& source;
  Vocabulary& v;
  std::vector<bool> set;  // ids that have a token

  void place(std::uint64_t id, std::string_view token, TokenType type, std::string_view key) {
    if (id >= set.size())
      invalid(source, "{} '{}': id {} outside the vocabulary of {} tokens", key, token, id, set.size());
    if (set[id] && v.tokens[id] != token)
      invalid(source, "{} '{}': id {} is that of '{}'", key, token, id, v.tokens[id]);
    set[id] = true;
    v.tokens[id] = token;
    v.types[id] = type;
  }

  static std::uint64_t id_of(Json value, const std::string& source, std::string_view key, std::string_view token) {
    std::uint64_t id = 0;
    if (value.get(id)) invalid(source, "{} '{}': the id is no number ≥ 0", key, token);
    return id;
  }

  /// Room for every id in use, and holes no more than tokens: a file can not make us allocate what it does not hold.
  void size(std::uint64_t largest, std::size_t given) {
    if (largest >= max_tokens || largest >= 2 * static_cast<std::uint64_t>(given) + 1024)
      invalid(source, "model.vocab: id {} with only {} tokens given", largest, given);
    v.tokens.resize(largest + 1);
    v.types.assign(largest + 1, TokenType::unused);
    set.assign(largest + 1, false);
  }

  void read_tokens(Json root, Json model) {
    simdjson::dom::object vocab;
    if (model.at_key("vocab").get(vocab)) invalid(source, "model.vocab: an object expected");
    simdjson::dom::array added;
    const bool has_added = !root.at_key("added_tokens").get(added);
    std::uint64_t largest = 0;
    std::size_t given = 0;
    for (auto [token, id] : vocab) largest = std::max(largest, id_of(id, source, "model.vocab", token)), ++given;
    if (has_added)
      for (Json token : added) {
        const auto id = json_member(token, "id");
        if (!id) invalid(source, "added_tokens[{}]: no id", given);
        largest = std::max(largest, id_of(*id, source, "added_tokens", json_string(token, "content", ""))), ++given;
      }
    if (given == 0) invalid(source, "model.vocab is empty");
    size(largest, given);

    const bool bytes = v.kind == "llama" && json_bool(model, "byte_fallback", false);
    for (auto [token, id] : vocab) {
      const std::uint64_t number = id_of(id, source, "model.vocab", token);
      if (set[number]) invalid(source, "model.vocab '{}': id {} is that of '{}'", token, number, v.tokens[number]);
      place(number, token, bytes && parse_byte_token(token) >= 0 ? TokenType::byte : TokenType::normal, "model.vocab");
    }
    if (has_added)
      for (Json token : added) read_added(token);
    for (std::size_t id = 0; id < set.size(); ++id)
      if (!set[id]) v.tokens[id] = fmt::format("[PAD{}]", id);  // as GGUF converters fill holes
  }

  void read_added(Json token) {
    const std::string_view content = json_string(token, "content", "");
    const std::uint64_t id = id_of(*json_member(token, "id"), source, "added_tokens", content);
    if (content.empty()) invalid(source, "added_tokens: id {} has no content", id);
    if (json_bool(token, "single_word", false))
      throw NotImplemented("tokenizer", fmt::format("{}: added token '{}' with single_word", source, content));
    place(id, content, json_bool(token, "special", false) ? TokenType::control : TokenType::user_defined,
          "added_tokens");
    if (json_bool(token, "lstrip", false)) v.strip_left.push_back(static_cast<std::int32_t>(id));
    if (json_bool(token, "rstrip", false)) v.strip_right.push_back(static_cast<std::int32_t>(id));
  }

  void read_merges(Json model, const TokenIndex& index) {
    simdjson::dom::array list;
    if (model.at_key("merges").get(list)) invalid(source, "model.merges: a list expected");
    if (list.size() < 0xFFFFFF) v.merges.reserve(list.size());  // simdjson's count saturates there
    std::string joined;
    for (Json item : list) {
      const std::size_t i = v.merges.size();
      std::string_view text, left, right;
      simdjson::dom::array pair;
      if (!item.get(text)) {
        v.merges.emplace_back(text);
      } else if (!item.get(pair) && pair.size() == 2 && !pair.at(0).get(left) && !pair.at(1).get(right)) {
        if (left.find(' ', 1) != std::string_view::npos)
          throw NotImplemented("tokenizer", fmt::format("{}: model.merges[{}]: '{}' holds a space", source, i, left));
        v.merges.push_back(std::string(left).append(" ").append(right));
      } else {
        invalid(source, "model.merges[{}]: \"a b\" or a pair of strings expected", i);
      }
      const auto [a, b] = split_merge(v.merges.back());
      if (a.empty()) invalid(source, "model.merges[{}] '{}' is no pair", i, v.merges.back());
      for (std::string_view part : {a, b})
        if (index.find(v.tokens, part) < 0) invalid(source, "model.merges[{}]: '{}' is no token", i, part);
      joined.assign(a).append(b);
      const std::int32_t id = index.find(v.tokens, joined);
      if (id < 0) invalid(source, "model.merges[{}]: '{}' is no token", i, joined);
      // The first merge that makes a token is its place in score order.
      if (v.kind == "llama" && v.scores[static_cast<std::size_t>(id)] == unscored)
        v.scores[static_cast<std::size_t>(id)] = -static_cast<float>(i);
    }
    for (float& score : v.scores)
      if (score == unscored) score = -static_cast<float>(v.merges.size());
  }

  static constexpr float unscored = 1;
};

/// What of a BPE model stands outside its lists.
void read_bpe(Json root, Json model, Vocabulary& v, const std::string& source) {
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!json_string(model, key, "").empty())
      throw NotImplemented("tokenizer", fmt::format("{}: model.{}", source, key));
  double dropout = 0;
  if (const auto value = json_member(model, "dropout"); value && !value->get(dropout) && dropout != 0)
    throw NotImplemented("tokenizer", fmt::format("{}: model.dropout", source));
  v.ignore_merges = json_bool(model, "ignore_merges", false);
  read_splitting(root, v.ignore_merges, v, source);
  if (v.kind == "llama" && v.ignore_merges)
    throw NotImplemented("tokenizer", fmt::format("{}: model.ignore_merges without ByteLevel", source));
}

}  // namespace

Vocabulary Vocabulary::from_tokenizer_json(std::string_view json, std::string_view config, std::string_view generation,
                                           const std::string& source) {
  const JsonDocument document(json, source);
  const Json root = document.root();
  const auto model = json_member(root, "model");
  if (!model || !model->is_object()) invalid(source, "no model");
  // Files of the first releases name no type; BPE's have merges.
  const std::string_view type = json_string(*model, "type", json_member(*model, "merges") ? "BPE" : "unnamed");
  const bool word_piece = type == "WordPiece";
  if (type != "BPE" && !word_piece)
    throw NotImplemented("tokenizer", fmt::format("{}: model type '{}' (built: BPE, WordPiece)", source, type));
  Vocabulary v;
  if (word_piece)
    read_bert(root, *model, v, source);
  else
    read_bpe(root, *model, v, source);
  Reader reader{source, v, {}};
  reader.read_tokens(root, *model);
  TokenIndex index(v.tokens.size());
  for (std::size_t i = 0; i < v.tokens.size(); ++i)
    if (!v.tokens[i].empty()) {
      const auto id = static_cast<std::int32_t>(i);
      if (const std::int32_t first = index.add(v.tokens, id); first != id)
        invalid(source, "model.vocab: ids {} and {} are both '{}'", first, id, v.tokens[i]);
    }
  if (v.kind == "llama") v.scores.assign(v.tokens.size(), Reader::unscored);
  if (!word_piece) reader.read_merges(*model, index);
  v.fuse_unknown = json_bool(*model, "fuse_unk", false);
  if (const std::string_view unknown = json_string(*model, "unk_token", ""); !unknown.empty()) {
    const std::int32_t id = index.find(v.tokens, unknown);
    if (id < 0) invalid(source, "model.unk_token '{}' is no token", unknown);
    v.unknown = id;
    TokenType& unknown_type = v.types[static_cast<std::size_t>(id)];
    if (v.kind == "llama" && unknown_type != TokenType::user_defined) unknown_type = TokenType::unknown;
  } else if (word_piece) {
    invalid(source, "model.unk_token: a token expected");
  }
  read_special(root, config, generation, v, source);
  add_named_ends(v);
  v.check(source);
  return v;
}

}  // namespace ingot
