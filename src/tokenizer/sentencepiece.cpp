// Vocabularies from SentencePiece `.model` files.
#include "tokenizer/sentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>

#include "core/fail.h"
#include "tokenizer/finish.h"
#include "tokenizer/huggingface.h"

namespace ingot {

namespace {

/// Whether our llama kind gives the library's ids and texts. User-defined pieces are found in another order there and
/// end a stretch; pieces that are unused are split again by the library.
bool is_llama(const SentencePieceSettings& settings) {
  return settings.beyond_llama().empty() && settings.user_defined.empty() &&
         std::find(settings.types.begin(), settings.types.end(), TokenType::unused) == settings.types.end();
}

}  // namespace

Vocabulary Vocabulary::from_sentencepiece(std::string_view model, std::string_view config, const std::string& source) {
  SentencePieceSettings settings = read_sentencepiece(model, source);
  const auto processor = load_sentencepiece(model, source);
  Vocabulary v;
  v.add_space_prefix = settings.add_dummy_prefix;
  v.space_after_special = true;
  for (int id = 0; id < processor->GetPieceSize(); ++id) {
    v.tokens.push_back(processor->IdToPiece(id));
    v.scores.push_back(processor->GetScore(id));
  }
  const bool llama = is_llama(settings);
  v.kind = llama ? "llama" : "sentencepiece";
  if (!llama) v.model = model;
  v.types = std::move(settings.types);
  const auto id = [](int value) -> std::optional<std::int32_t> {
    if (value < 0) return std::nullopt;
    return value;
  };
  v.bos = id(processor->bos_id());
  v.eos = id(processor->eos_id());
  v.unknown = id(processor->unk_id());
  v.padding = id(processor->pad_id());
  v.add_bos = v.bos.has_value();  // as Llama's own code; tokenizer_config.json may say otherwise
  v.add_eos = !v.bos && v.eos && settings.model_type == 1;  // as T5's
  if (v.eos) add_end(v, *v.eos);
  read_tokenizer_config(config, v, source);
  add_named_ends(v);
  v.check(source);
  return v;
}

}  // namespace ingot
