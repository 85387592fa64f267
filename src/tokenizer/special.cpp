#include "tokenizer/special.h"

#include <algorithm>

namespace ingot {

namespace {

/// Whether the token is cut out of texts: always, or where control tokens are wanted.
bool is_always(const Vocabulary& v, std::size_t id) {
  return v.types[id] == TokenType::user_defined && v.kind != "sentencepiece" && v.kind != "t5";
}
bool is_cut(const Vocabulary& v, std::size_t id) {
  return is_always(v, id) || v.types[id] == TokenType::control || v.types[id] == TokenType::unknown;
}

std::size_t bytes_to_cut(const Vocabulary& v) {
  std::size_t bytes = 0;
  for (std::size_t id = 0; id < v.tokens.size(); ++id)
    if (is_cut(v, id)) bytes += v.tokens[id].size();
  return bytes;
}

}  // namespace

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary)
    : trie_(bytes_to_cut(vocabulary)), always_(vocabulary.tokens.size()) {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (!is_cut(vocabulary, id)) continue;
    trie_.add(vocabulary.tokens[id], static_cast<std::int32_t>(id));
    always_[id] = is_always(vocabulary, id);
  }
}

std::vector<SpecialTokens::Cut> SpecialTokens::find(std::string_view text, bool control) const {
  std::vector<Cut> found;
  for (std::size_t begin = 0; begin < text.size(); ++begin)
    trie_.prefixes(text.substr(begin), [&](std::size_t length, std::int32_t id) {
      if (control || always_[static_cast<std::size_t>(id)]) found.push_back({begin, length, id});
    });
  if (found.size() < 2) return found;
  std::sort(found.begin(), found.end(), [](const Cut& a, const Cut& b) {
    if (a.length != b.length) return a.length > b.length;
    return a.id != b.id ? a.id < b.id : a.begin < b.begin;
  });
  // A cut that overlaps an earlier, hence not shorter one has its first or its last byte inside it.
  std::vector<bool> taken(text.size());
  std::erase_if(found, [&](const Cut& cut) {
    if (taken[cut.begin] || taken[cut.begin + cut.length - 1]) return true;
    for (std::size_t i = 0; i < cut.length; ++i) taken[cut.begin + i] = true;
    return false;
  });
  std::sort(found.begin(), found.end(), [](const Cut& a, const Cut& b) { return a.begin < b.begin; });
  return found;
}

}  // namespace ingot
