// Any SentencePiece model, through the library: unigram, word and char models, normalisation rules, user-defined
// pieces. Control tokens alone are cut out of the text before, as for the other kinds.
#include <sentencepiece_processor.h>

#include "core/fail.h"
#include "tokenizer/kinds.h"
#include "tokenizer/sentencepiece.h"

namespace ingot {

namespace {

class SentencePieceTokenizer final : public CuttingTokenizer {
 public:
  explicit SentencePieceTokenizer(Vocabulary v) : CuttingTokenizer(std::move(v)) {
    static const std::string source = "vocabulary";
    read_sentencepiece(vocabulary_.model, source);
    processor_ = load_sentencepiece(vocabulary_.model, source);
    const auto pieces = static_cast<std::size_t>(processor_->GetPieceSize());
    if (pieces != vocabulary_.tokens.size())
      fail(ErrorCode::invalid_argument, "tokenizer", "a SentencePiece model of {} pieces for {} tokens", pieces,
           vocabulary_.tokens.size());
  }

  std::string piece(std::int32_t id) const override {
    check_id(id);
    const std::string& token = vocabulary_.tokens[static_cast<std::size_t>(id)];
    switch (vocabulary_.types[static_cast<std::size_t>(id)]) {
      case TokenType::control: return "";
      case TokenType::unknown: return decode(std::span(&id, 1));  // the model has a text for it
      case TokenType::byte: return std::string(1, static_cast<char>(parse_byte_token(token)));
      default: return replace_all(token, space_mark, " ");
    }
  }

  std::string decode(std::span<const std::int32_t> ids) const override {
    for (std::int32_t id : ids) check_id(id);
    std::string text;
    call([&] { return processor_->Decode(std::vector<int>(ids.begin(), ids.end()), &text); });
    return text;
  }

 protected:
  void encode_text(std::string_view text, bool, std::vector<std::int32_t>& ids) const override {
    std::vector<int> found;
    call([&] { return processor_->Encode(text, &found); });
    ids.insert(ids.end(), found.begin(), found.end());
  }

 private:
  template <class F>
  static void call(F&& function) {
    std::string reason;
    try {
      const auto status = function();
      if (status.ok()) return;
      reason = status.ToString();
    } catch (const std::bad_alloc&) {
      fail(ErrorCode::out_of_memory, "tokenizer", "SentencePiece: no memory for a text of this length");
    } catch (const std::exception& error) {
      reason = error.what();
    }
    fail(ErrorCode::internal, "tokenizer", "SentencePiece: {}", reason);
  }

  std::unique_ptr<const sentencepiece::SentencePieceProcessor> processor_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_sentencepiece(Vocabulary vocabulary) {
  return std::make_unique<SentencePieceTokenizer>(std::move(vocabulary));
}

}  // namespace ingot
