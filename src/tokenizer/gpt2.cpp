// Byte-level BPE: patterns split the text, every piece is spelled in the byte alphabet and merged by rank.
#include <unordered_map>

#include "core/fail.h"
#include "tokenizer/bpe.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pretokenizers.h"
#include "tokenizer/regex.h"
#include "tokenizer/unicode.h"

namespace ingot {

namespace {

class Gpt2Tokenizer final : public CuttingTokenizer {
 public:
  explicit Gpt2Tokenizer(Vocabulary v) : CuttingTokenizer(std::move(v)), texts_(vocabulary_.tokens) {
    const std::size_t merges = vocabulary_.merges.size();
    texts_.reserve(texts_.size() + 3 * merges);
    index_ = TokenIndex(texts_.size() + 3 * merges);
    merges_ = MergeTable(merges);
    for (std::size_t id = 0; id < vocabulary_.tokens.size(); ++id)
      if (!texts_[id].empty()) index_.add(texts_, static_cast<std::int32_t>(id));
    std::string joined;
    for (std::size_t rank = 0; rank < merges; ++rank) {
      const auto [left, right] = split_merge(vocabulary_.merges[rank]);
      joined.assign(left).append(right);
      const std::int32_t l = intern(left), r = intern(right);
      merges_.add(l, r, {static_cast<std::int32_t>(rank), intern(joined)});
    }
    for (unsigned byte = 0; byte < 256; ++byte)
      bytes_[byte] = index_.find(texts_, byte_character(static_cast<unsigned char>(byte)));
    if (vocabulary_.pre == "regex") {
      for (const std::string& pattern : vocabulary_.patterns) patterns_.emplace_back(pattern);
    } else {
      const std::string_view name = vocabulary_.pre.empty() ? "default" : std::string_view(vocabulary_.pre);
      const PreTokenizer* row = find_pre_tokenizer(name);
      if (!row) throw NotImplemented("tokenizer", fmt::format("pre-tokenizer '{}'", name));
      for (const std::string& pattern : row->patterns) patterns_.emplace_back(pattern);
    }
  }

  std::string piece(std::int32_t id) const override {
    check_id(id);
    const std::string& token = vocabulary_.tokens[static_cast<std::size_t>(id)];
    switch (vocabulary_.types[static_cast<std::size_t>(id)]) {
      case TokenType::control:
      case TokenType::unknown:
      case TokenType::unused: return "";
      case TokenType::user_defined: return token;  // stored as it stands in texts
      default: return from_byte_alphabet(token);
    }
  }

 protected:
  void encode_text(std::string_view text, bool first, std::vector<std::int32_t>& ids) const override {
    const std::string normal = vocabulary_.nfc ? normalized(text) : std::string();
    if (vocabulary_.nfc) text = normal;
    std::string prefixed;
    if (first && vocabulary_.add_space_prefix && !text.starts_with(' ')) {
      prefixed.reserve(text.size() + 1);
      prefixed.append(" ").append(text);
      text = prefixed;
    }
    std::vector<std::string_view> pieces, next;
    split_valid(text, pieces);
    for (const Regex& pattern : patterns_) {
      next.clear();
      for (std::string_view piece : pieces) {
        // Bytes that are no UTF-8 stand alone; patterns never see them.
        if (utf8_step(piece, 0).status == Utf8Status::valid)
          pattern.split(piece, next);
        else
          next.push_back(piece);
      }
      pieces.swap(next);
    }
    Merger<std::int32_t> merger;
    std::unordered_map<std::string_view, std::vector<std::int32_t>> words;
    for (std::string_view piece : pieces) {
      const auto [word, added] = words.try_emplace(piece);
      if (added) merge(piece, merger, word->second);
      ids.insert(ids.end(), word->second.begin(), word->second.end());
    }
  }

 private:
  /// The symbol of a text that a merge names, new where it is no token.
  std::int32_t intern(std::string_view text) {
    if (const std::int32_t id = index_.find(texts_, text); id >= 0) return id;
    texts_.emplace_back(text);
    return index_.add(texts_, static_cast<std::int32_t>(texts_.size() - 1));
  }

  /// Form C of what is UTF-8.
  static std::string normalized(std::string_view text) {
    std::vector<std::string_view> pieces;
    split_valid(text, pieces);
    std::string out;
    for (std::string_view piece : pieces)
      out += utf8_step(piece, 0).status == Utf8Status::valid ? normalize(piece, NormalForm::nfc) : std::string(piece);
    return out;
  }

  static void split_valid(std::string_view text, std::vector<std::string_view>& pieces) {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
      const Utf8Step step = utf8_step(text, at);
      if (step.status != Utf8Status::valid) {
        if (at > begin) pieces.push_back(text.substr(begin, at - begin));
        pieces.push_back(text.substr(at, step.length));
        begin = at + step.length;
      }
      at += step.length;
    }
    if (begin < text.size()) pieces.push_back(text.substr(begin));
  }

  bool is_token(std::int32_t id) const { return static_cast<std::size_t>(id) < vocabulary_.tokens.size(); }

  void merge(std::string_view bytes, Merger<std::int32_t>& merger, std::vector<std::int32_t>& out) const {
    if (vocabulary_.ignore_merges) {
      const std::int32_t whole = index_.find(texts_, to_byte_alphabet(bytes));
      if (whole >= 0 && is_token(whole)) {
        out.push_back(whole);
        return;
      }
    }
    merger.symbols.clear();
    for (std::size_t i = 0; i < bytes.size(); ++i)
      merger.symbols.push_back({bytes.substr(i, 1), bytes_[static_cast<unsigned char>(bytes[i])]});
    merger.merge([this](const Symbol& left, const Symbol& right) -> Join<std::int32_t> {
      if (left.id < 0 || right.id < 0) return {};
      const Merge found = merges_.find(left.id, right.id);
      return {found.rank, found.joined};
    });
    for (const Symbol& symbol : merger.symbols) {
      if (symbol.id < 0) continue;  // a byte that is no token vanishes
      if (is_token(symbol.id)) {
        out.push_back(symbol.id);
        continue;
      }
      for (char c : symbol.text) {
        const std::int32_t id = bytes_[static_cast<unsigned char>(c)];
        if (id >= 0 && is_token(id)) out.push_back(id);
      }
    }
  }

  std::vector<std::string> texts_;  // the tokens, then what merges name beside them
  TokenIndex index_;
  MergeTable merges_;
  std::int32_t bytes_[256];
  std::vector<Regex> patterns_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_gpt2(Vocabulary vocabulary) {
  return std::make_unique<Gpt2Tokenizer>(std::move(vocabulary));
}

}  // namespace ingot
