// tokenizer.json and tokenizer_config.json of a vocabulary.
#include <algorithm>

#include "core/fail.h"
#include "ingot/tokenizer.h"
#include "tokenizer/base64.h"
#include "tokenizer/index.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pretokenizers.h"
#include "tokenizer/utf8.h"

namespace ingot {

namespace {

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out += '"';
}

const char* json(bool value) { return value ? "true" : "false"; }

bool is_added(TokenType type) {
  return type == TokenType::control || type == TokenType::user_defined || type == TokenType::unknown;
}

bool contains(const std::vector<std::int32_t>& ids, std::size_t id) {
  return std::find(ids.begin(), ids.end(), static_cast<std::int32_t>(id)) != ids.end();
}

struct Pair {
  std::string left, right;
};

/// The merges that score order amounts to: every split of a token into two tokens, the highest score first. As
/// transformers' converter from SentencePiece: splits of one token by the ids of their parts.
std::vector<Pair> merges_from_scores(const Vocabulary& v) {
  TokenIndex index(v.tokens.size());
  const auto usable = [&](std::size_t i) {
    return !v.tokens[i].empty() && v.types[i] != TokenType::byte && !is_added(v.types[i]);
  };
  for (std::size_t i = 0; i < v.tokens.size(); ++i)
    if (usable(i)) index.add(v.tokens, static_cast<std::int32_t>(i));
  struct Split {
    float score;
    std::int32_t token, left, right;
  };
  std::vector<Split> splits;
  for (std::size_t i = 0; i < v.tokens.size(); ++i) {
    if (!usable(i)) continue;
    const std::string_view token = v.tokens[i];
    for (std::size_t at = utf8_step(token, 0).length; at < token.size(); at += utf8_step(token, at).length) {
      const std::int32_t left = index.find(v.tokens, token.substr(0, at));
      if (left < 0) continue;
      const std::int32_t right = index.find(v.tokens, token.substr(at));
      if (right >= 0) splits.push_back({v.scores[i], static_cast<std::int32_t>(i), left, right});
    }
  }
  std::sort(splits.begin(), splits.end(), [](const Split& a, const Split& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.token != b.token) return a.token < b.token;
    return a.left != b.left ? a.left < b.left : a.right < b.right;
  });
  std::vector<Pair> pairs;
  pairs.reserve(splits.size());
  for (const Split& s : splits)
    pairs.push_back({v.tokens[static_cast<std::size_t>(s.left)], v.tokens[static_cast<std::size_t>(s.right)]});
  return pairs;
}

std::vector<Pair> merges_of(const Vocabulary& v) {
  if (v.kind == "llama" && v.merges.empty()) return merges_from_scores(v);
  std::vector<Pair> pairs;
  pairs.reserve(v.merges.size());
  TokenIndex index(v.tokens.size());
  for (std::size_t i = 0; i < v.tokens.size(); ++i)
    if (!v.tokens[i].empty()) index.add(v.tokens, static_cast<std::int32_t>(i));
  for (const std::string& merge : v.merges) {
    const auto [left, right] = split_merge(merge);
    Pair pair{std::string(left), std::string(right)};
    // GGUF allows merges through symbols that are no tokens; this format does not.
    for (const std::string& text : {pair.left, pair.right, pair.left + pair.right})
      if (index.find(v.tokens, text) < 0)
        throw NotImplemented("tokenizer",
                             fmt::format("tokenizer.json: merge '{}' names '{}', which is no token", merge, text));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

std::string normalizer(const Vocabulary& v, bool metaspace) {
  if (v.kind == "gpt2") return v.nfc ? R"({"type":"NFC"})" : "null";
  if (v.kind == "bert")
    return fmt::format(R"({{"type":"BertNormalizer","clean_text":{},"handle_chinese_chars":{},"strip_accents":{},)"
                       R"("lowercase":{}}})",
                       json(v.clean_text), json(v.chinese_characters), json(v.strip_accents), json(v.lower_case));
  if (v.kind == "t5") {
    std::string members;
    if (!v.charsmap.empty())
      members = fmt::format(R"({{"type":"Precompiled","precompiled_charsmap":"{}"}})", to_base64(v.charsmap));
    if (v.remove_extra_spaces)
      members += (members.empty() ? "" : ",") +
                 fmt::format(R"({{"type":"Strip","strip_left":true,"strip_right":true}},)"
                             R"({{"type":"Replace","pattern":{{"Regex":" {{2,}}"}},"content":" "}})");
    return members.empty() ? "null" : R"({"type":"Sequence","normalizers":[)" + members + "]}";
  }
  if (metaspace) return "null";
  const std::string replace =
      fmt::format(R"({{"type":"Replace","pattern":{{"String":" "}},"content":"{}"}})", space_mark);
  if (!v.add_space_prefix) return replace;
  return fmt::format(R"({{"type":"Sequence","normalizers":[{{"type":"Prepend","prepend":"{}"}},{}]}})", space_mark,
                     replace);
}

std::string pre_tokenizer(const Vocabulary& v, bool metaspace) {
  if (v.kind == "llama") {
    if (!metaspace) return "null";
    const char* scheme = !v.add_space_prefix ? "never" : v.space_after_special ? "always" : "first";
    return fmt::format(R"({{"type":"Metaspace","replacement":"{}","prepend_scheme":"{}","split":{}}})", space_mark,
                       scheme, json(v.split_words));
  }
  if (v.kind == "t5")
    return fmt::format(R"({{"type":"Metaspace","replacement":"{}","prepend_scheme":"{}","split":false}})", space_mark,
                       v.add_space_prefix ? "always" : "never");
  if (v.kind == "bert") return R"({"type":"BertPreTokenizer"})";
  std::vector<std::string> patterns = v.patterns;
  if (v.pre != "regex") {
    const std::string_view name = v.pre.empty() ? "default" : std::string_view(v.pre);
    const PreTokenizer* row = find_pre_tokenizer(name);
    if (!row) throw NotImplemented("tokenizer", fmt::format("pre-tokenizer '{}'", name));
    patterns = row->patterns;
  }
  const auto byte_level = [&](bool regex) {
    return fmt::format(R"({{"type":"ByteLevel","add_prefix_space":{},"trim_offsets":true,"use_regex":{}}})",
                       json(v.add_space_prefix), json(regex));
  };
  if (patterns.size() == 1 && patterns[0] == gpt2_pattern) return byte_level(true);
  if (v.add_space_prefix && !patterns.empty())
    throw NotImplemented("tokenizer", "tokenizer.json: a space prefix before patterns other than GPT-2's");
  std::string members;
  for (const std::string& pattern : patterns)
    members += fmt::format(R"({{"type":"Split","pattern":{{"Regex":{}}},"behavior":"Isolated","invert":false}},)",
                           quote(pattern));
  return fmt::format(R"({{"type":"Sequence","pretokenizers":[{}{}]}})", members, byte_level(false));
}

std::string post_processor(const Vocabulary& v) {
  const auto special = [](const std::string& token) {
    return fmt::format(R"({{"SpecialToken":{{"id":{},"type_id":0}}}})", quote(token));
  };
  if (!v.add_bos && !v.add_eos)
    return v.kind == "gpt2" ? R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":true})"
                            : "null";
  std::string front, back, table;
  const auto name = [&](std::int32_t id) {
    const std::string& token = v.tokens[static_cast<std::size_t>(id)];
    const std::string row = fmt::format(R"({0}:{{"id":{0},"ids":[{1}],"tokens":[{0}]}})", quote(token), id);
    if (table.find(row) == std::string::npos) table += (table.empty() ? "" : ",") + row;
    return special(token);
  };
  if (v.add_bos) front = name(*v.bos) + ",";
  if (v.add_eos) back = "," + name(*v.eos);
  return fmt::format(
      R"({{"type":"TemplateProcessing","single":[{0}{{"Sequence":{{"id":"A","type_id":0}}}}{1}],)"
      R"("pair":[{0}{{"Sequence":{{"id":"A","type_id":0}}}}{1},{3}{{"Sequence":{{"id":"B","type_id":1}}}}{4}],)"
      R"("special_tokens":{{{2}}}}})",
      front, back, table, v.kind == "bert" ? "" : front,
      v.kind == "bert" ? replace_all(back, R"("type_id":0)", R"("type_id":1)") : back);
}

std::string decoder(const Vocabulary& v) {
  if (v.kind == "gpt2") return R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})";
  if (v.kind == "bert") return R"({"type":"WordPiece","prefix":"##","cleanup":true})";
  return fmt::format(
      R"({{"type":"Sequence","decoders":[{{"type":"Replace","pattern":{{"String":"{}"}},"content":" "}},)"
      R"({{"type":"ByteFallback"}},{{"type":"Fuse"}}{}]}})",
      space_mark, v.add_space_prefix ? R"(,{"type":"Strip","content":" ","start":1,"stop":0})" : "");
}

/// vocab.txt.
std::string lines(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text.append(token).append("\n");
  return text;
}

std::string config(const Vocabulary& v) {
  const auto named = [&](const char* key, std::optional<std::int32_t> id) {
    return fmt::format("  \"{}\": {},\n", key, id ? quote(v.tokens[static_cast<std::size_t>(*id)]) : "null");
  };
  const bool bert = v.kind == "bert";
  const std::string masked = v.mask ? named("mask_token", v.mask) : "";
  return "{\n" + named(bert ? "cls_token" : "bos_token", v.bos) + named(bert ? "sep_token" : "eos_token", v.eos) +
         named("pad_token", v.padding) + masked + named("unk_token", v.kind == "gpt2" ? std::nullopt : v.unknown) +
         fmt::format("  \"add_bos_token\": {},\n  \"add_eos_token\": {},\n", json(v.add_bos), json(v.add_eos)) +
         (bert ? fmt::format("  \"do_lower_case\": {},\n  \"strip_accents\": {},\n  \"tokenize_chinese_chars\": {},\n",
                             json(v.lower_case), json(v.strip_accents), json(v.chinese_characters))
               : "") +
         (v.chat_template.empty() ? "" : fmt::format("  \"chat_template\": {},\n", quote(v.chat_template))) +
         fmt::format("  \"clean_up_tokenization_spaces\": false,\n  \"tokenizer_class\": \"{}\"\n}}\n",
                     v.kind == "sentencepiece" ? "LlamaTokenizer" : "PreTrainedTokenizerFast");
}

}  // namespace

std::vector<std::pair<std::string, std::string>> Vocabulary::to_huggingface() const {
  check("vocabulary");
  if (kind == "sentencepiece") return {{"tokenizer.model", model}, {"tokenizer_config.json", config(*this)}};
  if (kind == "huggingface") return {{"tokenizer.json", model}, {"tokenizer_config.json", config(*this)}};
  const bool bert = kind == "bert", t5 = kind == "t5";
  if (kind != "llama" && kind != "gpt2" && !bert && !t5)
    throw NotImplemented("tokenizer", fmt::format("tokenizer.json of kind '{}'", kind));
  const bool llama = kind == "llama";
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (!is_valid_utf8(tokens[i]))
      throw NotImplemented("tokenizer", fmt::format("tokenizer.json: tokens[{}] is not UTF-8", i));

  std::string added, vocab, pairs;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    // GPT-2's own files keep special tokens in the vocabulary too; there ids must have no holes.
    const std::string before = vocab.empty() ? "\n      " : ",\n      ";
    vocab += t5 ? fmt::format("{}[{}, {}]", before, quote(tokens[i]), scores[i])
                : fmt::format("{}{}: {}", before, quote(tokens[i]), i);
    if (is_added(types[i]))
      added += fmt::format(
          R"({}{{"id":{},"content":{},"single_word":false,"lstrip":{},"rstrip":{},"normalized":false,"special":{}}})",
          added.empty() ? "\n    " : ",\n    ", i, quote(tokens[i]), json(contains(strip_left, i)),
          json(contains(strip_right, i)), json(types[i] != TokenType::user_defined));
  }
  std::vector<bool> has_byte(256);
  for (const std::string& token : tokens)
    if (const int byte = parse_byte_token(token); byte >= 0) has_byte[static_cast<std::size_t>(byte)] = true;
  const bool bytes = (llama || t5) && std::find(has_byte.begin(), has_byte.end(), false) == has_byte.end();
  for (const Pair& pair : bert || t5 ? std::vector<Pair>() : merges_of(*this))
    pairs += fmt::format("{}\n      [{}, {}]", pairs.empty() ? "" : ",", quote(pair.left), quote(pair.right));
  const bool metaspace = llama && ((add_space_prefix && (!space_after_special || !prefix_before_space)) || split_words);
  const std::string unknown_token =
      llama && unknown ? quote(tokens[static_cast<std::size_t>(*unknown)]) : std::string("null");

  std::string text = "{\n  \"version\": \"1.0\",\n  \"truncation\": null,\n  \"padding\": null,\n";
  text += "  \"added_tokens\": [" + added + "],\n";
  text += "  \"normalizer\": " + normalizer(*this, metaspace) + ",\n";
  text += "  \"pre_tokenizer\": " + pre_tokenizer(*this, metaspace) + ",\n";
  text += "  \"post_processor\": " + post_processor(*this) + ",\n";
  text += "  \"decoder\": " + decoder(*this) + ",\n";
  if (t5)
    text += fmt::format("  \"model\": {{\n    \"type\": \"Unigram\", \"unk_id\": {}, \"byte_fallback\": {},\n",
                        unknown ? std::to_string(*unknown) : "null", json(bytes));
  else if (bert)
    text += fmt::format(
        "  \"model\": {{\n    \"type\": \"WordPiece\", \"unk_token\": {}, \"continuing_subword_prefix\": \"##\", "
        "\"max_input_chars_per_word\": 100,\n",
        quote(tokens[static_cast<std::size_t>(unknown.value())]));
  else
    text += fmt::format(
        "  \"model\": {{\n    \"type\": \"BPE\", \"dropout\": null, \"unk_token\": {}, \"continuing_subword_prefix\": "
        "null,\n    \"end_of_word_suffix\": null, \"fuse_unk\": {}, \"byte_fallback\": {}, \"ignore_merges\": {},\n",
        unknown_token, json(llama && fuse_unknown), json(bytes), json(ignore_merges));
  text += "    \"vocab\": " + std::string(t5 ? "[" : "{") + vocab + "\n    " + (t5 ? "]" : "}");
  if (!bert && !t5) text += ",\n    \"merges\": [" + pairs + "\n    ]";
  text += "\n  }\n}\n";
  std::vector<std::pair<std::string, std::string>> files = {{"tokenizer.json", std::move(text)},
                                                            {"tokenizer_config.json", config(*this)}};
  if (bert) files.emplace_back("vocab.txt", lines(tokens));
  return files;
}

}  // namespace ingot
