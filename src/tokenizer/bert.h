// How files spell what the bert kind needs.
#pragma once

#include "ingot/tokenizer.h"
#include "tokenizer/json.h"

namespace ingot {

/// normalizer, pre_tokenizer, decoder and model of a tokenizer.json with a WordPiece model. Throws NotImplemented
/// naming what BERT has not.
void read_bert(Json root, Json model, Vocabulary& vocabulary, const std::string& source);

/// Special tokens that no file has named, by BERT's own texts ("[CLS]", …).
void name_bert_tokens(Vocabulary& vocabulary);

/// GGUF's spelling: "▁word" for a word, "x" for "##x"; control and user-defined tokens as they are. Throws
/// NotImplemented for tokens that would not come back.
std::string bert_to_gguf(std::string_view token, TokenType type);
std::string bert_from_gguf(std::string_view token, TokenType type);

}  // namespace ingot
