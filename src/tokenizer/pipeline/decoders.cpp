#include <algorithm>

#include "tokenizer/byte_alphabet.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pipeline/pipeline.h"
#include "tokenizer/utf8.h"
#include "tokenizer/wordpiece.h"

namespace ingot::pipeline {

namespace {

void fuse(std::vector<std::string>& tokens) {
  std::string all;
  for (const std::string& token : tokens) all += token;
  tokens.clear();
  tokens.push_back(std::move(all));
}

void byte_level(std::vector<std::string>& tokens, bool) {
  for (std::string& token : tokens)
    if (is_byte_alphabet(token)) token = from_byte_alphabet(token);
  fuse(tokens);
}

/// Neighbouring "<0xNN>" become one text; where that is no UTF-8, of a whole text each byte is U+FFFD.
void byte_fallback(std::vector<std::string>& tokens, bool whole) {
  std::vector<std::string> out;
  std::string bytes;
  const auto flush = [&] {
    if (bytes.empty()) return;
    if (whole && !is_valid_utf8(bytes))
      for (std::size_t i = 0; i < bytes.size(); ++i) out.emplace_back("\uFFFD");
    else
      out.push_back(bytes);
    bytes.clear();
  };
  for (std::string& token : tokens) {
    if (const int byte = parse_byte_token(token); byte >= 0) {
      bytes += static_cast<char>(byte);
    } else {
      flush();
      out.push_back(std::move(token));
    }
  }
  flush();
  tokens = std::move(out);
}

Decoder metaspace(Json part) {
  const bool never =
      json_string(part, "prepend_scheme", json_bool(part, "add_prefix_space", true) ? "always" : "never") == "never";
  return [mark = std::string(json_string(part, "replacement", space_mark)), never](std::vector<std::string>& tokens,
                                                                                   bool whole) {
    for (std::size_t i = 0; i < tokens.size(); ++i)
      tokens[i] = replace_all(tokens[i], mark, i == 0 && whole && !never ? "" : " ");
  };
}

Decoder strip(Json part, const std::string& source) {
  std::uint64_t start = 0, stop = 0;
  const auto count = [&](const char* key, std::uint64_t& value) {
    if (part.at_key(key).get(value)) invalid(source, fmt::format("decoder Strip: {}: a number expected", key));
  };
  count("start", start), count("stop", stop);
  const std::string content(json_string(part, "content", ""));
  if (content.empty()) invalid(source, "decoder Strip without content");
  return [content, start, stop](std::vector<std::string>& tokens, bool whole) {
    if (!whole) return;
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (std::uint64_t i = 0; i < start && rest.starts_with(content); ++i) rest.remove_prefix(content.size());
      for (std::uint64_t i = 0; i < stop && rest.ends_with(content); ++i) rest.remove_suffix(content.size());
      token = std::string(rest);
    }
  };
}

}  // namespace

Decoder read_decoder(Json part, const std::string& source) {
  const std::string_view type = json_string(part, "type", "");
  if (type == "Sequence")
    return [members = read_sequence(part, "decoders", source, read_decoder)](std::vector<std::string>& tokens,
                                                                             bool whole) {
      for (const Decoder& member : members) member(tokens, whole);
    };
  if (type == "ByteLevel") return byte_level;
  if (type == "ByteFallback") return byte_fallback;
  if (type == "Fuse") return [](std::vector<std::string>& tokens, bool) { fuse(tokens); };
  if (type == "Metaspace") return metaspace(part);
  if (type == "Strip") return strip(part, source);
  if (type == "Replace")
    return [replace = replacing(part, source)](std::vector<std::string>& tokens, bool) {
      for (std::string& token : tokens)
        if (is_valid_utf8(token)) token = replace(token);  // a lone byte of a character has nothing to replace
    };
  if (type == "WordPiece")
    return [prefix = std::string(json_string(part, "prefix", "##")), clean_up = json_bool(part, "cleanup", true)](
               std::vector<std::string>& tokens, bool whole) {
      for (std::size_t i = 0; i < tokens.size(); ++i)
        tokens[i] = wordpiece_text(tokens[i], prefix, i == 0 && whole, clean_up);
    };
  not_built(source, fmt::format("decoder '{}'", type));
}

}  // namespace ingot::pipeline
