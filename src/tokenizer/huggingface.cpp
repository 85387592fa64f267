// Hugging Face tokenizer.json: vocabulary, merges, added tokens.
#include "tokenizer/huggingface.h"

#include <tuple>

#include "tokenizer/bert.h"
#include "tokenizer/finish.h"
#include "tokenizer/index.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pipeline/pipeline.h"

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

  struct Entry {
    std::string_view token;
    std::uint64_t id;
    double score;
  };

  /// Of BPE and WordPiece ids by token, of Unigram tokens with scores in the order of their ids.
  std::vector<Entry> read_vocab(Json model) {
    std::vector<Entry> entries;
    simdjson::dom::object object;
    simdjson::dom::array list;
    if (!model.at_key("vocab").get(object)) {
      for (auto [token, id] : object) entries.push_back({token, id_of(id, source, "model.vocab", token), 0});
      return entries;
    }
    if (model.at_key("vocab").get(list)) invalid(source, "model.vocab: an object or a list expected");
    for (Json item : list) {
      Entry entry{{}, entries.size(), 0};
      simdjson::dom::array pair;
      if (item.get(pair) || pair.size() != 2 || pair.at(0).get(entry.token) || pair.at(1).get(entry.score))
        invalid(source, "model.vocab[{}]: a token with its score expected", entry.id);
      entries.push_back(entry);
    }
    return entries;
  }

  void read_tokens(Json root, Json model) {
    const std::vector<Entry> vocab = read_vocab(model);
    simdjson::dom::array added;
    const bool has_added = !root.at_key("added_tokens").get(added);
    std::uint64_t largest = 0;
    std::size_t given = 0;
    for (const Entry& entry : vocab) largest = std::max(largest, entry.id), ++given;
    if (has_added)
      for (Json token : added) {
        const auto id = json_member(token, "id");
        if (!id) invalid(source, "added_tokens[{}]: no id", given);
        largest = std::max(largest, id_of(*id, source, "added_tokens", json_string(token, "content", ""))), ++given;
      }
    if (given == 0) invalid(source, "model.vocab is empty");
    size(largest, given);

    const bool bytes = v.kind != "gpt2" && v.kind != "bert" && json_bool(model, "byte_fallback", false);
    const bool scored = v.kind == "t5";
    if (scored) v.scores.assign(v.tokens.size(), 0);
    for (const auto& [token, id, score] : vocab) {
      if (set[id]) invalid(source, "model.vocab '{}': id {} is that of '{}'", token, id, v.tokens[id]);
      place(id, token, bytes && parse_byte_token(token) >= 0 ? TokenType::byte : TokenType::normal, "model.vocab");
      if (scored) v.scores[id] = static_cast<float>(score);
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
    if (json_bool(token, "single_word", false) && v.kind != "huggingface")
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

Json model_of(Json root, const std::string& source) {
  const auto model = json_member(root, "model");
  if (!model || !model->is_object()) invalid(source, "no model");
  return *model;
}

/// Files of the first releases name no type; BPE's have merges.
std::string_view type_of(Json model) {
  return json_string(model, "type", json_member(model, "merges") ? "BPE" : "unnamed");
}

/// Our kinds look for added tokens in the text as it is; the package looks for some in the normalised text.
void check_added(Json root, const Vocabulary& v, const std::string& source) {
  const auto part = json_member(root, "normalizer");
  simdjson::dom::array list;
  if (!part || root.at_key("added_tokens").get(list)) return;
  const pipeline::Normalizer normalizer = pipeline::read_normalizer(*part, source);
  for (Json token : list) {
    const std::string_view content = json_string(token, "content", "");
    if (!json_bool(token, "normalized", !json_bool(token, "special", false))) continue;
    if (v.kind != "llama" || normalizer(content) != content)
      throw NotImplemented("tokenizer", fmt::format("{}: added token '{}' in normalised text", source, content));
  }
}

/// Tokens, merges, special tokens.
Vocabulary finish(Vocabulary v, Json root, Json model, std::string_view config, std::string_view generation,
                  const std::string& source) {
  Reader reader{source, v, {}};
  reader.read_tokens(root, model);
  TokenIndex index(v.tokens.size());
  for (std::size_t i = 0; i < v.tokens.size(); ++i)
    if (!v.tokens[i].empty()) {
      const auto id = static_cast<std::int32_t>(i);
      if (const std::int32_t first = index.add(v.tokens, id); first != id)
        invalid(source, "model.vocab: ids {} and {} are both '{}'", first, id, v.tokens[i]);
    }
  if (v.kind == "llama") v.scores.assign(v.tokens.size(), Reader::unscored);
  if (v.kind == "llama" || v.kind == "gpt2") reader.read_merges(model, index);
  v.fuse_unknown = json_bool(model, "fuse_unk", false);
  std::uint64_t unknown_id = 0;
  if (const std::string_view unknown = json_string(model, "unk_token", ""); !unknown.empty()) {
    const std::int32_t id = index.find(v.tokens, unknown);
    if (id < 0) invalid(source, "model.unk_token '{}' is no token", unknown);
    v.unknown = id;
  } else if (!model.at_key("unk_id").get(unknown_id)) {
    if (unknown_id >= v.tokens.size()) invalid(source, "model.unk_id {} of {} tokens", unknown_id, v.tokens.size());
    v.unknown = static_cast<std::int32_t>(unknown_id);
  } else if (v.kind == "bert") {
    invalid(source, "model.unk_token: a token expected");
  }
  if (v.unknown && (v.kind == "llama" || v.kind == "t5")) {
    TokenType& type = v.types[static_cast<std::size_t>(*v.unknown)];
    if (type != TokenType::user_defined) type = TokenType::unknown;
  }
  read_special(root, config, generation, v, source);
  add_named_ends(v);
  v.check(source);
  return v;
}

}  // namespace

Vocabulary read_gguf_kind(Json root, std::string_view config, std::string_view generation, const std::string& source,
                          bool exact) {
  const Json model = model_of(root, source);
  const std::string_view type = type_of(model);
  Vocabulary v;
  if (type == "BPE")
    read_bpe(root, model, v, source);
  else if (type == "WordPiece")
    read_bert(root, model, v, source);
  else if (type == "Unigram" && !exact)
    read_unigram_rules(root, v, source);
  else
    throw NotImplemented("tokenizer", fmt::format("{}: model type '{}'", source, type));
  if (exact) check_added(root, v, source);
  return finish(v, root, model, config, generation, source);
}

Vocabulary to_gguf_kind(const Vocabulary& v) {
  const JsonDocument document(v.model, "GGUF's keys for a tokenizer.json");
  Vocabulary out = read_gguf_kind(document.root(), "", "", document.source(), false);
  std::tie(out.bos, out.eos, out.unknown, out.padding, out.mask) = std::tie(v.bos, v.eos, v.unknown, v.padding, v.mask);
  std::tie(out.add_bos, out.add_eos) = std::tie(v.add_bos, v.add_eos);
  out.end_of_generation = v.end_of_generation;
  out.chat_template = v.chat_template;
  return out;
}

Vocabulary Vocabulary::from_tokenizer_json(std::string_view json, std::string_view config, std::string_view generation,
                                           const std::string& source) {
  const JsonDocument document(json, source);
  try {
    return read_gguf_kind(document.root(), config, generation, source, true);
  } catch (const NotImplemented&) {
    // What the kinds of GGUF have no place for runs part by part, which names what it can not run either.
    Vocabulary v;
    v.kind = "huggingface";
    v.model = json;
    v.add_space_prefix = false;
    v = finish(v, document.root(), model_of(document.root(), source), config, generation, source);
    Tokenizer::make(v);
    return v;
  }
}

}  // namespace ingot
