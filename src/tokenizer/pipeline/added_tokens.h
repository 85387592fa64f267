// added_tokens of a tokenizer.json: texts that are cut out before, or after, the normalizer.
#pragma once

#include "tokenizer/pipeline/pipeline.h"
#include "tokenizer/trie.h"

namespace ingot::pipeline {

class AddedTokens {
 public:
  /// Those whose `normalized` is this; their texts go through the normalizer too.
  AddedTokens(Json root, bool normalized, const Normalizer& normalizer, const std::string& source);

  struct Stretch {
    std::size_t begin, end;
    std::int32_t id;  // -1: text
  };
  /// The text from end to end: at each place the longest token. `special`: special tokens too.
  std::vector<Stretch> cut(std::string_view text, bool special) const;

 private:
  struct Token {
    std::string text;
    std::int32_t id;
    bool single_word, strip_left, strip_right, special;
  };
  std::vector<Token> tokens_;
  Trie trie_{0};  // to the place in tokens_
};

}  // namespace ingot::pipeline
