#include "tokenizer/base64.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pipeline/pipeline.h"
#include "tokenizer/regex.h"
#include "tokenizer/sentencepiece_charsmap.h"
#include "tokenizer/unicode.h"
#include "tokenizer/wordpiece.h"

namespace ingot::pipeline {

void not_built(const std::string& source, std::string_view what) {
  throw NotImplemented("tokenizer", fmt::format("{}: {}", source, what));
}

void invalid(const std::string& source, std::string_view what) {
  fail(ErrorCode::invalid_file, "tokenizer", "{}: {}", source, what);
}

std::string read_pattern(Json part, const std::string& source) {
  std::string text;
  if (const auto pattern = json_member(part, "pattern")) {
    if (const auto regex = json_member(*pattern, "Regex"))
      text = json_string(*regex).value_or("");
    else if (const auto literal = json_member(*pattern, "String"))
      text = quote_regex(json_string(*literal).value_or(""));
  }
  if (text.empty()) invalid(source, fmt::format("{} without a pattern", json_string(part, "type", "")));
  // Oniguruma's intersection of classes is two literal characters to PCRE2.
  if (text.find("&&") != std::string::npos) not_built(source, "the pattern " + text);
  return text;
}

Normalizer replacing(Json part, const std::string& source) {
  const auto pattern = std::make_shared<const Regex>(read_pattern(part, source));
  return [pattern, content = std::string(json_string(part, "content", ""))](std::string_view text) {
    std::string out;
    std::size_t done = 0;
    pattern->matches(text, [&](std::size_t begin, std::size_t end) {
      out.append(text.substr(done, begin - done)).append(content);
      done = end;
    });
    return out += text.substr(done);
  };
}

namespace {

template <class Keep>
std::string filtered(std::string_view text, Keep&& keep) {
  std::string out;
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    if (keep(c)) out += bytes;
  });
  return out;
}

std::string_view stripped(std::string_view text, bool left, bool right) {
  std::size_t begin = text.size(), end = 0;
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    if (is_space(c)) return;
    const auto at = static_cast<std::size_t>(bytes.data() - text.data());
    begin = std::min(begin, at);
    end = at + bytes.size();
  });
  if (begin == text.size()) return left || right ? std::string_view() : text;
  if (!right) end = text.size();
  return left ? text.substr(begin, end - begin) : text.substr(0, end);
}

/// The package asks for a rule for each grapheme of less than six bytes, and takes the first that fits its start for
/// the whole of it; then for each character.
Normalizer precompiled(Json part, const std::string& source) {
  const auto bytes = from_base64(json_string(part, "precompiled_charsmap", ""));
  if (!bytes) invalid(source, "precompiled_charsmap is no base64");
  return [rules = std::make_shared<const Charsmap>(*bytes, source)](std::string_view text) {
    std::string out;
    for_each_grapheme(text, [&](std::string_view grapheme) {
      if (grapheme.size() < 6)
        if (const auto rule = rules->shortest(grapheme)) {
          out += rule->replacement;
          return;
        }
      for_each_character(grapheme, [&](char32_t, std::string_view character) {
        const auto rule = rules->shortest(character);
        out += rule ? rule->replacement : character;
      });
    });
    return out;
  };
}

}  // namespace

Normalizer read_normalizer(Json part, const std::string& source) {
  const std::string_view type = json_string(part, "type", "");
  if (type == "Sequence")
    return [members = read_sequence(part, "normalizers", source, read_normalizer)](std::string_view text) {
      std::string out(text);
      for (const Normalizer& member : members) out = member(out);
      return out;
    };
  for (const auto& [name, form] : {std::pair("NFC", NormalForm::nfc),
                                   {"NFD", NormalForm::nfd},
                                   {"NFKC", NormalForm::nfkc},
                                   {"NFKD", NormalForm::nfkd}})
    if (type == name) return [to = form](std::string_view text) { return normalize(text, to); };
  if (type == "Prepend")
    return [front = std::string(json_string(part, "prepend", ""))](std::string_view text) {
      return text.empty() ? std::string() : std::string(front).append(text);
    };
  if (type == "Replace") return replacing(part, source);
  if (type == "Lowercase")
    return [](std::string_view text) {
      std::string out;
      for_each_character(text, [&](char32_t c, std::string_view) { append_lower(out, c); });
      return out;
    };
  if (type == "StripAccents")
    return [](std::string_view text) { return filtered(text, [](char32_t c) { return !is_mark(c); }); };
  if (type == "Strip")
    return [left = json_bool(part, "strip_left", true), right = json_bool(part, "strip_right", true)](
               std::string_view text) { return std::string(stripped(text, left, right)); };
  if (type == "BertNormalizer") {
    const bool lower = json_bool(part, "lowercase", true);
    return BertNormalizer{json_bool(part, "clean_text", true), json_bool(part, "handle_chinese_chars", true),
                          json_bool(part, "strip_accents", lower), lower};
  }
  if (type == "Precompiled") return precompiled(part, source);
  not_built(source, fmt::format("normalizer '{}'", type));
}

}  // namespace ingot::pipeline
