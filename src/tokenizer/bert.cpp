// WordPiece with BERT's normalizer. Tokens are spelled as in vocab.txt ("##ing"); GGUF's spelling is in vocabulary.cpp.
#include "core/fail.h"
#include "tokenizer/kinds.h"
#include "tokenizer/unicode.h"
#include "tokenizer/wordpiece.h"

namespace ingot {

namespace {

class BertTokenizer final : public CuttingTokenizer {
 public:
  explicit BertTokenizer(Vocabulary v)
      : CuttingTokenizer(std::move(v)),
        normalizer_{vocabulary_.clean_text, vocabulary_.chinese_characters, vocabulary_.strip_accents,
                    vocabulary_.lower_case},
        words_(vocabulary_.tokens, {.unknown = *vocabulary_.unknown}) {}

  std::string piece(std::int32_t id) const override { return text_of(id, false); }

  std::string decode(std::span<const std::int32_t> ids) const override {
    std::string text;
    bool first = true;
    for (std::int32_t id : ids) {
      text += text_of(id, first);
      first &= is_control(id);
    }
    return text;
  }

 protected:
  void encode_text(std::string_view text, bool, std::vector<std::int32_t>& ids) const override {
    const std::string normal = normalizer_(to_valid_utf8(text));
    for (std::string_view word : bert_words(normal)) words_.encode(word, ids);
  }

 private:
  bool is_control(std::int32_t id) const {
    const TokenType type = vocabulary_.types[static_cast<std::size_t>(id)];
    return type == TokenType::control || type == TokenType::unknown;
  }
  std::string text_of(std::int32_t id, bool first) const {
    check_id(id);
    if (is_control(id)) return "";
    return wordpiece_text(vocabulary_.tokens[static_cast<std::size_t>(id)], "##", first, true);
  }

  BertNormalizer normalizer_;
  WordPiece words_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_bert(Vocabulary vocabulary) {
  if (!vocabulary.unknown) fail(ErrorCode::invalid_argument, "tokenizer", "a bert vocabulary without unknown token");
  return std::make_unique<BertTokenizer>(std::move(vocabulary));
}

}  // namespace ingot
