// WordPiece (Wu et al. 2016) as BERT uses it: cleaning, words, the longest tokens of each word from its left.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/index.h"

namespace ingot {

struct BertNormalizer {
  bool clean_text = true, chinese_characters = true, strip_accents = true, lower_case = true;

  /// Controls gone and every white space a plain one; spaces around ideographs; no accents (in form D); lower case.
  std::string operator()(std::string_view text) const;
};

/// Words of valid UTF-8: white space separates and is dropped, every punctuation character stands alone.
std::vector<std::string_view> bert_words(std::string_view text);

class WordPiece {
 public:
  struct Settings {
    std::string prefix = "##";       // of tokens that continue a word
    std::size_t longest_word = 100;  // characters; longer ones are unknown
    std::int32_t unknown = 0;
  };
  /// `tokens` outlives this.
  WordPiece(const std::vector<std::string>& tokens, Settings settings);
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

 private:
  const std::vector<std::string>& tokens_;
  Settings settings_;
  TokenIndex index_;
  std::size_t longest_ = 0;  // token, bytes
};

/// What a token adds to a text: a space in front of it unless `first` or a continuation; where `clean_up`, no space
/// before punctuation and English contractions.
std::string wordpiece_text(std::string_view token, std::string_view prefix, bool first, bool clean_up);

}  // namespace ingot
