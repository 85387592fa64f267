#include "tokenizer/special.h"

#include <algorithm>

namespace ingot {

namespace {
std::uint64_t edge(std::uint32_t node, char c) { return std::uint64_t{node} << 8 | static_cast<unsigned char>(c); }
}  // namespace

SpecialTokens::SpecialTokens(const Vocabulary& vocabulary) : nodes_(1) {
  for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const TokenType type = vocabulary.types[id];
    const std::string& text = vocabulary.tokens[id];
    const bool always = type == TokenType::user_defined && vocabulary.kind != "sentencepiece";
    if (text.empty() || (!always && type != TokenType::control && type != TokenType::unknown)) continue;
    std::uint32_t node = 0;
    for (char c : text) {
      const auto [found, added] = edges_.try_emplace(edge(node, c), static_cast<std::uint32_t>(nodes_.size()));
      if (added) nodes_.emplace_back();
      node = found->second;
    }
    if (nodes_[node].id < 0) nodes_[node] = {static_cast<std::int32_t>(id), always};
    starts_[static_cast<unsigned char>(text[0])] = true;
  }
}

std::vector<SpecialTokens::Cut> SpecialTokens::find(std::string_view text, bool control) const {
  std::vector<Cut> found;
  for (std::size_t begin = 0; begin < text.size(); ++begin) {
    if (!starts_[static_cast<unsigned char>(text[begin])]) continue;
    std::uint32_t node = 0;
    for (std::size_t at = begin; at < text.size(); ++at) {
      const auto next = edges_.find(edge(node, text[at]));
      if (next == edges_.end()) break;
      node = next->second;
      if (nodes_[node].id >= 0 && (control || nodes_[node].always))
        found.push_back({begin, at + 1 - begin, nodes_[node].id});
    }
  }
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
