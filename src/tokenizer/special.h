// Tokens that are cut out of the text before it is split and merged.
#pragma once

#include <string_view>
#include <vector>

#include "ingot/tokenizer.h"
#include "tokenizer/trie.h"

namespace ingot {

class SpecialTokens {
 public:
  explicit SpecialTokens(const Vocabulary& vocabulary);

  struct Cut {
    std::size_t begin, length;
    std::int32_t id;
  };
  /// Where the text is cut, in order: the longest tokens first, of equals the lower id, then the leftmost.
  /// User-defined tokens always (but not those of the sentencepiece and t5 kinds, found in the normalised text),
  /// control and unknown ones only where `control`.
  std::vector<Cut> find(std::string_view text, bool control) const;

 private:
  Trie trie_;
  std::vector<bool> always_;  // by id
};

}  // namespace ingot
