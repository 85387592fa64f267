#include <array>
#include <limits>

#include "tokenizer/bpe.h"
#include "tokenizer/index.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pipeline/pipeline.h"
#include "tokenizer/unigram.h"
#include "tokenizer/utf8.h"
#include "tokenizer/wordpiece.h"

namespace ingot::pipeline {

namespace {

/// Ids by text, of "<0x00>" … and of the unknown token.
struct Known {
  Known(Json model, const std::vector<std::string>& texts) : tokens(texts), index(texts.size()) {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      if (!tokens[i].empty()) index.add(tokens, static_cast<std::int32_t>(i));
    fallback = json_bool(model, "byte_fallback", false);
    for (unsigned byte = 0; byte < 256; ++byte) bytes[byte] = find(byte_token(static_cast<unsigned char>(byte)));
  }
  std::int32_t find(std::string_view text) const { return index.find(tokens, text); }
  /// Whether every byte has a token; then they are appended.
  bool append_bytes(std::string_view text, std::vector<std::int32_t>& ids) const {
    if (!fallback) return false;
    for (char c : text)
      if (bytes[static_cast<unsigned char>(c)] < 0) return false;
    for (char c : text) ids.push_back(bytes[static_cast<unsigned char>(c)]);
    return true;
  }

  const std::vector<std::string>& tokens;
  TokenIndex index;
  std::array<std::int32_t, 256> bytes{};
  std::int32_t unknown = -1;
  bool fallback = false;
};

std::int32_t unknown_token(Json model, const Known& known, const std::string& source) {
  const std::string_view text = json_string(model, "unk_token", "");
  if (text.empty()) return -1;
  const std::int32_t id = known.find(text);
  if (id < 0) invalid(source, fmt::format("model.unk_token '{}' is no token", text));
  return id;
}

class Bpe {
 public:
  Bpe(Json model, const std::vector<std::string>& tokens, const std::string& source) : known_(model, tokens) {
    known_.unknown = unknown_token(model, known_, source);
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (!json_string(model, key, "").empty()) not_built(source, std::string("model.") + key);
    double dropout = 0;
    if (const auto value = json_member(model, "dropout"); value && !value->get(dropout) && dropout != 0)
      not_built(source, "model.dropout");
    ignore_merges_ = json_bool(model, "ignore_merges", false);
    fuse_ = json_bool(model, "fuse_unk", false);
    simdjson::dom::array list;
    if (model.at_key("merges").get(list)) invalid(source, "model.merges: a list expected");
    std::size_t count = 0;
    for ([[maybe_unused]] Json item : list) ++count;
    merges_ = MergeTable(count);
    std::int32_t rank = 0;
    for (Json item : list) {
      std::string_view left, right;
      simdjson::dom::array pair;
      if (!item.get(left)) {
        const MergeParts parts = split_merge(left);
        left = parts.left, right = parts.right;
      } else if (item.get(pair) || pair.size() != 2 || pair.at(0).get(left) || pair.at(1).get(right)) {
        invalid(source, fmt::format("model.merges[{}]: \"a b\" or a pair of strings expected", rank));
      }
      const std::int32_t l = known_.find(left), r = known_.find(right),
                         joined = known_.find(std::string(left).append(right));
      if (l < 0 || r < 0 || joined < 0)
        invalid(source,
                fmt::format("model.merges[{}]: '{}' and '{}' or what they join to is no token", rank, left, right));
      merges_.add(l, r, {rank++, joined});
    }
  }

  void operator()(std::string_view text, std::vector<std::int32_t>& ids) const {
    if (const std::int32_t whole = ignore_merges_ ? known_.find(text) : -1; whole >= 0) {
      ids.push_back(whole);
      return;
    }
    Merger<std::int32_t> merger;
    bool after_unknown = false;
    std::vector<std::int32_t> bytes;
    for (; !text.empty(); text.remove_prefix(utf8_step(text, 0).length)) {
      const std::string_view character = text.substr(0, utf8_step(text, 0).length);
      const std::int32_t id = known_.find(character);
      bytes.clear();
      if (id >= 0) {
        merger.symbols.push_back({character, id});
      } else if (known_.append_bytes(character, bytes)) {
        for (std::size_t i = 0; i < bytes.size(); ++i) merger.symbols.push_back({character.substr(i, 1), bytes[i]});
      } else if (after_unknown && fuse_) {
        std::string_view& before = merger.symbols.back().text;
        before = {before.data(), before.size() + character.size()};
      } else if (known_.unknown >= 0) {
        merger.symbols.push_back({character, known_.unknown});
      }
      after_unknown = id < 0 && bytes.empty() && known_.unknown >= 0;
    }
    merger.merge([this](const Symbol& left, const Symbol& right) -> Join<std::int32_t> {
      const Merge found = merges_.find(left.id, right.id);
      return {found.rank, found.joined};
    });
    for (const Symbol& symbol : merger.symbols) ids.push_back(symbol.id);
  }

 private:
  Known known_;
  MergeTable merges_;
  bool ignore_merges_ = false, fuse_ = false;
};

class UnigramModel {
 public:
  UnigramModel(Json model, const std::vector<std::string>& tokens, const std::string& source)
      : known_(model, tokens), unigram_(read(model, tokens, source)) {
    std::int64_t unknown = -1;
    if (const auto value = json_member(model, "unk_id"); value && value->get(unknown))
      invalid(source, "model.unk_id: a number expected");
    if (unknown >= 0 && static_cast<std::uint64_t>(unknown) < tokens.size())
      known_.unknown = static_cast<std::int32_t>(unknown);
  }

  void operator()(std::string_view text, std::vector<std::int32_t>& ids) const {
    std::vector<Unigram::Part> parts;
    unigram_.split(text, parts);
    bool after_unknown = false;
    for (const Unigram::Part& part : parts) {
      const bool unknown = part.id < 0 && !known_.append_bytes(part.text, ids);
      if (part.id >= 0)
        ids.push_back(part.id);
      else if (unknown && !after_unknown && known_.unknown >= 0)
        ids.push_back(known_.unknown);
      after_unknown = unknown;
    }
  }

 private:
  static Unigram read(Json model, const std::vector<std::string>& tokens, const std::string& source) {
    simdjson::dom::array list;
    if (model.at_key("vocab").get(list)) invalid(source, "model.vocab: a list expected");
    std::vector<Unigram::Entry> entries;
    double least = std::numeric_limits<double>::infinity();
    for (Json item : list) {
      double score = 0;
      simdjson::dom::array pair;
      if (item.get(pair) || pair.size() != 2 || pair.at(1).get(score))
        invalid(source, fmt::format("model.vocab[{}]: a token with its score expected", entries.size()));
      const std::size_t id = entries.size();
      entries.push_back({tokens[id], score, static_cast<std::int32_t>(id)});
      least = std::min(least, score);
    }
    return {entries, least};
  }

  Known known_;
  Unigram unigram_;
};

Encoder word_piece(Json model, const std::vector<std::string>& tokens, const std::string& source) {
  const std::int32_t unknown = unknown_token(model, Known(model, tokens), source);
  if (unknown < 0) invalid(source, "model.unk_token: a token expected");
  std::uint64_t longest = 100;
  if (const auto value = json_member(model, "max_input_chars_per_word"); value && value->get(longest))
    invalid(source, "model.max_input_chars_per_word: a number expected");
  const WordPiece::Settings settings{std::string(json_string(model, "continuing_subword_prefix", "##")),
                                     static_cast<std::size_t>(longest), unknown};
  return [words = std::make_shared<const WordPiece>(tokens, settings)](
             std::string_view text, std::vector<std::int32_t>& ids) { words->encode(text, ids); };
}

template <class Model>
Encoder shared(Json model, const std::vector<std::string>& tokens, const std::string& source) {
  return [made = std::make_shared<const Model>(model, tokens, source)](
             std::string_view text, std::vector<std::int32_t>& ids) { (*made)(text, ids); };
}

}  // namespace

Encoder read_model(Json model, const std::vector<std::string>& tokens, const std::string& source) {
  const std::string_view type = json_string(model, "type", json_member(model, "merges") ? "BPE" : "unnamed");
  if (type == "BPE") return shared<Bpe>(model, tokens, source);
  if (type == "Unigram") return shared<UnigramModel>(model, tokens, source);
  if (type == "WordPiece") return word_piece(model, tokens, source);
  not_built(source, fmt::format("model type '{}' (built: BPE, Unigram, WordPiece)", type));
}

}  // namespace ingot::pipeline
