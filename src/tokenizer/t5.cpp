// SentencePiece's normaliser and unigram model, as its library runs them, from GGUF's keys alone.
#include <algorithm>
#include <array>
#include <limits>

#include "core/fail.h"
#include "tokenizer/kinds.h"
#include "tokenizer/sentencepiece_charsmap.h"
#include "tokenizer/unicode.h"
#include "tokenizer/unigram.h"

namespace ingot {

namespace {

class T5Tokenizer final : public CuttingTokenizer {
 public:
  explicit T5Tokenizer(Vocabulary v)
      : CuttingTokenizer(std::move(v)),
        rules_(vocabulary_.charsmap, "vocabulary"),
        user_defined_(user_bytes()),
        unigram_(read()) {
    bytes_.fill(-1);
    for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
      const auto id = static_cast<std::int32_t>(i);
      if (vocabulary_.types[i] == TokenType::user_defined) user_defined_.add(vocabulary_.tokens[i], id);
      if (vocabulary_.types[i] != TokenType::byte) continue;
      if (const int byte = parse_byte_token(vocabulary_.tokens[i]); byte >= 0)
        bytes_[static_cast<std::size_t>(byte)] = id;
    }
    has_bytes_ = std::find(bytes_.begin(), bytes_.end(), -1) == bytes_.end();
  }

  std::string piece(std::int32_t id) const override {
    check_id(id);
    return marked_piece(vocabulary_, id);
  }

 protected:
  void encode_text(std::string_view text, bool, std::vector<std::int32_t>& ids) const override {
    const std::string normal = normalized(text);
    std::vector<Unigram::Part> parts;
    unigram_.split(normal, parts);
    bool after_unknown = false;
    for (const Unigram::Part& part : parts) {
      if (part.id >= 0) {
        ids.push_back(part.id);
      } else if (has_bytes_) {
        for (char c : part.text) ids.push_back(bytes_[static_cast<unsigned char>(c)]);
      } else if (!after_unknown && vocabulary_.unknown) {
        ids.push_back(*vocabulary_.unknown);
      }
      after_unknown = part.id < 0;
    }
  }

 private:
  std::size_t user_bytes() const {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i)
      if (vocabulary_.types[i] == TokenType::user_defined) bytes += vocabulary_.tokens[i].size();
    return bytes;
  }

  Unigram read() const {
    double least = std::numeric_limits<double>::infinity(), best = -least;
    for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i)
      if (vocabulary_.types[i] == TokenType::normal) {
        least = std::min<double>(least, vocabulary_.scores[i]);
        best = std::max<double>(best, vocabulary_.scores[i]);
      }
    if (least > best) least = best = 0;
    std::vector<Unigram::Entry> entries;
    for (std::size_t i = 0; i < vocabulary_.tokens.size(); ++i) {
      const std::string_view token = vocabulary_.tokens[i];
      const auto id = static_cast<std::int32_t>(i);
      if (vocabulary_.types[i] == TokenType::normal) {
        entries.push_back({token, vocabulary_.scores[i], id});
      } else if (vocabulary_.types[i] == TokenType::user_defined) {
        // The library's score, better than that of any way through other tokens.
        std::size_t characters = 0;
        for (std::size_t at = 0; at < token.size(); at += utf8_step(token, at).length) ++characters;
        entries.push_back({token, static_cast<double>(characters) * best - 0.1, id});
      }
    }
    return {entries, least};
  }

  struct Step {
    std::size_t length;
    std::string_view replacement;
  };
  /// What the first characters become: a user-defined token itself, what the longest rule says, or one character.
  Step step(std::string_view rest) const {
    std::size_t longest = 0;
    user_defined_.prefixes(rest, [&](std::size_t length, std::int32_t) { longest = length; });
    if (longest > 0) return {longest, rest.substr(0, longest)};
    if (const auto rule = rules_.longest(rest)) return {rule->length, rule->replacement};
    const Utf8Step character = utf8_step(rest, 0);
    if (character.status != Utf8Status::valid) return {1, "\uFFFD"};
    return {character.length, rest.substr(0, character.length)};
  }

  std::string normalized(std::string_view text) const {
    const bool trim = vocabulary_.remove_extra_spaces;
    std::string out;
    bool after_space = trim;
    while (!text.empty()) {
      const Step next = step(text);
      text.remove_prefix(next.length);
      std::string_view added = next.replacement;
      while (after_space && added.starts_with(' ')) added.remove_prefix(1);
      if (added.empty()) continue;
      if (out.empty() && vocabulary_.add_space_prefix) out += space_mark;
      out += replace_all(added, " ", space_mark);
      after_space = trim && added.ends_with(' ');
    }
    while (trim && std::string_view(out).ends_with(space_mark)) out.resize(out.size() - space_mark.size());
    return out;
  }

  Charsmap rules_;
  Trie user_defined_;
  Unigram unigram_;
  std::array<std::int32_t, 256> bytes_;
  bool has_bytes_ = false;
};

}  // namespace

std::unique_ptr<Tokenizer> make_t5(Vocabulary vocabulary) {
  return std::make_unique<T5Tokenizer>(std::move(vocabulary));
}

}  // namespace ingot
