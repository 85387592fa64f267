// SentencePiece `.model` files: pieces through the library; what its interface does not tell (model type,
// normaliser) from the message itself (sentencepiece_model.proto: ModelProto 2 trainer_spec, 3 normalizer_spec).
#include <sentencepiece_processor.h>

#include "core/fail.h"
#include "ingot/tokenizer.h"
#include "tokenizer/finish.h"
#include "tokenizer/huggingface.h"

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

struct Settings {
  std::uint64_t model_type = 1;  // 1 unigram, 2 bpe, 3 word, 4 char
  bool charsmap = false, add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
  bool whitespace_as_suffix = false;
};

Settings read_settings(std::string_view model, const std::string& source) {
  Settings s;
  for (Fields message(model, source); message.next();) {
    if (message.number == 2) {
      for (Fields spec(message.bytes, source); spec.next();) {
        if (spec.number == 3) s.model_type = spec.value;
        if (spec.number == 24) s.whitespace_as_suffix = spec.value != 0;
      }
    } else if (message.number == 3) {
      for (Fields spec(message.bytes, source); spec.next();) {
        if (spec.number == 2) s.charsmap = !spec.bytes.empty();
        if (spec.number == 3) s.add_dummy_prefix = spec.value != 0;
        if (spec.number == 4) s.remove_extra_whitespaces = spec.value != 0;
        if (spec.number == 5) s.escape_whitespaces = spec.value != 0;
      }
    }
  }
  return s;
}

}  // namespace

Vocabulary Vocabulary::from_sentencepiece(std::string_view model, std::string_view config, const std::string& source) {
  const Settings settings = read_settings(model, source);
  const auto not_built = [&](std::string_view what) {
    throw NotImplemented("tokenizer", fmt::format("{}: SentencePiece {}", source, what));
  };
  static constexpr std::string_view types[] = {"", "unigram", "BPE", "word", "char"};
  if (settings.model_type != 2)
    not_built(fmt::format("model type {} (built: BPE)",
                          settings.model_type < 5 ? types[settings.model_type] : std::string_view("unknown")));
  // The bytes of what the normaliser changes would be read as they stand: other ids than the model was trained on.
  if (settings.charsmap) not_built("normalisation rules (built: identity)");
  if (settings.remove_extra_whitespaces) not_built("remove_extra_whitespaces");
  if (!settings.escape_whitespaces) not_built("without escape_whitespaces");
  if (settings.whitespace_as_suffix) not_built("treat_whitespace_as_suffix");

  sentencepiece::SentencePieceProcessor processor;
  if (const auto status = processor.LoadFromSerializedProto(model); !status.ok())
    fail(ErrorCode::invalid_file, "tokenizer", "{}: {}", source, status.ToString());
  Vocabulary v;
  v.kind = "llama";
  v.add_space_prefix = settings.add_dummy_prefix;
  v.space_after_special = true;
  for (int id = 0; id < processor.GetPieceSize(); ++id) {
    v.tokens.push_back(processor.IdToPiece(id));
    v.scores.push_back(processor.GetScore(id));
    v.types.push_back(processor.IsUnknown(id)   ? TokenType::unknown
                      : processor.IsControl(id) ? TokenType::control
                      : processor.IsUnused(id)  ? TokenType::unused
                      : processor.IsByte(id)    ? TokenType::byte
                                                : TokenType::normal);
  }
  // The library does not tell user-defined pieces from normal ones; the message does: 1 pieces, 3 type (4
  // user-defined).
  std::size_t at = 0;
  for (Fields message(model, source); message.next();) {
    if (message.number != 1) continue;
    for (Fields piece(message.bytes, source); piece.next();)
      if (piece.number == 3 && piece.value == 4 && at < v.types.size()) v.types[at] = TokenType::user_defined;
    ++at;
  }
  const auto id = [](int value) -> std::optional<std::int32_t> {
    if (value < 0) return std::nullopt;
    return value;
  };
  v.bos = id(processor.bos_id());
  v.eos = id(processor.eos_id());
  v.unknown = id(processor.unk_id());
  v.padding = id(processor.pad_id());
  v.add_bos = v.bos.has_value();  // as Llama's own code; tokenizer_config.json may say otherwise
  if (v.eos) add_end(v, *v.eos);
  read_tokenizer_config(config, v, source);
  add_named_ends(v);
  v.check(source);
  return v;
}

}  // namespace ingot
