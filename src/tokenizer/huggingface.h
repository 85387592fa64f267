// The parts of a tokenizer.json, read one by one.
#pragma once

#include <vector>

#include "ingot/tokenizer.h"
#include "tokenizer/json.h"

namespace ingot {

/// A vocabulary of a kind that GGUF has. Throws NotImplemented naming what none of them has; where `exact`, also what
/// would make other ids than the tokenizers package's.
Vocabulary read_gguf_kind(Json root, std::string_view config, std::string_view generation, const std::string& source,
                          bool exact);
/// The same for a vocabulary of kind huggingface, from its `model`.
Vocabulary to_gguf_kind(const Vocabulary& vocabulary);

/// The part under `key`, or the members of its Sequence (`list` is their key) in order.
std::vector<Json> json_parts(Json root, const char* key, const char* list);

/// normalizer and pre_tokenizer of a BPE: sets kind, pre, patterns and how spaces are put in front.
void read_splitting(Json root, bool ignore_merges, Vocabulary& vocabulary, const std::string& source);
/// normalizer and pre_tokenizer of a Unigram model, as kind t5 has them.
void read_unigram_rules(Json root, Vocabulary& vocabulary, const std::string& source);
/// post_processor, tokenizer_config.json, generation_config.json ("" where absent): BOS, EOS, padding, ends.
void read_special(Json root, std::string_view config, std::string_view generation, Vocabulary& vocabulary,
                  const std::string& source);
/// tokenizer_config.json alone.
void read_tokenizer_config(std::string_view config, Vocabulary& vocabulary, const std::string& source);

}  // namespace ingot
