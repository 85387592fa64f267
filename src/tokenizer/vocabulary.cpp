// What every vocabulary must satisfy, and GGUF's keys.
#include <algorithm>
#include <cmath>

#include "core/fail.h"
#include "ingot/tokenizer.h"
#include "tokenizer/bert.h"
#include "tokenizer/finish.h"
#include "tokenizer/huggingface.h"
#include "tokenizer/index.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pretokenizers.h"
#include "tokenizer/sentencepiece.h"
#include "tokenizer/sentencepiece_charsmap.h"

namespace ingot {

namespace {

template <class... Args>
[[noreturn]] void invalid(const std::string& source, fmt::format_string<Args...> format, Args&&... args) {
  fail(ErrorCode::invalid_file, "tokenizer", "{}: {}", source, fmt::format(format, std::forward<Args>(args)...));
}

void check_id(const Vocabulary& v, std::optional<std::int32_t> id, std::string_view key, const std::string& source) {
  if (id && (*id < 0 || static_cast<std::size_t>(*id) >= v.tokens.size()))
    invalid(source, "{} = {}, outside the vocabulary of {} tokens", key, *id, v.tokens.size());
}

void check_ids(const Vocabulary& v, const std::vector<std::int32_t>& ids, std::string_view key,
               const std::string& source) {
  for (std::size_t i = 0; i < ids.size(); ++i) check_id(v, ids[i], fmt::format("{}[{}]", key, i), source);
}

}  // namespace

void add_named_ends(Vocabulary& v) {
  // Files seldom name every token that ends a turn; these are known by their texts, as in llama.cpp.
  static constexpr std::string_view names[] = {
      "<|eot_id|>",           "<|eom_id|>", "<|im_end|>", "<|end|>", "<|return|>",      "<end_of_turn>",
      "<|endoftext|>",        "<EOT>",      "[EOT]",      "[EOS]",   "<|end_of_text|>", "<end_of_utterance>",
      "<｜end▁of▁sentence｜>"};
  for (std::size_t i = 0; i < v.tokens.size(); ++i)
    if (v.types[i] == TokenType::control &&
        std::find(std::begin(names), std::end(names), v.tokens[i]) != std::end(names))
      add_end(v, static_cast<std::int32_t>(i));
}

void add_end(Vocabulary& v, std::int32_t id) {
  if (std::find(v.end_of_generation.begin(), v.end_of_generation.end(), id) == v.end_of_generation.end())
    v.end_of_generation.push_back(id);
}

void Vocabulary::check(const std::string& source) const {
  if (tokens.empty()) invalid(source, "tokens: the vocabulary is empty");
  if (tokens.size() > max_tokens) invalid(source, "tokens: {} tokens, at most {}", tokens.size(), max_tokens);
  if (types.size() != tokens.size()) invalid(source, "token_type: {} types for {} tokens", types.size(), tokens.size());
  const bool scored = kind == "llama" || kind == "t5" || kind == "sentencepiece";
  if (scored ? scores.size() != tokens.size() : !scores.empty() && scores.size() != tokens.size())
    invalid(source, "scores: {} scores for {} tokens", scores.size(), tokens.size());
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (std::isnan(scores[i])) invalid(source, "scores[{}] is not a number", i);
  TokenIndex seen(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    if (tokens[i].empty()) continue;  // never produced; several may be
    if (const std::int32_t first = seen.add(tokens, id); first != id)
      invalid(source, "tokens[{}] '{}' is tokens[{}] again", i, tokens[i], first);
  }
  for (std::size_t i = 0; i < merges.size(); ++i)
    if (split_merge(merges[i]).left.empty()) invalid(source, "merges[{}] '{}' is no pair", i, merges[i]);
  check_id(*this, bos, "bos_token_id", source);
  check_id(*this, eos, "eos_token_id", source);
  check_id(*this, unknown, "unknown_token_id", source);
  check_id(*this, padding, "padding_token_id", source);
  check_id(*this, mask, "mask_token_id", source);
  check_ids(*this, end_of_generation, "eos_token_id", source);
  check_ids(*this, strip_left, "lstrip", source);
  check_ids(*this, strip_right, "rstrip", source);
  if (add_bos && !bos) invalid(source, "add_bos_token is set, bos_token_id is not");
  if (add_eos && !eos) invalid(source, "add_eos_token is set, eos_token_id is not");
}

Vocabulary Vocabulary::from_metadata(const Metadata& metadata, const std::string& source) {
  Vocabulary v;
  v.kind = metadata.string("tokenizer.ggml.model");
  if (v.kind != "llama" && v.kind != "gpt2" && v.kind != "bert" && v.kind != "t5")
    throw NotImplemented("tokenizer",
                         fmt::format("{}: tokenizer.ggml.model '{}' (built: llama, gpt2, bert, t5)", source, v.kind));
  const bool llama = v.kind == "llama", bert = v.kind == "bert", t5 = v.kind == "t5";
  v.tokens = metadata.strings("tokenizer.ggml.tokens");
  if (metadata.contains("tokenizer.ggml.scores"))
    v.scores = metadata.floats("tokenizer.ggml.scores");
  else if (llama || t5)
    v.scores.assign(v.tokens.size(), 0.0f);
  if (!llama && !t5) v.scores.clear();  // some converters write zeros
  if (metadata.contains("tokenizer.ggml.token_type")) {
    const auto types = metadata.integers("tokenizer.ggml.token_type");
    v.types.reserve(types.size());
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (types[i] < 0 || types[i] > 6)
        invalid(source, "tokenizer.ggml.token_type[{}] = {}, 1 to 6 expected", i, types[i]);
      v.types.push_back(types[i] == 0 ? TokenType::unused : static_cast<TokenType>(types[i]));
    }
  } else {
    v.types.assign(v.tokens.size(), TokenType::normal);
  }
  if (bert && v.types.size() == v.tokens.size())
    for (std::size_t i = 0; i < v.tokens.size(); ++i) v.tokens[i] = bert_from_gguf(v.tokens[i], v.types[i]);
  if (metadata.contains("tokenizer.ggml.merges")) v.merges = metadata.strings("tokenizer.ggml.merges");

  const auto id = [&](const char* name, std::optional<std::int32_t> absent) -> std::optional<std::int32_t> {
    const std::string key = std::string("tokenizer.ggml.") + name;
    if (!metadata.contains(key)) return absent;
    const std::int64_t value = metadata.integer(key);
    if (value == -1 || value == 0xFFFFFFFF) return std::nullopt;  // "none", as some converters write it
    if (value < 0 || static_cast<std::uint64_t>(value) >= v.tokens.size())
      invalid(source, "{} = {}, outside the vocabulary of {} tokens", key, value, v.tokens.size());
    return static_cast<std::int32_t>(value);
  };
  /// What llama.cpp takes where a file says nothing; -1: nothing.
  const auto usual = [&](std::int32_t of_llama, std::int32_t of_bert,
                         std::int32_t of_t5) -> std::optional<std::int32_t> {
    const std::int32_t value = llama ? of_llama : bert ? of_bert : t5 ? of_t5 : -1;
    const auto i = static_cast<std::size_t>(value);
    if (value < 0 || i >= v.tokens.size() || (bert && i < v.types.size() && v.types[i] != TokenType::control))
      return std::nullopt;
    return value;
  };
  v.bos = id("bos_token_id", usual(1, 101, -1));
  v.eos = id("eos_token_id", usual(2, 102, 1));
  if (bert) v.bos = id("cls_token_id", v.bos), v.eos = id("seperator_token_id", v.eos);
  v.unknown = id("unknown_token_id", usual(0, 100, 2));
  v.padding = id("padding_token_id", usual(-1, 0, 0));
  v.mask = id("mask_token_id", usual(-1, 103, -1));
  if (v.eos) add_end(v, *v.eos);
  for (const char* name : {"eot_token_id", "eom_token_id"})
    if (const auto end = id(name, std::nullopt)) add_end(v, *end);

  bool add_bos_by_default = llama || bert;
  if (v.kind == "gpt2") {
    v.pre = metadata.string("tokenizer.ggml.pre", "default");
    if (v.pre == "regex") {
      v.patterns = metadata.strings("ingot.tokenizer.patterns");
      v.ignore_merges = metadata.boolean("ingot.tokenizer.ignore_merges", false);
    } else if (const PreTokenizer* row = find_pre_tokenizer(v.pre)) {
      v.ignore_merges = row->ignore_merges;
      add_bos_by_default = row->add_bos;
    }  // unknown names are refused when the tokenizer is made: the file itself is sound
  }
  v.add_bos = metadata.boolean("tokenizer.ggml.add_bos_token", add_bos_by_default && v.bos.has_value());
  v.add_eos = metadata.boolean("tokenizer.ggml.add_eos_token", (bert || t5) && v.eos.has_value());
  v.add_space_prefix = metadata.boolean("tokenizer.ggml.add_space_prefix", llama);
  v.nfc = metadata.boolean("ingot.tokenizer.nfc", false);
  v.chat_template = metadata.string("tokenizer.chat_template", "");
  v.remove_extra_spaces = metadata.boolean("tokenizer.ggml.remove_extra_whitespaces", false);
  if (t5 && metadata.contains("tokenizer.ggml.precompiled_charsmap"))
    for (const std::int64_t byte : metadata.integers("tokenizer.ggml.precompiled_charsmap"))
      v.charsmap += static_cast<char>(byte);
  check_charsmap(v.charsmap, source);
  v.lower_case = metadata.boolean("tokenizer.ggml.normalizer.lowercase", true);
  v.strip_accents = metadata.boolean("tokenizer.ggml.normalizer.strip_accents", v.lower_case);
  v.clean_text = metadata.boolean("ingot.tokenizer.clean_text", true);
  v.chinese_characters = metadata.boolean("ingot.tokenizer.chinese_characters", true);
  v.space_after_special = metadata.boolean("ingot.tokenizer.space_after_special", true);
  v.prefix_before_space = metadata.boolean("ingot.tokenizer.prefix_before_space", true);
  v.fuse_unknown = metadata.boolean("ingot.tokenizer.fuse_unknown", true);
  v.split_words = metadata.boolean("ingot.tokenizer.split_words", false);
  for (auto [name, ids] : {std::pair("strip_left", &v.strip_left), std::pair("strip_right", &v.strip_right)})
    if (const std::string key = std::string("ingot.tokenizer.") + name; metadata.contains(key))
      for (const std::int64_t value : metadata.integers(key)) {
        if (value < 0 || static_cast<std::uint64_t>(value) >= v.tokens.size())
          invalid(source, "{} holds {}, outside the vocabulary of {} tokens", key, value, v.tokens.size());
        ids->push_back(static_cast<std::int32_t>(value));
      }
  if (v.types.size() == v.tokens.size()) add_named_ends(v);
  v.check(source);
  return v;
}

void Vocabulary::to_metadata(Metadata& metadata) const {
  check("vocabulary");
  if (kind == "huggingface") return to_gguf_kind(*this).to_metadata(metadata);
  if (kind == "sentencepiece") {
    const SentencePieceSettings settings = read_sentencepiece(model, "vocabulary");
    if (settings.is_t5()) {
      Vocabulary t5 = *this;
      t5.kind = "t5";
      t5.charsmap = settings.charsmap;
      t5.remove_extra_spaces = settings.remove_extra_whitespaces;
      return t5.to_metadata(metadata);
    }
    if (const std::string beyond = settings.beyond_llama(); !beyond.empty())
      throw NotImplemented("tokenizer", fmt::format("GGUF's keys for a SentencePiece model with {}", beyond));
  }
  const auto set = [&](const char* name, Value value) {
    metadata.set(std::string("tokenizer.ggml.") + name, std::move(value));
  };
  const auto set_id = [&](const char* name, std::optional<std::int32_t> id) {
    if (id) set(name, static_cast<std::uint32_t>(*id));
  };
  const bool bert = kind == "bert";
  set("model", kind == "gpt2" || bert || kind == "t5" ? kind : std::string("llama"));
  set("pre", kind == "gpt2" && !pre.empty() ? pre : std::string(bert && lower_case ? "bert-bge" : "default"));
  std::vector<std::string> spelled = tokens;
  if (bert)
    for (std::size_t i = 0; i < spelled.size(); ++i) spelled[i] = bert_to_gguf(tokens[i], types[i]);
  set("tokens", Array{std::move(spelled)});
  if (!scores.empty()) set("scores", Array{scores});
  std::vector<std::int32_t> numbers;
  numbers.reserve(types.size());
  for (TokenType type : types) numbers.push_back(static_cast<std::int32_t>(type));
  set("token_type", Array{std::move(numbers)});
  if (!merges.empty()) set("merges", Array{merges});
  set_id(bert ? "cls_token_id" : "bos_token_id", bos);
  set_id(bert ? "seperator_token_id" : "eos_token_id", eos);
  set_id("mask_token_id", mask);
  set_id("unknown_token_id", unknown);
  set_id("padding_token_id", padding);
  // GGUF has room for two more tokens that end generation; the others are found by their texts.
  const char* const extra[] = {"eot_token_id", "eom_token_id"};
  std::size_t used = 0;
  for (std::int32_t id : end_of_generation)
    if (id != eos && used < 2) set_id(extra[used++], id);
  set("add_bos_token", add_bos);
  set("add_eos_token", add_eos);
  set("add_space_prefix", add_space_prefix);
  if (pre == "regex" && kind == "gpt2") {
    metadata.set("ingot.tokenizer.patterns", Array{patterns});
    metadata.set("ingot.tokenizer.ignore_merges", ignore_merges);
  }
  if (nfc) metadata.set("ingot.tokenizer.nfc", true);
  if (!chat_template.empty()) metadata.set("tokenizer.chat_template", chat_template);
  if (kind == "t5") {
    set("remove_extra_whitespaces", remove_extra_spaces);
    if (!charsmap.empty())
      set("precompiled_charsmap", Array{std::vector<std::uint8_t>(charsmap.begin(), charsmap.end())});
  }
  if (bert) {
    set("normalizer.lowercase", lower_case);
    set("normalizer.strip_accents", strip_accents);
    if (!clean_text) metadata.set("ingot.tokenizer.clean_text", false);
    if (!chinese_characters) metadata.set("ingot.tokenizer.chinese_characters", false);
  }
  if (!space_after_special) metadata.set("ingot.tokenizer.space_after_special", false);
  if (!prefix_before_space) metadata.set("ingot.tokenizer.prefix_before_space", false);
  if (!fuse_unknown) metadata.set("ingot.tokenizer.fuse_unknown", false);
  if (split_words) metadata.set("ingot.tokenizer.split_words", true);
  if (!strip_left.empty()) metadata.set("ingot.tokenizer.strip_left", Array{strip_left});
  if (!strip_right.empty()) metadata.set("ingot.tokenizer.strip_right", Array{strip_right});
}

}  // namespace ingot
