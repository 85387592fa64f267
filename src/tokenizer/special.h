// Tokens that are cut out of the text before it is split and merged.
#pragma once

#include <array>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ingot/tokenizer.h"

namespace ingot {

class SpecialTokens {
 public:
  explicit SpecialTokens(const Vocabulary& vocabulary);

  struct Cut {
    std::size_t begin, length;
    std::int32_t id;
  };
  /// Where the text is cut, in order: the longest tokens first, of equals the lower id, then the leftmost.
  /// User-defined tokens always (but not those of the sentencepiece kind: its library finds them in the normalised
  /// text), control and unknown ones only where `control`.
  std::vector<Cut> find(std::string_view text, bool control) const;

 private:
  struct Node {
    std::int32_t id = -1;
    bool always = false;
  };
  std::vector<Node> nodes_;                                 // a trie; node 0 is the root
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;  // node · 256 + byte → node
  std::array<bool, 256> starts_{};                          // bytes that some token begins with
};

}  // namespace ingot
