// The most probable split of a text into tokens (Kudo 2018), by Viterbi's algorithm in double precision.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/trie.h"

namespace ingot {

class Unigram {
 public:
  struct Entry {
    std::string_view text;
    double score;  // log probability
    std::int32_t id;
  };
  struct Part {
    std::string_view text;
    std::int32_t id;  // -1: unknown
  };
  /// A character that is no token scores ten less than the least of `entries`' scores that count (`least`).
  Unigram(std::span<const Entry> entries, double least);

  /// The parts of valid UTF-8, appended. Where two ways score the same, the first found stays, as in SentencePiece.
  void split(std::string_view text, std::vector<Part>& parts) const;

 private:
  Trie trie_;
  std::vector<double> scores_;  // by id
  double unknown_score_;
};

}  // namespace ingot
