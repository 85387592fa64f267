// Which tokens begin and end a text: post_processor, tokenizer_config.json, generation_config.json.
#include <algorithm>
#include <tuple>

#include "tokenizer/bert.h"
#include "tokenizer/finish.h"
#include "tokenizer/huggingface.h"

namespace ingot {

namespace {

template <class... Args>
[[noreturn]] void invalid(const std::string& source, fmt::format_string<Args...> format, Args&&... args) {
  fail(ErrorCode::invalid_file, "tokenizer", "{}: {}", source, fmt::format(format, std::forward<Args>(args)...));
}

std::optional<std::int32_t> find_token(const Vocabulary& v, std::string_view text) {
  const auto found = std::find(v.tokens.begin(), v.tokens.end(), text);
  if (found == v.tokens.end()) return std::nullopt;
  return static_cast<std::int32_t>(found - v.tokens.begin());
}

/// A token given as a string or as an object with `content`; none where absent or null.
std::optional<std::int32_t> named_token(Json object, std::string_view key, const Vocabulary& v,
                                        const std::string& source) {
  const auto value = json_member(object, key);
  if (!value) return std::nullopt;
  const std::string_view text = json_string(*value).value_or(json_string(*value, "content", ""));
  if (text.empty()) return std::nullopt;
  const auto id = find_token(v, text);
  if (!id) invalid(source, "{} '{}' is no token of the vocabulary", key, text);
  return id;
}

void read_template(Json processor, Vocabulary& v, const std::string& source) {
  simdjson::dom::array single;
  if (processor.at_key("single").get(single)) invalid(source, "post_processor.single: a list expected");
  bool before = true;
  for (Json item : single) {
    if (json_member(item, "Sequence")) {
      before = false;
      continue;
    }
    const auto special = json_member(item, "SpecialToken");
    if (!special) invalid(source, "post_processor.single: Sequence or SpecialToken expected");
    const std::string_view text = json_string(*special, "id", "");
    const auto id = find_token(v, text);
    if (!id) invalid(source, "post_processor.single: '{}' is no token of the vocabulary", text);
    // Of several tokens on one side the outermost begins or ends the text.
    if (before && v.add_bos && v.kind == "huggingface") continue;
    if ((before ? v.add_bos : v.add_eos) && v.kind != "huggingface")
      throw NotImplemented("tokenizer", fmt::format("{}: post_processor with two tokens on one side", source));
    (before ? v.bos : v.eos) = id;
    (before ? v.add_bos : v.add_eos) = true;
  }
}

void read_processor(Json processor, Vocabulary& v, const std::string& source) {
  const std::string_view type = json_string(processor, "type", "");
  if (type == "Sequence") {
    simdjson::dom::array members;
    if (!processor.at_key("processors").get(members))
      for (Json member : members) read_processor(member, v, source);
  } else if (type == "TemplateProcessing") {
    read_template(processor, v, source);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    for (const auto& [key, id, add] : {std::tuple("cls", &v.bos, &v.add_bos), {"sep", &v.eos, &v.add_eos}}) {
      std::string_view text;
      simdjson::dom::array pair;
      if (processor.at_key(key).get(pair) || pair.at(0).get(text))
        invalid(source, "post_processor.{}: a token with its id expected", key);
      *id = find_token(v, text);
      if (!*id) invalid(source, "post_processor.{}: '{}' is no token of the vocabulary", key, text);
      *add = true;
    }
  } else if (type != "ByteLevel") {  // ByteLevel moves offsets, no ids
    throw NotImplemented("tokenizer", fmt::format("{}: post_processor '{}'", source, type));
  }
}

void read_generation_config(std::string_view text, Vocabulary& v, const std::string& source) {
  const JsonDocument document(text, source + ": generation_config.json");
  const auto id = [&](Json value, const char* key) {
    std::int64_t number = 0;
    if (value.get(number) || number < 0 || static_cast<std::uint64_t>(number) >= v.tokens.size())
      invalid(document.source(), "{}: an id below {} expected", key, v.tokens.size());
    return static_cast<std::int32_t>(number);
  };
  if (const auto ends = json_member(document.root(), "eos_token_id")) {
    simdjson::dom::array list;
    if (ends->get(list))
      add_end(v, id(*ends, "eos_token_id"));
    else
      for (Json end : list) add_end(v, id(end, "eos_token_id"));
    if (!v.eos && !v.end_of_generation.empty()) v.eos = v.end_of_generation.front();
  }
  if (const auto begin = json_member(document.root(), "bos_token_id"); begin && !v.bos)
    v.bos = id(*begin, "bos_token_id");
}

}  // namespace

void read_tokenizer_config(std::string_view config, Vocabulary& v, const std::string& source) {
  if (config.empty()) return;
  const JsonDocument document(config, source + ": tokenizer_config.json");
  const Json root = document.root();
  const bool had_bos = v.add_bos, had_eos = v.add_eos;
  const auto named = [&](const char* key) { return named_token(root, key, v, document.source()); };
  if (const auto id = v.kind == "bert" ? named("cls_token") : named("bos_token")) {
    // What the post-processor puts in front is the truth of the encoder; another BOS token is only a name.
    if (!had_bos) v.bos = id;
  }
  if (const auto id = v.kind == "bert" ? named("sep_token") : named("eos_token")) {
    add_end(v, *id);
    if (!had_eos) v.eos = id;
  }
  if (const auto id = named("pad_token")) v.padding = id;
  if (const auto id = named("mask_token")) v.mask = id;
  if (const auto id = named("unk_token"); id && !v.unknown) v.unknown = id;
  if (const auto text = json_member(root, "chat_template")) {
    simdjson::dom::array templates;
    if (!text->get(templates)) {
      for (Json named_template : templates)
        if (json_string(named_template, "name", "") == "default")
          v.chat_template = json_string(named_template, "template", "");
    } else {
      v.chat_template = json_string(*text).value_or("");
    }
  }
  v.add_bos = json_bool(root, "add_bos_token", v.add_bos) && v.bos;
  v.add_eos = json_bool(root, "add_eos_token", v.add_eos) && v.eos;
}

void read_special(Json root, std::string_view config, std::string_view generation, Vocabulary& v,
                  const std::string& source) {
  if (const auto processor = json_member(root, "post_processor")) read_processor(*processor, v, source);
  read_tokenizer_config(config, v, source);
  if (!generation.empty()) read_generation_config(generation, v, source);
  if (v.kind == "bert") name_bert_tokens(v);
  if (v.eos) add_end(v, *v.eos);
}

}  // namespace ingot
