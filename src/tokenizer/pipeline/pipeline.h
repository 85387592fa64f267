// The parts of a tokenizer.json as functions, each read from its JSON. They do what the tokenizers package does; what
// is not here throws NotImplemented by name. All texts are valid UTF-8.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingot/tokenizer.h"
#include "tokenizer/json.h"

namespace ingot::pipeline {

using Normalizer = std::function<std::string(std::string_view)>;
/// Throws invalid_file or NotImplemented with `source`.
Normalizer read_normalizer(Json part, const std::string& source);

struct Piece {
  std::string text;
  bool first;  // begins where the whole text begins
};
using Splitter = std::function<void(std::vector<Piece>&)>;
Splitter read_splitter(Json part, const std::string& source);

/// Changes the tokens' texts in place, maybe into fewer. `whole`: they are a whole text; else they stand within one,
/// and keep the space in front of them and bytes that are no UTF-8.
using Decoder = std::function<void(std::vector<std::string>&, bool whole)>;
Decoder read_decoder(Json part, const std::string& source);

/// Ids of a piece, appended. `tokens` are those of the model, others are ""; they outlive it.
using Encoder = std::function<void(std::string_view, std::vector<std::int32_t>&)>;
Encoder read_model(Json model, const std::vector<std::string>& tokens, const std::string& source);

/// The pattern of a Split or a Replace: a literal or a regular expression, as PCRE2 reads it.
std::string read_pattern(Json part, const std::string& source);
/// Every match of a pattern becomes `content`.
Normalizer replacing(Json part, const std::string& source);

[[noreturn]] void not_built(const std::string& source, std::string_view what);
[[noreturn]] void invalid(const std::string& source, std::string_view what);

/// Members of a Sequence, each read by `read`.
template <class F>
auto read_sequence(Json part, const char* key, const std::string& source, F&& read) {
  std::vector<decltype(read(part, source))> members;
  simdjson::dom::array list;
  if (part.at_key(key).get(list)) invalid(source, std::string("Sequence.") + key + ": a list expected");
  for (Json member : list) members.push_back(read(member, source));
  return members;
}

}  // namespace ingot::pipeline
