// Where vocabularies of the bert kind come from: tokenizer.json, vocab.txt, GGUF.
#include "tokenizer/bert.h"

#include <algorithm>

#include "tokenizer/finish.h"
#include "tokenizer/huggingface.h"
#include "tokenizer/kinds.h"

namespace ingot {

namespace {

[[noreturn]] void not_built(const std::string& source, std::string_view what) {
  throw NotImplemented("tokenizer", fmt::format("{}: WordPiece with {}", source, what));
}

/// The one part under `key`, which must be of this type.
Json only(Json root, const char* key, std::string_view type, const std::string& source) {
  const auto part = json_member(root, key);
  const std::string_view found = part ? json_string(*part, "type", "unnamed") : "none";
  if (found != type) not_built(source, fmt::format("{} '{}'", key, found));
  return *part;
}

bool is_word(TokenType type) { return type == TokenType::normal || type == TokenType::unused; }

/// Files by older converters keep "[unused7]" as it is.
bool is_bracketed(std::string_view token) { return token.size() > 2 && token.starts_with('[') && token.ends_with(']'); }

}  // namespace

void read_bert(Json root, Json model, Vocabulary& v, const std::string& source) {
  v.kind = "bert";
  v.add_space_prefix = false;
  const Json normalizer = only(root, "normalizer", "BertNormalizer", source);
  v.clean_text = json_bool(normalizer, "clean_text", true);
  v.chinese_characters = json_bool(normalizer, "handle_chinese_chars", true);
  v.lower_case = json_bool(normalizer, "lowercase", true);
  v.strip_accents = json_bool(normalizer, "strip_accents", v.lower_case);
  only(root, "pre_tokenizer", "BertPreTokenizer", source);
  const Json decoder = only(root, "decoder", "WordPiece", source);
  if (json_string(decoder, "prefix", "##") != "##" || !json_bool(decoder, "cleanup", true))
    not_built(source, "a decoder other than BERT's");
  if (json_string(model, "continuing_subword_prefix", "##") != "##")
    not_built(source, "continuing_subword_prefix other than '##'");
  std::uint64_t longest = 100;
  if (const auto value = json_member(model, "max_input_chars_per_word");
      value && (value->get(longest) || longest != 100))
    not_built(source, "max_input_chars_per_word other than 100");
}

void name_bert_tokens(Vocabulary& v) {
  for (const auto& [id, name] : {std::pair(&v.bos, "[CLS]"),
                                 {&v.eos, "[SEP]"},
                                 {&v.unknown, "[UNK]"},
                                 {&v.padding, "[PAD]"},
                                 {&v.mask, "[MASK]"}})
    if (const auto found = std::find(v.tokens.begin(), v.tokens.end(), name); !*id && found != v.tokens.end())
      *id = static_cast<std::int32_t>(found - v.tokens.begin());
}

Vocabulary Vocabulary::from_vocab_txt(std::string_view text, std::string_view config, const std::string& source) {
  Vocabulary v;
  v.kind = "bert";
  v.add_space_prefix = false;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (v.tokens.size() == max_tokens)
      fail(ErrorCode::invalid_file, "tokenizer", "{}: more than {} tokens", source, max_tokens);
    v.tokens.emplace_back(line);
    v.types.push_back(TokenType::normal);
  }
  if (!config.empty()) {
    const JsonDocument document(config, source + ": tokenizer_config.json");
    if (!json_bool(document.root(), "do_basic_tokenize", true)) not_built(source, "do_basic_tokenize false");
    v.lower_case = json_bool(document.root(), "do_lower_case", true);
    v.strip_accents = json_bool(document.root(), "strip_accents", v.lower_case);
    v.chinese_characters = json_bool(document.root(), "tokenize_chinese_chars", true);
  }
  read_tokenizer_config(config, v, source);
  name_bert_tokens(v);
  for (const auto& id : {v.bos, v.eos, v.unknown, v.padding, v.mask})
    if (id) v.types[static_cast<std::size_t>(*id)] = TokenType::control;
  for (const auto& [id, name] : {std::pair(v.bos, "[CLS]"), {v.eos, "[SEP]"}, {v.unknown, "[UNK]"}})
    if (!id) fail(ErrorCode::invalid_file, "tokenizer", "{}: no token {}", source, name);
  v.add_bos = v.add_eos = true;
  add_end(v, *v.eos);
  v.check(source);
  return v;
}

std::string bert_from_gguf(std::string_view token, TokenType type) {
  if (!is_word(type) || is_bracketed(token)) return std::string(token);
  if (token.starts_with(space_mark)) return std::string(token.substr(space_mark.size()));
  return "##" + std::string(token);
}

std::string bert_to_gguf(std::string_view token, TokenType type) {
  if (!is_word(type) || token.empty()) return std::string(token);
  std::string spelled = token.starts_with("##") ? std::string(token.substr(2)) : std::string(space_mark).append(token);
  if (bert_from_gguf(spelled, type) != token)
    throw NotImplemented("tokenizer", fmt::format("GGUF's spelling of the WordPiece token '{}'", token));
  return spelled;
}

}  // namespace ingot
