// The kinds of tokenizer, and what they share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ingot/tokenizer.h"

namespace ingot {

std::unique_ptr<Tokenizer> make_llama(Vocabulary vocabulary);
std::unique_ptr<Tokenizer> make_gpt2(Vocabulary vocabulary);
std::unique_ptr<Tokenizer> make_bert(Vocabulary vocabulary);
std::unique_ptr<Tokenizer> make_sentencepiece(Vocabulary vocabulary);

/// U+2581, which stands for a space in the tokens of the llama kind.
inline constexpr std::string_view space_mark = "\xE2\x96\x81";

std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
/// "<0x0A>"
std::string byte_token(unsigned char byte);
/// The byte that "<0x0A>" names, or -1.
int parse_byte_token(std::string_view token) noexcept;

struct MergeParts {
  std::string_view left, right;
};
/// "a b" at the first space after byte 0; both empty where it can not be split.
MergeParts split_merge(std::string_view merge) noexcept;

}  // namespace ingot
