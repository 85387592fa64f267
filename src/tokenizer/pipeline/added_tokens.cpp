#include "tokenizer/pipeline/added_tokens.h"

#include <algorithm>

#include "tokenizer/unicode.h"

namespace ingot::pipeline {

namespace {

char32_t first_of(std::string_view text) { return utf8_code_point(text.substr(0, utf8_step(text, 0).length)); }

std::string_view last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return text.substr(at);
}

}  // namespace

AddedTokens::AddedTokens(Json root, bool normalized, const Normalizer& normalizer, const std::string& source) {
  simdjson::dom::array list;
  if (root.at_key("added_tokens").get(list)) return;
  std::size_t bytes = 0;
  for (Json item : list) {
    const bool special = json_bool(item, "special", false);
    if (json_bool(item, "normalized", !special) != normalized) continue;
    const std::string_view content = json_string(item, "content", "");
    std::uint64_t id = 0;
    if (item.at_key("id").get(id)) invalid(source, "added_tokens: no id");
    tokens_.push_back({normalized && normalizer ? normalizer(content) : std::string(content),
                       static_cast<std::int32_t>(id), json_bool(item, "single_word", false),
                       json_bool(item, "lstrip", false), json_bool(item, "rstrip", false), special});
    bytes += tokens_.back().text.size();
  }
  trie_ = Trie(bytes);
  for (std::size_t i = 0; i < tokens_.size(); ++i) trie_.add(tokens_[i].text, static_cast<std::int32_t>(i));
}

std::vector<AddedTokens::Stretch> AddedTokens::cut(std::string_view text, bool special) const {
  std::vector<Stretch> out;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = 0;
    const Token* token = nullptr;
    trie_.prefixes(text.substr(at),
                   [&](std::size_t n, std::int32_t i) { length = n, token = &tokens_[static_cast<std::size_t>(i)]; });
    if (!token) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at + length;
    at = end;
    if (token->special && !special) continue;
    if (token->single_word && ((begin > 0 && is_word(utf8_code_point(last_character(text.substr(0, begin))))) ||
                               (end < text.size() && is_word(first_of(text.substr(end))))))
      continue;
    if (token->strip_left)
      while (begin > done && is_space(utf8_code_point(last_character(text.substr(0, begin)))))
        begin -= last_character(text.substr(0, begin)).size();
    if (token->strip_right)
      while (end < text.size() && is_space(first_of(text.substr(end)))) end += utf8_step(text, end).length;
    begin = std::max(begin, done);
    if (done < begin) out.push_back({done, begin, -1});
    out.push_back({begin, end, token->id});
    done = end;
  }
  if (done < text.size()) out.push_back({done, text.size(), -1});
  return out;
}

}  // namespace ingot::pipeline
