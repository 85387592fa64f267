// The named pre-tokenizers of byte-level BPE.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot {

struct PreTokenizer {
  std::string_view name;              // GGUF's tokenizer.ggml.pre
  std::vector<std::string> patterns;  // each splits the pieces of the one before; unmatched text stays a piece
  bool ignore_merges = false;
  bool add_bos = false;  // where the file does not say
};

/// Null for an unknown name.
const PreTokenizer* find_pre_tokenizer(std::string_view name);
/// The first row with these patterns; null where none has them.
const PreTokenizer* find_pre_tokenizer(std::span<const std::string> patterns, bool ignore_merges);

/// What ByteLevel of a tokenizer.json splits by.
extern const std::string_view gpt2_pattern;

}  // namespace ingot
