// tokenizer.json: normalizer and pre_tokenizer.
#include "tokenizer/base64.h"
#include "tokenizer/huggingface.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pipeline/pipeline.h"
#include "tokenizer/pretokenizers.h"

namespace ingot {

namespace {

[[noreturn]] void not_built(const std::string& source, std::string_view what, std::string_view detail) {
  throw NotImplemented("tokenizer", fmt::format("{}: {} {}", source, what, detail));
}

/// A Sequence's members in order (`list` is their key), nested ones too, or the one member itself.
void flatten(Json part, const char* list, std::vector<Json>& out) {
  if (json_string(part, "type", "") != "Sequence") {
    out.push_back(part);
    return;
  }
  simdjson::dom::array members;
  if (part.at_key(list).get(members)) return;
  for (Json member : members) flatten(member, list, out);
}

/// The pattern of a Split, where its pieces are those of an isolating one.
std::string split_pattern(Json part, const std::string& source) {
  const std::string text = pipeline::read_pattern(part, source);
  const std::string_view behavior = json_string(part, "behavior", "Isolated");
  const bool invert = json_bool(part, "invert", false);
  // "Removed, invert" keeps the matches and drops the rest: the same where the last alternative leaves no rest.
  const bool covers = text.ends_with(R"(|\s+)");
  if ((behavior == "Isolated" && !invert) || (behavior == "Removed" && invert && covers)) return text;
  if (behavior == "Contiguous" && !invert) return "(?:" + text + ")+";
  not_built(source, "pre_tokenizer Split with behavior", fmt::format("'{}'{}", behavior, invert ? ", invert" : ""));
}

void read_byte_level(const std::vector<Json>& members, bool ignore_merges, Vocabulary& v, const std::string& source) {
  v.kind = "gpt2";
  v.add_space_prefix = false;
  bool mapped = false;  // ByteLevel has been met: patterns after it see the byte alphabet
  for (Json part : members) {
    const std::string_view type = json_string(part, "type", "");
    if (mapped) {
      // Falcon's three digits read the same there; anything else might not.
      if (type == "Split" && split_pattern(part, source) == "[0-9][0-9][0-9]") {
        v.patterns.emplace_back("[0-9][0-9][0-9]");
        continue;
      }
      not_built(source, "pre_tokenizer after ByteLevel:", type);
    }
    if (type == "Split") {
      v.patterns.push_back(split_pattern(part, source));
    } else if (type == "Digits") {
      v.patterns.emplace_back(json_bool(part, "individual_digits", false) ? R"(\p{N})" : R"(\p{N}+)");
    } else if (type == "Punctuation") {
      const std::string_view behavior = json_string(part, "behavior", "Isolated");
      if (behavior != "Isolated" && behavior != "Contiguous")
        not_built(source, "pre_tokenizer Punctuation with behavior", behavior);
      v.patterns.emplace_back(R"([\p{P}!-/:-@\[-`{-~])" + std::string(behavior == "Contiguous" ? "+" : ""));
    } else if (type == "ByteLevel") {
      mapped = true;
      if (json_bool(part, "add_prefix_space", true)) {
        // It is put before every piece that begins without a space, which is the text only where nothing split it.
        if (!v.patterns.empty()) not_built(source, "pre_tokenizer", "ByteLevel with add_prefix_space after another");
        v.add_space_prefix = true;
      }
      if (json_bool(part, "use_regex", true)) v.patterns.emplace_back(gpt2_pattern);
    } else {
      not_built(source, "pre_tokenizer", fmt::format("'{}'", type));
    }
  }
  if (const PreTokenizer* row = find_pre_tokenizer(v.patterns, ignore_merges)) {
    v.pre = row->name;
    v.patterns.clear();
  } else {
    v.pre = "regex";
  }
}

void read_metaspace(Json part, Vocabulary& v, const std::string& source) {
  if (json_string(part, "replacement", space_mark) != space_mark)
    not_built(source, "pre_tokenizer Metaspace with replacement", json_string(part, "replacement", ""));
  const std::string_view scheme =
      json_string(part, "prepend_scheme", json_bool(part, "add_prefix_space", true) ? "always" : "never");
  if (scheme != "always" && scheme != "first" && scheme != "never")
    not_built(source, "pre_tokenizer Metaspace with prepend_scheme", scheme);
  v.add_space_prefix = scheme != "never";
  v.space_after_special = scheme == "always";
  v.prefix_before_space = false;
  v.split_words = json_bool(part, "split", true);
}

}  // namespace

std::vector<Json> json_parts(Json root, const char* key, const char* list) {
  std::vector<Json> out;
  if (const auto part = json_member(root, key)) flatten(*part, list, out);
  return out;
}

void read_splitting(Json root, bool ignore_merges, Vocabulary& v, const std::string& source) {
  const std::vector<Json> normalizers = json_parts(root, "normalizer", "normalizers");
  const std::vector<Json> members = json_parts(root, "pre_tokenizer", "pretokenizers");
  bool byte_level = false, metaspace = false;
  for (Json part : members) {
    byte_level |= json_string(part, "type", "") == "ByteLevel";
    metaspace |= json_string(part, "type", "") == "Metaspace";
  }
  if (byte_level) {
    for (Json part : normalizers) {
      const std::string_view type = json_string(part, "type", "");
      if (type == "NFC")
        v.nfc = true;
      else
        not_built(source, "normalizer", fmt::format("'{}'", type));
    }
    read_byte_level(members, ignore_merges, v, source);
    return;
  }

  v.kind = "llama";
  v.add_space_prefix = false;
  bool marked = metaspace;
  for (Json part : normalizers) {
    const std::string_view type = json_string(part, "type", "");
    if (type == "Prepend" && json_string(part, "prepend", "") == space_mark) {
      v.add_space_prefix = true;
      continue;
    }
    if (type == "Replace" && json_string(part, "content", "") == space_mark) {
      const auto pattern = json_member(part, "pattern");
      if (pattern && json_string(*pattern, "String", "") == " ") {
        marked = true;
        continue;
      }
    }
    not_built(source, "normalizer", fmt::format("'{}'", type));
  }
  for (Json part : members) {
    const std::string_view type = json_string(part, "type", "");
    if (type == "Metaspace") {
      if (v.add_space_prefix) not_built(source, "normalizer Prepend with pre_tokenizer", "Metaspace");
      read_metaspace(part, v, source);
      continue;
    }
    // Gemma: cuts at spaces, of which the normalizer has left none.
    const auto pattern = json_member(part, "pattern");
    if (type == "Split" && marked && pattern && json_string(*pattern, "String", "") == " ") continue;
    not_built(source, "pre_tokenizer", fmt::format("'{}'", type));
  }
  if (!marked) not_built(source, "a BPE that is neither byte-level nor marks spaces with", space_mark);
}

void read_unigram_rules(Json root, Vocabulary& v, const std::string& source) {
  v.kind = "t5";
  v.add_space_prefix = v.remove_extra_spaces = false;
  for (Json part : json_parts(root, "normalizer", "normalizers")) {
    const std::string_view type = json_string(part, "type", "");
    if (type == "Precompiled") {
      const auto rules = from_base64(json_string(part, "precompiled_charsmap", ""));
      if (!rules) fail(ErrorCode::invalid_file, "tokenizer", "{}: precompiled_charsmap is no base64", source);
      v.charsmap = *rules;
    } else if (type == "Strip" || (type == "Replace" && pipeline::read_pattern(part, source) == " {2,}")) {
      v.remove_extra_spaces = true;
    } else {
      not_built(source, "Unigram with normalizer", type);
    }
  }
  for (Json part : json_parts(root, "pre_tokenizer", "pretokenizers")) {
    const std::string_view type = json_string(part, "type", "");
    if (type == "WhitespaceSplit")
      v.remove_extra_spaces = true;
    else if (type == "Metaspace")
      v.add_space_prefix = json_string(part, "prepend_scheme",
                                       json_bool(part, "add_prefix_space", true) ? "always" : "never") != "never";
    else
      not_built(source, "Unigram with pre_tokenizer", type);
  }
}

}  // namespace ingot
