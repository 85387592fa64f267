// SentencePiece models (sentencepiece_model.proto): what a message says beside what the library tells, and a safe way
// to load it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/tokenizer.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace ingot {

struct SentencePieceSettings {
  std::uint64_t model_type = 1;  // 1 unigram, 2 BPE, 3 word, 4 char
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
  bool whitespace_as_suffix = false;
  std::string_view charsmap, decode_charsmap;  // rules of the normaliser and of the one behind the decoder
  std::vector<TokenType> types;                // the numbers of the message are ours
  std::vector<std::string_view> user_defined;

  /// Whether GGUF's t5 kind says all of this model.
  bool is_t5() const;
  /// What GGUF's llama kind can not say of this model, in words; "" where it says all.
  std::string beyond_llama() const;
};

/// The views point into `model`. Throws invalid_file, with `source`, where the message or its rules are damaged.
SentencePieceSettings read_sentencepiece(std::string_view model, const std::string& source);

/// The library's processor for a model that read_sentencepiece has accepted. The library writes nothing to stderr.
std::unique_ptr<sentencepiece::SentencePieceProcessor> load_sentencepiece(std::string_view model,
                                                                          const std::string& source);

}  // namespace ingot
