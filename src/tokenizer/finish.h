// Steps that every reader of vocabularies takes.
#pragma once

#include "ingot/tokenizer.h"

namespace ingot {

/// Bounds what a hostile file can make us build; the largest vocabularies in use have 300 thousand tokens.
inline constexpr std::size_t max_tokens = 1 << 24;

/// Adds to end_of_generation, once.
void add_end(Vocabulary& vocabulary, std::int32_t id);
/// Adds control tokens whose texts say that a turn ends ("<|eot_id|>", …).
void add_named_ends(Vocabulary& vocabulary);

}  // namespace ingot
