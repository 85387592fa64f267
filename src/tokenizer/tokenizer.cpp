#include "ingot/tokenizer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/fail.h"
#include "tokenizer/kinds.h"
#include "tokenizer/unicode.h"

namespace ingot {

namespace {

/// The length of the white space character at `at`; 0 where there is none.
std::size_t space_at(std::string_view text, std::size_t at) {
  const Utf8Step step = utf8_step(text, at);
  return step.status == Utf8Status::valid && is_space(utf8_code_point(text.substr(at, step.length))) ? step.length : 0;
}

std::string_view without_leading_space(std::string_view text) {
  for (std::size_t n; !text.empty() && (n = space_at(text, 0)) != 0;) text.remove_prefix(n);
  return text;
}

std::string_view without_trailing_space(std::string_view text) {
  // White space has at most three bytes.
  for (std::size_t n = 1; n <= std::min<std::size_t>(3, text.size());)
    if (space_at(text, text.size() - n) == n)
      text.remove_suffix(std::exchange(n, 1));
    else
      ++n;
  return text;
}

bool contains(const std::vector<std::int32_t>& ids, std::int32_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0;;) {
    const std::size_t hit = text.find(from, at);
    out += text.substr(at, hit - at);
    if (hit == std::string_view::npos) return out;
    out += to;
    at = hit + from.size();
  }
}

std::string byte_token(unsigned char byte) { return fmt::format("<0x{:02X}>", byte); }

int parse_byte_token(std::string_view token) noexcept {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int value = 0;
  for (char c : token.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

MergeParts split_merge(std::string_view merge) noexcept {
  const std::size_t space = merge.find(' ', 1);
  if (merge.empty() || space == std::string_view::npos || space + 1 == merge.size()) return {};
  return {merge.substr(0, space), merge.substr(space + 1)};
}

std::string marked_piece(const Vocabulary& v, std::int32_t id) {
  const std::string& token = v.tokens[static_cast<std::size_t>(id)];
  switch (v.types[static_cast<std::size_t>(id)]) {
    case TokenType::control:
    case TokenType::unknown: return "";
    case TokenType::byte:
      if (const int byte = parse_byte_token(token); byte >= 0) return std::string(1, static_cast<char>(byte));
      [[fallthrough]];
    default: return replace_all(token, space_mark, " ");
  }
}

Tokenizer::Tokenizer(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}

CuttingTokenizer::CuttingTokenizer(Vocabulary vocabulary) : Tokenizer(std::move(vocabulary)), special_(vocabulary_) {}

void Tokenizer::check_id(std::int32_t id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= vocabulary_.tokens.size())
    fail(ErrorCode::out_of_range, "tokenizer", "id {} outside the vocabulary of {}", id, vocabulary_.tokens.size());
}

void Tokenizer::check_length(std::string_view text) {
  // Positions are 32-bit inside; one character may need three bytes more than it has (a space becomes ▁).
  if (text.size() > std::numeric_limits<std::int32_t>::max() / 4)
    fail(ErrorCode::invalid_argument, "tokenizer", "text of {} bytes; at most 512 MiB at once", text.size());
}

Tokenizer::~Tokenizer() = default;

std::unique_ptr<Tokenizer> Tokenizer::make(Vocabulary vocabulary) {
  vocabulary.check("vocabulary");
  if (vocabulary.kind == "llama") return make_llama(std::move(vocabulary));
  if (vocabulary.kind == "gpt2") return make_gpt2(std::move(vocabulary));
  if (vocabulary.kind == "bert") return make_bert(std::move(vocabulary));
  if (vocabulary.kind == "sentencepiece") return make_sentencepiece(std::move(vocabulary));
  if (vocabulary.kind == "t5") return make_t5(std::move(vocabulary));
  if (vocabulary.kind == "huggingface") return make_huggingface(std::move(vocabulary));
  throw NotImplemented("tokenizer", fmt::format("kind '{}' (built: llama, gpt2, bert, t5, sentencepiece, huggingface)",
                                                vocabulary.kind));
}

std::vector<std::int32_t> CuttingTokenizer::encode(std::string_view text, EncodeOptions options) const {
  check_length(text);
  std::vector<std::int32_t> ids;
  if (options.add_special && vocabulary_.add_bos && vocabulary_.bos) ids.push_back(*vocabulary_.bos);
  const auto cuts = special_.find(text, options.parse_special);
  std::size_t at = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i].begin : text.size();
    std::string_view stretch = text.substr(at, end - at);
    if (i > 0 && contains(vocabulary_.strip_right, cuts[i - 1].id)) stretch = without_leading_space(stretch);
    if (i < cuts.size() && contains(vocabulary_.strip_left, cuts[i].id)) stretch = without_trailing_space(stretch);
    if (!stretch.empty()) encode_text(stretch, i == 0 || vocabulary_.space_after_special, ids);
    if (i == cuts.size()) break;
    ids.push_back(cuts[i].id);
    at = cuts[i].begin + cuts[i].length;
  }
  if (options.add_special && vocabulary_.add_eos && vocabulary_.eos) ids.push_back(*vocabulary_.eos);
  return ids;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  bool strip = vocabulary_.add_space_prefix;
  for (std::int32_t id : ids) {
    const std::string bytes = piece(id);
    const bool prefixed = strip && bytes.starts_with(' ');
    if (!bytes.empty()) strip = false;
    text.append(bytes, prefixed ? 1 : 0);
  }
  return text;
}

bool Tokenizer::ends_generation(std::int32_t id) const noexcept {
  return (vocabulary_.eos && *vocabulary_.eos == id) || contains(vocabulary_.end_of_generation, id);
}

}  // namespace ingot
