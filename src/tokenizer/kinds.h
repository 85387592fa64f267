// The kinds of tokenizer, and what they share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ingot/tokenizer.h"
#include "tokenizer/special.h"

namespace ingot {

std::unique_ptr<Tokenizer> make_llama(Vocabulary vocabulary);
std::unique_ptr<Tokenizer> make_gpt2(Vocabulary vocabulary);
std::unique_ptr<Tokenizer> make_t5(Vocabulary vocabulary);
std::unique_ptr<Tokenizer> make_huggingface(Vocabulary vocabulary);
std::unique_ptr<Tokenizer> make_bert(Vocabulary vocabulary);
std::unique_ptr<Tokenizer> make_sentencepiece(Vocabulary vocabulary);

/// What all kinds but huggingface share: special tokens are cut out of the text before anything else.
class CuttingTokenizer : public Tokenizer {
 public:
  using Tokenizer::encode;
  std::vector<std::int32_t> encode(std::string_view text, EncodeOptions options) const final;

 protected:
  explicit CuttingTokenizer(Vocabulary vocabulary);
  /// Ids of a stretch without special tokens; `first`: a space prefix is due here.
  virtual void encode_text(std::string_view text, bool first, std::vector<std::int32_t>& ids) const = 0;

 private:
  const SpecialTokens special_;
};

/// U+2581, which stands for a space in the tokens of the llama kind.
inline constexpr std::string_view space_mark = "\xE2\x96\x81";

std::string replace_all(std::string_view text, std::string_view from, std::string_view to);
/// The text of a token that spells spaces with the mark and bytes as "<0x0A>"; "" for control and unknown tokens.
std::string marked_piece(const Vocabulary& vocabulary, std::int32_t id);
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
