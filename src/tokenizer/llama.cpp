// SentencePiece BPE: score-ordered merging of code points, bytes for what is no token.
#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "core/fail.h"
#include "tokenizer/bpe.h"
#include "tokenizer/kinds.h"
#include "tokenizer/utf8.h"

namespace ingot {

namespace {

class LlamaTokenizer final : public CuttingTokenizer {
 public:
  explicit LlamaTokenizer(Vocabulary v) : CuttingTokenizer(std::move(v)), index_(vocabulary_.tokens.size()) {
    const auto& tokens = vocabulary_.tokens;
    bytes_.fill(-1);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const auto id = static_cast<std::int32_t>(i);
      const TokenType type = vocabulary_.types[i];
      const int byte = parse_byte_token(tokens[i]);
      if (byte >= 0) bytes_[static_cast<std::size_t>(byte)] = id;
      // Merging never makes control, unknown or byte tokens: the text "</s>" is no end of sequence.
      if (tokens[i].empty() || type == TokenType::control || type == TokenType::unknown || type == TokenType::byte)
        continue;
      index_.add(tokens, id);
      longest_ = std::max(longest_, tokens[i].size());
      std::string_view before, rest = tokens[i];
      while (!rest.empty()) {
        const std::string_view character = rest.substr(0, utf8_step(rest, 0).length);
        if (!before.empty()) neighbours_.insert(pair(before, character));
        before = character;
        rest.remove_prefix(character.size());
      }
    }
    if (!vocabulary_.merges.empty()) add_merges();
  }

  std::string piece(std::int32_t id) const override {
    check_id(id);
    return marked_piece(vocabulary_, id);
  }

 protected:
  void encode_text(std::string_view text, bool first, std::vector<std::int32_t>& ids) const override {
    std::string marked = replace_all(text, " ", space_mark);
    if (first && vocabulary_.add_space_prefix &&
        (vocabulary_.prefix_before_space || !std::string_view(marked).starts_with(space_mark)))
      marked.insert(0, space_mark);
    // Two characters that stand beside each other in no token are never joined, so the text falls apart there into
    // stretches that merge alone: short ones, many of which come again.
    Scratch scratch;
    const std::string_view all = marked;
    std::size_t begin = 0;
    std::string_view before;
    for (std::size_t at = 0; at < all.size();) {
      const std::string_view character = all.substr(at, utf8_step(all, at).length);
      if (at > 0 &&
          (!neighbours_.contains(pair(before, character)) || (vocabulary_.split_words && character == space_mark))) {
        encode_stretch(all.substr(begin, at - begin), scratch, ids);
        begin = at;
      }
      before = character;
      at += character.size();
    }
    encode_stretch(all.substr(begin), scratch, ids);
  }

 private:
  struct Scratch {
    Merger<float> by_score;
    Merger<std::int32_t> by_rank;
    std::unordered_map<std::string_view, std::vector<std::int32_t>> words;
    bool after_unknown = false;
  };

  static std::uint64_t pair(std::string_view a, std::string_view b) {
    const auto bits = [](std::string_view c) {
      std::uint64_t x = 0;
      for (char byte : c) x = x << 8 | static_cast<unsigned char>(byte);
      return x;
    };
    return bits(a) << 32 | bits(b);
  }

  void add_merges() {
    merges_ = MergeTable(vocabulary_.merges.size());
    std::string joined;
    for (std::size_t rank = 0; rank < vocabulary_.merges.size(); ++rank) {
      const auto [left, right] = split_merge(vocabulary_.merges[rank]);
      joined.assign(left).append(right);
      const std::int32_t l = token(left), r = token(right), j = token(joined);
      if (l >= 0 && r >= 0 && j >= 0) merges_.add(l, r, {static_cast<std::int32_t>(rank), j});
    }
  }

  std::int32_t token(std::string_view text) const { return index_.find(vocabulary_.tokens, text); }

  void encode_stretch(std::string_view text, Scratch& scratch, std::vector<std::int32_t>& ids) const {
    constexpr std::size_t cached = 64;  // bytes; longer stretches seldom come twice
    if (text.size() <= cached) {
      const auto [word, added] = scratch.words.try_emplace(text);
      if (added) merge(text, scratch, word->second);
      emit(word->second, scratch, ids);
    } else {
      std::vector<std::int32_t> word;
      merge(text, scratch, word);
      emit(word, scratch, ids);
    }
  }

  /// -1 for a character that is no token and whose bytes are not all tokens.
  void merge(std::string_view text, Scratch& scratch, std::vector<std::int32_t>& out) const {
    if (vocabulary_.merges.empty()) {
      run(text, scratch.by_score, out, [this](const Symbol& left, const Symbol& right) -> Join<float> {
        const std::size_t size = left.text.size() + right.text.size();
        if (size > longest_) return {};
        const std::int32_t id = token(std::string_view(left.text.data(), size));
        return {id < 0 ? 0.0f : -vocabulary_.scores[static_cast<std::size_t>(id)], id};
      });
    } else {
      run(text, scratch.by_rank, out, [this](const Symbol& left, const Symbol& right) -> Join<std::int32_t> {
        if (left.id < 0 || right.id < 0) return {};
        const Merge found = merges_.find(left.id, right.id);
        return {found.rank, found.joined};
      });
    }
  }

  template <class Key, class Lookup>
  void run(std::string_view text, Merger<Key>& merger, std::vector<std::int32_t>& out, Lookup&& lookup) const {
    merger.symbols.clear();
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view character = text.substr(at, utf8_step(text, at).length);
      merger.symbols.push_back({character, token(character)});
      at += character.size();
    }
    merger.merge(lookup);
    for (const Symbol& symbol : merger.symbols) {
      if (symbol.id >= 0) {
        out.push_back(symbol.id);
        continue;
      }
      const std::size_t before = out.size();
      for (char c : symbol.text) out.push_back(bytes_[static_cast<unsigned char>(c)]);
      if (std::find(out.begin() + static_cast<std::ptrdiff_t>(before), out.end(), -1) != out.end()) {
        out.resize(before);
        out.push_back(-1);
      }
    }
  }

  /// Characters without a token are the unknown token, neighbours together one, or nothing where there is none.
  void emit(const std::vector<std::int32_t>& word, Scratch& scratch, std::vector<std::int32_t>& ids) const {
    for (std::int32_t id : word) {
      if (id >= 0)
        ids.push_back(id);
      else if (vocabulary_.unknown && !(scratch.after_unknown && vocabulary_.fuse_unknown))
        ids.push_back(*vocabulary_.unknown);
      scratch.after_unknown = id < 0;
    }
  }

  TokenIndex index_;
  MergeTable merges_;
  std::array<std::int32_t, 256> bytes_;           // ids of "<0x00>" …
  std::size_t longest_ = 0;                       // token, bytes
  std::unordered_set<std::uint64_t> neighbours_;  // pairs of characters that stand together in some token
};

}  // namespace

std::unique_ptr<Tokenizer> make_llama(Vocabulary vocabulary) {
  return std::make_unique<LlamaTokenizer>(std::move(vocabulary));
}

}  // namespace ingot
