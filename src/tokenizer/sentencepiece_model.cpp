// sentencepiece_model.proto: ModelProto 1 pieces, 2 trainer_spec, 3 normalizer_spec, 5 denormalizer_spec. The message
// is read here too, because the library's interface tells neither model type nor normaliser nor user-defined pieces,
// and because the library believes what would take it out of bounds.
#include <sentencepiece_processor.h>

#include <algorithm>
#include <limits>

#include "core/fail.h"
#include "tokenizer/sentencepiece.h"
#include "tokenizer/sentencepiece_charsmap.h"

namespace sentencepiece::logging {
void SetMinLogLevel(int level);  // exported, but in no header that is installed
}

namespace ingot {

namespace {

/// Fields of a protobuf message, one after the other; false at the end. Throws where a length leaves the message.
class Fields {
 public:
  Fields(std::string_view message, const std::string& source) : rest_(message), source_(source) {}

  std::uint64_t number = 0;  // of the field
  std::uint64_t value = 0;   // varint fields
  std::string_view bytes;    // length-delimited fields

  bool next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    number = tag >> 3;
    bytes = {};
    value = 0;
    switch (tag & 7) {
      case 0: value = varint(); return true;
      case 1: take(8); return true;
      case 2: bytes = take(varint()); return true;
      case 5: take(4); return true;
      default: break;
    }
    fail(ErrorCode::invalid_file, "tokenizer", "{}: wire type {} in field {}", source_, tag & 7, number);
  }

 private:
  std::uint64_t varint() {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      result |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return result;
    }
    fail(ErrorCode::invalid_file, "tokenizer", "{}: a number of more than ten bytes", source_);
  }
  std::string_view take(std::uint64_t n) {
    if (n > rest_.size())
      fail(ErrorCode::invalid_file, "tokenizer", "{}: {} bytes expected, {} remain", source_, n, rest_.size());
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }
  std::string_view rest_;
  const std::string& source_;
};

void read_piece(std::string_view message, SentencePieceSettings& s, const std::string& source) {
  std::string_view text;
  TokenType type = TokenType::normal;
  for (Fields piece(message, source); piece.next();) {
    if (piece.number == 1) text = piece.bytes;
    // protobuf leaves a number that names no type aside.
    if (piece.number == 3 && piece.value >= 1 && piece.value <= 6) type = static_cast<TokenType>(piece.value);
  }
  s.types.push_back(type);
  if (type == TokenType::user_defined) s.user_defined.push_back(text);
}

/// The library keeps the user-defined pieces that fit one place in an array of 64 and does not look at its end.
void check_user_defined(std::vector<std::string_view> texts, const std::string& source) {
  std::sort(texts.begin(), texts.end());
  std::vector<std::string_view> chain;
  for (std::string_view text : texts) {
    while (!chain.empty() && !text.starts_with(chain.back())) chain.pop_back();
    chain.push_back(text);
    if (chain.size() > 64)
      throw NotImplemented("tokenizer",
                           fmt::format("{}: more than 64 user-defined pieces that begin each other", source));
  }
}

}  // namespace

std::string SentencePieceSettings::beyond_llama() const {
  static constexpr std::string_view names[] = {"unknown", "unigram", "BPE", "word", "char"};
  if (model_type != 2) return fmt::format("model type {}", names[model_type]);
  if (!charsmap.empty()) return "normalisation rules";
  if (!decode_charsmap.empty()) return "rules behind the decoder";
  if (remove_extra_whitespaces) return "remove_extra_whitespaces";
  if (!escape_whitespaces) return "pieces with plain spaces";
  if (whitespace_as_suffix) return "treat_whitespace_as_suffix";
  return "";
}

bool SentencePieceSettings::is_t5() const {
  return model_type == 1 && decode_charsmap.empty() && escape_whitespaces && !whitespace_as_suffix;
}

SentencePieceSettings read_sentencepiece(std::string_view model, const std::string& source) {
  if (model.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    fail(ErrorCode::invalid_file, "tokenizer", "{}: a SentencePiece model of {} bytes", source, model.size());
  SentencePieceSettings s;
  for (Fields message(model, source); message.next();) {
    if (message.number == 1) {
      read_piece(message.bytes, s, source);
    } else if (message.number == 2) {
      for (Fields spec(message.bytes, source); spec.next();) {
        if (spec.number == 3 && spec.value >= 1 && spec.value <= 4) s.model_type = spec.value;
        if (spec.number == 24) s.whitespace_as_suffix = spec.value != 0;
      }
    } else if (message.number == 3 || message.number == 5) {
      for (Fields spec(message.bytes, source); spec.next();) {
        if (spec.number == 2) {
          check_charsmap(spec.bytes, source);
          (message.number == 3 ? s.charsmap : s.decode_charsmap) = spec.bytes;
        }
        if (message.number == 5) continue;
        if (spec.number == 3) s.add_dummy_prefix = spec.value != 0;
        if (spec.number == 4) s.remove_extra_whitespaces = spec.value != 0;
        if (spec.number == 5) s.escape_whitespaces = spec.value != 0;
      }
    }
  }
  check_user_defined(s.user_defined, source);
  return s;
}

std::unique_ptr<sentencepiece::SentencePieceProcessor> load_sentencepiece(std::string_view model,
                                                                          const std::string& source) {
  sentencepiece::logging::SetMinLogLevel(3);  // above ERROR: what it has to say comes back as a status
  auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
  std::string reason;
  try {
    const auto status = processor->LoadFromSerializedProto(model);
    if (status.ok()) return processor;
    reason = status.ToString();
  } catch (const std::exception& error) {  // of its double array
    reason = error.what();
  }
  fail(ErrorCode::invalid_file, "tokenizer", "{}: {}", source, reason);
}

}  // namespace ingot
