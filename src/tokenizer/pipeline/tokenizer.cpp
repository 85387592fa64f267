// Any tokenizer.json, run part by part as the tokenizers package runs it.
#include <algorithm>
#include <unordered_map>

#include "core/fail.h"
#include "tokenizer/kinds.h"
#include "tokenizer/pipeline/added_tokens.h"
#include "tokenizer/pipeline/pipeline.h"
#include "tokenizer/unicode.h"

namespace ingot {

namespace {

using namespace pipeline;

struct Parts {
  Normalizer normalizer;  // it and the next three may be empty
  Splitter splitter;
  Decoder decoder;
  AddedTokens raw, normalized;
  Encoder model;
  std::vector<std::int32_t> before, after;  // what the post-processor puts around a text
};

std::int32_t find_token(const Vocabulary& v, std::string_view text, const std::string& source) {
  const auto found = std::find(v.tokens.begin(), v.tokens.end(), text);
  if (found == v.tokens.end()) invalid(source, fmt::format("post_processor: '{}' is no token of the vocabulary", text));
  return static_cast<std::int32_t>(found - v.tokens.begin());
}

void read_processor(Json part, const Vocabulary& v, Parts& parts, const std::string& source) {
  const std::string_view type = json_string(part, "type", "");
  simdjson::dom::array list;
  if (type == "Sequence") {
    if (part.at_key("processors").get(list)) invalid(source, "post_processor Sequence without processors");
    for (Json member : list) read_processor(member, v, parts, source);
  } else if (type == "TemplateProcessing") {
    if (part.at_key("single").get(list)) invalid(source, "post_processor.single: a list expected");
    bool before = true;
    for (Json item : list) {
      if (const auto special = json_member(item, "SpecialToken"))
        (before ? parts.before : parts.after).push_back(find_token(v, json_string(*special, "id", ""), source));
      else
        before = false;
    }
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    for (const auto& [key, ids] : {std::pair("cls", &parts.before), {"sep", &parts.after}}) {
      std::string_view text;
      if (part.at_key(key).get(list) || list.at(0).get(text))
        invalid(source, fmt::format("post_processor.{}: a token with its id expected", key));
      ids->push_back(find_token(v, text, source));
    }
  } else if (type != "ByteLevel") {  // ByteLevel moves offsets, no ids
    not_built(source, fmt::format("post_processor '{}'", type));
  }
}

/// The model's own tokens by id; "" for those that are only added.
std::vector<std::string> model_tokens(Json root, const Vocabulary& v, const std::string& source) {
  std::vector<std::string> tokens(v.tokens.size());
  const auto put = [&](std::uint64_t id, std::string_view token) {
    if (id >= tokens.size()) invalid(source, fmt::format("model.vocab '{}': id {} of {}", token, id, tokens.size()));
    tokens[id] = token;
  };
  const auto model = json_member(root, "model");
  if (!model) invalid(source, "no model");
  simdjson::dom::object object;
  simdjson::dom::array list;
  if (!model->at_key("vocab").get(object)) {
    for (auto [token, value] : object) {
      std::uint64_t id = 0;
      if (value.get(id)) invalid(source, fmt::format("model.vocab '{}': the id is no number ≥ 0", token));
      put(id, token);
    }
  } else if (!model->at_key("vocab").get(list)) {
    std::uint64_t id = 0;
    for (Json item : list) {
      std::string_view token;
      if (item.at(0).get(token)) invalid(source, fmt::format("model.vocab[{}]: a token with its score expected", id));
      put(id++, token);
    }
  }
  return tokens;
}

Parts read_parts(const Vocabulary& v, std::vector<std::string>& tokens) {
  static const std::string source = "tokenizer.json";
  const JsonDocument document(v.model, source);
  const Json root = document.root();
  tokens = model_tokens(root, v, source);
  Normalizer normalizer;
  if (const auto part = json_member(root, "normalizer")) normalizer = read_normalizer(*part, source);
  Parts parts{normalizer, {}, {}, {root, false, normalizer, source}, {root, true, normalizer, source}, {}, {}, {}};
  if (const auto part = json_member(root, "pre_tokenizer")) parts.splitter = read_splitter(*part, source);
  if (const auto part = json_member(root, "decoder")) parts.decoder = read_decoder(*part, source);
  if (const auto part = json_member(root, "post_processor")) read_processor(*part, v, parts, source);
  parts.model = read_model(*json_member(root, "model"), tokens, source);
  return parts;
}

class HuggingFaceTokenizer final : public Tokenizer {
 public:
  explicit HuggingFaceTokenizer(Vocabulary v) : Tokenizer(std::move(v)), parts_(read_parts(vocabulary_, tokens_)) {}

  using Tokenizer::encode;
  std::vector<std::int32_t> encode(std::string_view text, EncodeOptions options) const override {
    check_length(text);
    std::vector<std::int32_t> ids;
    if (options.add_special) ids = parts_.before;
    const std::string valid = to_valid_utf8(text);
    Words words;
    for (const AddedTokens::Stretch& raw : parts_.raw.cut(valid, options.parse_special)) {
      if (raw.id >= 0)
        ids.push_back(raw.id);
      else
        encode_stretch(std::string_view(valid).substr(raw.begin, raw.end - raw.begin), raw.begin == 0,
                       options.parse_special, words, ids);
    }
    if (options.add_special) ids.insert(ids.end(), parts_.after.begin(), parts_.after.end());
    return ids;
  }

  std::string piece(std::int32_t id) const override { return decoded(std::span(&id, 1), false); }
  std::string decode(std::span<const std::int32_t> ids) const override { return decoded(ids, true); }

 private:
  using Words = std::unordered_map<std::string, std::vector<std::int32_t>>;

  void encode_stretch(std::string_view stretch, bool first, bool special, Words& words,
                      std::vector<std::int32_t>& ids) const {
    const std::string normal = parts_.normalizer ? parts_.normalizer(stretch) : std::string(stretch);
    for (const AddedTokens::Stretch& part : parts_.normalized.cut(normal, special)) {
      if (part.id >= 0) {
        ids.push_back(part.id);
        continue;
      }
      std::vector<Piece> pieces{{normal.substr(part.begin, part.end - part.begin), first && part.begin == 0}};
      if (parts_.splitter) parts_.splitter(pieces);
      for (Piece& piece : pieces) {
        const auto [word, added] = words.try_emplace(std::move(piece.text));
        if (added) parts_.model(word->first, word->second);
        ids.insert(ids.end(), word->second.begin(), word->second.end());
      }
    }
  }

  std::string decoded(std::span<const std::int32_t> ids, bool whole) const {
    std::vector<std::string> tokens;
    for (std::int32_t id : ids) {
      check_id(id);
      if (vocabulary_.types[static_cast<std::size_t>(id)] != TokenType::control)
        tokens.push_back(vocabulary_.tokens[static_cast<std::size_t>(id)]);
    }
    if (parts_.decoder && !tokens.empty()) parts_.decoder(tokens, whole);
    std::string text;
    for (std::size_t i = 0; i < tokens.size(); ++i)
      text.append(!parts_.decoder && (i > 0 || !whole) ? " " : "").append(tokens[i]);
    return text;
  }

  std::vector<std::string> tokens_;
  Parts parts_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_huggingface(Vocabulary vocabulary) {
  return std::make_unique<HuggingFaceTokenizer>(std::move(vocabulary));
}

}  // namespace ingot
