// The parts of a tokenizer.json, read one by one.
#pragma once

#include "ingot/tokenizer.h"
#include "tokenizer/json.h"

namespace ingot {

/// normalizer and pre_tokenizer: sets kind, pre, patterns and how spaces are put in front.
void read_splitting(Json root, bool ignore_merges, Vocabulary& vocabulary, const std::string& source);
/// post_processor, tokenizer_config.json, generation_config.json ("" where absent): BOS, EOS, padding, ends.
void read_special(Json root, std::string_view config, std::string_view generation, Vocabulary& vocabulary,
                  const std::string& source);
/// tokenizer_config.json alone.
void read_tokenizer_config(std::string_view config, Vocabulary& vocabulary, const std::string& source);

}  // namespace ingot
