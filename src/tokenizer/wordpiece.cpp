#include "tokenizer/wordpiece.h"

#include <algorithm>
#include <utility>

#include "tokenizer/kinds.h"
#include "tokenizer/unicode.h"

namespace ingot {

namespace {

/// The ideographs of BERT's own tokenization.py, with one of its ranges as the tokenizers package has it (from U+2B920,
/// not U+2B820).
bool is_ideograph(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) ||
         (c >= 0x2A700 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x2F800 && c <= 0x2FA1F);
}

}  // namespace

std::string BertNormalizer::operator()(std::string_view text) const {
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    const bool space = c == '\t' || c == '\n' || c == '\r' || (is_space(c) && !is_control(c));
    if (clean_text && !space && (c == 0 || c == 0xFFFD || is_control(c))) return;
    if (chinese_characters && is_ideograph(c))
      out.append(" ").append(bytes).append(" ");
    else
      out += clean_text && space ? std::string_view(" ") : bytes;
  });
  if (strip_accents) {
    const std::string decomposed = normalize(out, NormalForm::nfd);
    out.clear();
    for_each_character(decomposed, [&](char32_t c, std::string_view bytes) {
      if (!is_nonspacing_mark(c)) out += bytes;
    });
  }
  if (lower_case)
    for_each_character(std::exchange(out, {}), [&](char32_t c, std::string_view) { append_lower(out, c); });
  return out;
}

std::vector<std::string_view> bert_words(std::string_view text) {
  std::vector<std::string_view> words;
  const char* begin = text.data();
  const auto end_word = [&](std::string_view next) {
    if (begin < next.data()) words.emplace_back(begin, static_cast<std::size_t>(next.data() - begin));
    begin = next.data() + next.size();
  };
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    if (is_space(c)) {
      end_word(bytes);
    } else if (is_punctuation(c)) {
      end_word(bytes);
      words.push_back(bytes);
    }
  });
  end_word(text.substr(text.size()));
  return words;
}

WordPiece::WordPiece(const std::vector<std::string>& tokens, Settings settings)
    : tokens_(tokens), settings_(std::move(settings)), index_(tokens.size()) {
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (!tokens[i].empty()) {
      index_.add(tokens, static_cast<std::int32_t>(i));
      longest_ = std::max(longest_, tokens[i].size());
    }
}

void WordPiece::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  const auto characters = static_cast<std::size_t>(std::count_if(word.begin(), word.end(), std::not_fn(continues)));
  const std::size_t before = ids.size();
  std::string candidate;
  for (std::size_t at = 0; at < word.size() && characters <= settings_.longest_word;) {
    candidate = at == 0 ? "" : settings_.prefix;
    const std::size_t prefix = candidate.size();
    candidate += word.substr(at, longest_ - std::min(longest_, prefix));
    std::int32_t id = -1;
    for (; candidate.size() > prefix && (id = index_.find(tokens_, candidate)) < 0; candidate.pop_back()) {
    }
    if (id < 0) break;
    ids.push_back(id);
    at += candidate.size() - prefix;
    if (at == word.size()) return;
  }
  if (word.empty()) return;
  ids.resize(before);
  ids.push_back(settings_.unknown);
}

std::string wordpiece_text(std::string_view token, std::string_view prefix, bool first, bool clean_up) {
  std::string text;
  if (!first && token.starts_with(prefix))
    text = token.substr(prefix.size());
  else
    text.append(first ? "" : " ").append(token);
  if (!clean_up) return text;
  // In this order, each on the result of the one before: transformers' clean_up_tokenization.
  static constexpr std::pair<std::string_view, std::string_view> rules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : rules) text = replace_all(text, from, to);
  return text;
}

}  // namespace ingot
