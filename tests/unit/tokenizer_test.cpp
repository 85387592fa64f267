// The llama kind, and the readers of tokenizer files with what they refuse.
#include "ingot/tokenizer.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <ctime>
#include <random>

#include "ingot/model.h"
#include "support/vocab_cases.h"
#include "tokenizer/kinds.h"

namespace ingot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

/// <unk> <s> </s>, the bytes 3 … 258, then the given tokens with scores −1, −2, ….
Vocabulary llama_with(const std::vector<std::string>& tokens) {
  Vocabulary v;
  v.kind = "llama";
  v.tokens = {"<unk>", "<s>", "</s>"};
  v.types = {TokenType::unknown, TokenType::control, TokenType::control};
  for (int b = 0; b < 256; ++b) v.tokens.push_back(byte_token(static_cast<unsigned char>(b)));
  v.types.resize(259, TokenType::byte);
  v.scores.assign(259, 0.0f);
  for (const auto& token : tokens) {
    v.tokens.push_back(token);
    v.scores.push_back(-static_cast<float>(v.scores.size() - 258));
  }
  v.types.resize(v.tokens.size(), TokenType::normal);
  v.unknown = 0, v.bos = 1, v.eos = 2;
  return v;
}
constexpr std::int32_t first = 259;

TEST(Llama, MergesByScoreThenLeftmost) {
  Vocabulary v = llama_with({"▁a", "bc", "ab", "aa", "▁", "a", "b", "c"});
  const auto t = Tokenizer::make(v);
  EXPECT_THAT(t->encode("bc"), ElementsAre(first + 4, first + 1));
  EXPECT_THAT(t->encode("abc"), ElementsAre(first, first + 1));
  EXPECT_THAT(t->encode("cabc"), ElementsAre(first + 4, first + 7, first + 5, first + 1));
  EXPECT_THAT(t->encode("aaaa"), ElementsAre(first, first + 3, first + 5));
}

TEST(Llama, SpacesAndBytes) {
  Vocabulary v = llama_with({"▁", "x", "▁▁"});
  v.add_bos = true;
  const auto t = Tokenizer::make(v);
  EXPECT_THAT(t->encode(""), ElementsAre(1));
  EXPECT_THAT(t->encode("x"), ElementsAre(1, first, first + 1));
  EXPECT_THAT(t->encode(" x"), ElementsAre(1, first + 2, first + 1));
  EXPECT_THAT(t->encode("é", {false, true}), ElementsAre(first, 3 + 0xC3, 3 + 0xA9));
  EXPECT_THAT(t->encode("x</s>x", {false, true}), ElementsAre(first, first + 1, 2, first, first + 1));
  EXPECT_THAT(t->encode("</s>", {false, false}), testing::Not(testing::Contains(2)));
  EXPECT_EQ(t->decode(t->encode("  x é")), "  x é");
  EXPECT_EQ(t->piece(3 + 0xC3), "\xC3");
  EXPECT_EQ(t->piece(1), "");
  v.space_after_special = false;
  EXPECT_THAT(Tokenizer::make(v)->encode("x</s>x", {false, true}), ElementsAre(first, first + 1, 2, first + 1));
  v.add_space_prefix = false;
  EXPECT_THAT(Tokenizer::make(v)->encode("x", {false, true}), ElementsAre(first + 1));
}

TEST(Llama, MergesNeverMakeControlOrByteTokens) {
  Vocabulary v = llama_with({"<", "/", "s", ">", "</", "s>", "▁"});
  v.add_space_prefix = false;
  const auto t = Tokenizer::make(v);
  EXPECT_THAT(t->encode("</s>", {false, false}), ElementsAre(first + 4, first + 5));
  EXPECT_EQ(t->piece(0), "");
  EXPECT_EQ(t->piece(2), "");
  v = llama_with({"<0", "x4", "1>", "<0x4", "<", "0", "x", "4", "1", ">"});
  v.add_space_prefix = false;
  EXPECT_THAT(Tokenizer::make(v)->encode("<0x41>"), ElementsAre(first + 3, first + 2));
}

TEST(Llama, UnknownWhereBytesAreMissing) {
  Vocabulary v = llama_with({"▁", "x"});
  v.tokens[3 + 0xA9] = "no byte", v.types[3 + 0xA9] = TokenType::normal;
  EXPECT_THAT(Tokenizer::make(v)->encode("éé xé"), ElementsAre(first, 0, first, first + 1, 0));
  v.fuse_unknown = false;
  EXPECT_THAT(Tokenizer::make(v)->encode("éé"), ElementsAre(first, 0, 0));
  v.unknown.reset();
  EXPECT_THAT(Tokenizer::make(v)->encode("éx"), ElementsAre(first, first + 1));
}

TEST(Llama, AnyBytesComeBack) {
  const auto t = Tokenizer::make(llama_with({"▁t", "▁the", "he", "é", "▁", "t", "h", "e", "▁▁", "\n", "日"}));
  std::mt19937 random(2);
  const std::string_view words[] = {"the ",     " the", "é",  "日",   "😀",   "\xFF",
                                    "\xE2\x82", "\n",   "  ", "\xC3", "\x80", "<0x41>"};
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int n = static_cast<int>(random() % 20); n > 0; --n) text += words[random() % std::size(words)];
    ASSERT_EQ(t->decode(t->encode(text, {false, false})), text);
  }
}

// A quadratic merge of a million characters would take minutes.
TEST(Llama, LongTextsTakeLinearLogarithmicTime) {
  const auto t = Tokenizer::make(llama_with({"aa", "aaaa", "a", "▁"}));
  const std::clock_t begin = std::clock();
  EXPECT_EQ(t->encode(std::string(1 << 20, 'a'), {false, false}).size(), (std::size_t{1} << 18) + 1);
  EXPECT_LT(std::clock() - begin, 20 * CLOCKS_PER_SEC);
}

TEST(Llama, LlamaCppCases) { expect_vocab_cases("llama-spm"); }

// Ids of the `tokenizers` package: strip takes Unicode's white space, U+001C and U+200B are none.
TEST(Llama, SpecialTokensStripWhiteSpace) {
  Vocabulary v = llama_with({"a", "b", "<l>", "<r>"});
  v.add_space_prefix = false;
  v.types[first + 2] = v.types[first + 3] = TokenType::control;
  v.strip_left = {first + 2}, v.strip_right = {first + 3};
  const auto t = Tokenizer::make(v);
  for (const char* space : {"\t", "\n", "\v", "\f", "\r", " ", "\u0085", "\u00a0", "\u1680", "\u2000", "\u200a",
                            "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", " \u3000\n"}) {
    EXPECT_THAT(t->encode(std::string("a") + space + "<l>b"), ElementsAre(first, first + 2, first + 1)) << space;
    EXPECT_THAT(t->encode(std::string("a<r>") + space + "b"), ElementsAre(first, first + 3, first + 1)) << space;
    EXPECT_THAT(t->encode(std::string(space) + "<l>"), ElementsAre(first + 2)) << space;
  }
  for (const char* other : {"\x1c", "\u180e", "\u200b", "\ufeff", "\x80", "\xe2\x80"}) {
    EXPECT_GT(t->encode(std::string("a") + other + "<l>b").size(), 3u) << other;
    EXPECT_GT(t->encode(std::string("a<r>") + other + "b").size(), 3u) << other;
  }
  EXPECT_EQ(t->encode("a<l> b").size(), 6u);  // the other side stays: a space is three bytes of U+2581
  EXPECT_EQ(t->encode("a <r>b").size(), 6u);
}

TEST(Tokens, SpellBytes) {
  EXPECT_EQ(parse_byte_token("<0x0A>"), 10);
  EXPECT_EQ(parse_byte_token("<0xFF>"), 255);
  for (const char* other : {"<0x0a>", "<0x0A", "<0x0Ax", "<0x0AA>", "<0X0A>", "<0xG0>", "0x0A>"})
    EXPECT_EQ(parse_byte_token(other), -1) << other;
}

TEST(Tokens, MergesArePairs) {
  EXPECT_EQ(split_merge("ab c").left, "ab");
  EXPECT_EQ(split_merge("ab c").right, "c");
  EXPECT_EQ(split_merge("  c").left, " ");  // a space may be the left part
  EXPECT_EQ(split_merge("  c").right, "c");
  for (const char* other : {"", "a", " a", "a ", " "}) EXPECT_EQ(split_merge(other).left, "") << other;
}

TEST(Llama2c, ReadsEveryByte) {
  const auto token = [](float score, std::string_view text) {
    const auto length = static_cast<std::int32_t>(text.size());
    std::string out(8, '\0');
    std::memcpy(out.data(), &score, 4), std::memcpy(out.data() + 4, &length, 4);
    return out + std::string(text);
  };
  const std::string bytes = std::string("\x06\0\0\0", 4) + token(0, "<unk>") + token(0, "\n<s>\n") +
                            token(0, "\n</s>\n") + token(0, "<0x0A>") + token(-1.5f, " a b") + token(-2, "");
  const Vocabulary v = Vocabulary::from_llama2c(bytes, 6, "FILE");
  EXPECT_EQ(v.tokens, (std::vector<std::string>{"<unk>", "<s>", "</s>", "<0x0A>", "▁a▁b", ""}));
  EXPECT_EQ(v.types, (std::vector<TokenType>{TokenType::unknown, TokenType::control, TokenType::control,
                                             TokenType::byte, TokenType::normal, TokenType::normal}));
  EXPECT_THAT(v.scores, ElementsAre(0, 0, 0, 0, -1.5f, -2));
  EXPECT_THROW(Vocabulary::from_llama2c(bytes.substr(0, bytes.size() - 1), 6, "FILE"), Error);
  EXPECT_THROW(Vocabulary::from_llama2c(bytes + '\0', 6, "FILE"), Error);
}

TEST(Llama2c, Stories260K) {
  INGOT_TEST_DATA_OR_SKIP(path, "stories260K");
  const std::string bytes = test::read_file(path + "/tokenizer.bin");
  const auto t = Tokenizer::make(Vocabulary::from_llama2c(bytes, 512, "tokenizer.bin"));
  for (const char* name : {"greedy-256.txt", "greedy-64-the-dog.txt"}) {
    const std::string text = test::read_file(path + "/" + name);
    const Ids ids = t->encode(text);
    EXPECT_EQ(ids.front(), 1);
    EXPECT_EQ(t->decode(ids), text);
    EXPECT_LT(ids.size(), text.size() / 2 + 2);  // merging happens
  }
  Metadata metadata;
  t->vocabulary().to_metadata(metadata);
  EXPECT_EQ(metadata.strings("tokenizer.ggml.tokens")[1], "<s>");
  for (const auto& token : metadata.strings("tokenizer.ggml.tokens")) EXPECT_EQ(token.find(' '), std::string::npos);
  for (std::size_t cut : {std::size_t{0}, std::size_t{3}, std::size_t{10}, bytes.size() - 1})
    EXPECT_THROW(Vocabulary::from_llama2c(bytes.substr(0, cut), 512, "cut"), Error) << cut;
  EXPECT_THROW(Vocabulary::from_llama2c(bytes + "x", 512, "long"), Error);
  EXPECT_THROW(Vocabulary::from_llama2c(bytes, 511, "short"), Error);
  EXPECT_THROW(Vocabulary::from_llama2c(bytes, -1, "negative"), Error);
}

std::string failure(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return std::string(to_string(e.code())) + ": " + e.what();
  }
  return "no error";
}

TEST(Vocabulary, CheckNamesKeyAndIndex) {
  const auto after = [](auto change) {
    Vocabulary v = llama_with({"▁", "x"});
    change(v);
    return failure([&] { v.check("FILE"); });
  };
  EXPECT_EQ(after([](Vocabulary&) {}), "no error");
  EXPECT_THAT(after([](Vocabulary& v) { v.types.pop_back(); }),
              HasSubstr("FILE: token_type: 260 types for 261 tokens"));
  EXPECT_THAT(after([](Vocabulary& v) { v.scores.pop_back(); }), HasSubstr("scores: 260 scores"));
  EXPECT_THAT(after([](Vocabulary& v) { v.scores[7] = NAN; }), HasSubstr("scores[7]"));
  EXPECT_THAT(after([](Vocabulary& v) { v.tokens[260] = "▁"; }), HasSubstr("tokens[260] '▁' is tokens[259] again"));
  EXPECT_THAT(after([](Vocabulary& v) { v.bos = 261; }), HasSubstr("bos_token_id = 261, outside"));
  EXPECT_THAT(after([](Vocabulary& v) { v.eos = -1; }), HasSubstr("eos_token_id = -1"));
  EXPECT_THAT(after([](Vocabulary& v) { v.end_of_generation = {2, 999}; }), HasSubstr("eos_token_id[1] = 999"));
  EXPECT_THAT(after([](Vocabulary& v) { v.merges = {"a b", "ab"}; }), HasSubstr("merges[1] 'ab'"));
  EXPECT_THAT(after([](Vocabulary& v) { v.bos.reset(), v.add_bos = true; }), HasSubstr("add_bos_token"));
  EXPECT_THAT(failure([] { Vocabulary{}.check("FILE"); }), HasSubstr("empty"));
}

TEST(Metadata, DefaultsOfGguf) {
  Metadata m;
  m.set("tokenizer.ggml.model", std::string("llama"));
  m.set("tokenizer.ggml.tokens", Array{std::vector<std::string>{"<unk>", "<s>", "</s>", "a"}});
  Vocabulary v = Vocabulary::from_metadata(m, "FILE");
  EXPECT_TRUE(v.add_bos && v.add_space_prefix && !v.add_eos);
  EXPECT_EQ(v.bos, 1);
  EXPECT_EQ(v.eos, 2);
  EXPECT_EQ(v.unknown, 0);
  m.set("tokenizer.ggml.eos_token_id", std::uint32_t{4});
  EXPECT_THAT(failure([&] { Vocabulary::from_metadata(m, "FILE"); }), HasSubstr("tokenizer.ggml.eos_token_id = 4"));
  m.set("tokenizer.ggml.eos_token_id", std::uint32_t{2});
  m.set("tokenizer.ggml.eot_token_id", std::uint32_t{3});
  EXPECT_THAT(Vocabulary::from_metadata(m, "FILE").end_of_generation, ElementsAre(2, 3));
  m.set("tokenizer.ggml.model", std::string("gpt2"));
  v = Vocabulary::from_metadata(m, "FILE");
  EXPECT_TRUE(!v.add_bos && !v.add_space_prefix);
  EXPECT_EQ(v.pre, "default");
  m.set("tokenizer.ggml.pre", std::string("llama-bpe"));
  m.set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
  v = Vocabulary::from_metadata(m, "FILE");
  EXPECT_TRUE(v.add_bos && v.ignore_merges);
  m.set("tokenizer.ggml.token_type", Array{std::vector<std::int32_t>{2, 3, 3, 7}});
  EXPECT_THAT(failure([&] { Vocabulary::from_metadata(m, "FILE"); }), HasSubstr("token_type[3] = 7"));
  m.set("tokenizer.ggml.model", std::string("rwkv"));
  EXPECT_THAT(failure([&] { Vocabulary::from_metadata(m, "FILE"); }), HasSubstr("not_implemented"));
}

TEST(Metadata, WhatFilesLeaveOut) {
  Metadata m;
  m.set("tokenizer.ggml.model", std::string("llama"));
  m.set("tokenizer.ggml.tokens", Array{std::vector<std::string>{"<unk>", "<s>", "</s>", "a", "<|im_end|>", "<|end|>"}});
  m.set("tokenizer.ggml.token_type", Array{std::vector<std::int32_t>{2, 3, 3, 0, 3, 1}});
  m.set("tokenizer.ggml.padding_token_id", std::uint32_t{0xFFFFFFFF});  // none, as some converters write it
  m.set("tokenizer.ggml.unknown_token_id", std::int32_t{-1});
  m.set("tokenizer.ggml.eom_token_id", std::uint32_t{3});
  Vocabulary v = Vocabulary::from_metadata(m, "FILE");
  EXPECT_FALSE(v.padding || v.unknown);
  EXPECT_EQ(v.types[3], TokenType::unused);
  EXPECT_THAT(v.end_of_generation, ElementsAre(2, 3, 4));  // known by its text, but only as a control token
  m.set("tokenizer.ggml.model", std::string("gpt2"));
  m.set("tokenizer.ggml.pre", std::string("llama-bpe"));
  m.set("tokenizer.ggml.scores", Array{std::vector<float>{0, 0}});
  v = Vocabulary::from_metadata(m, "FILE");
  EXPECT_TRUE(v.scores.empty());
  EXPECT_FALSE(v.add_bos);  // its default is to add one, but none is named
  m.set("ingot.tokenizer.strip_left", Array{std::vector<std::int32_t>{6}});
  EXPECT_THAT(failure([&] { Vocabulary::from_metadata(m, "FILE"); }), HasSubstr("ingot.tokenizer.strip_left holds 6"));
}

TEST(Metadata, KeysCarryEverything) {
  Vocabulary v = llama_with({"▁", "x", "y"});
  v.add_bos = true, v.add_eos = true, v.padding = 260, v.end_of_generation = {2, 261};
  for (const bool usual : {true, false}) {
    v.space_after_special = v.prefix_before_space = v.fuse_unknown = v.add_space_prefix = usual;
    v.split_words = !usual;
    v.strip_left = usual ? std::vector<std::int32_t>{} : std::vector<std::int32_t>{1, 2};
    v.strip_right = usual ? std::vector<std::int32_t>{} : std::vector<std::int32_t>{2};
    Metadata m;
    v.to_metadata(m);
    EXPECT_EQ(m.integer("tokenizer.ggml.eot_token_id"), 261);
    EXPECT_FALSE(m.contains("tokenizer.ggml.eom_token_id"));
    const Vocabulary back = Vocabulary::from_metadata(m, "FILE");
    EXPECT_EQ(back.tokens, v.tokens);
    EXPECT_EQ(back.types, v.types);
    EXPECT_EQ(back.scores, v.scores);
    EXPECT_TRUE(back.bos == v.bos && back.eos == v.eos && back.unknown == v.unknown && back.padding == v.padding);
    EXPECT_EQ(back.end_of_generation, v.end_of_generation);
    EXPECT_TRUE(back.add_bos && back.add_eos);
    EXPECT_EQ(back.space_after_special, usual);
    EXPECT_EQ(back.prefix_before_space, usual);
    EXPECT_EQ(back.fuse_unknown, usual);
    EXPECT_EQ(back.add_space_prefix, usual);
    EXPECT_EQ(back.split_words, !usual);
    EXPECT_EQ(back.strip_left, v.strip_left);
    EXPECT_EQ(back.strip_right, v.strip_right);
  }
}

/// What GGUF's keys have no place for.
std::string beyond_gguf(const Vocabulary& v) {
  EXPECT_EQ(v.kind, "huggingface");
  Metadata metadata;
  return failure([&] { v.to_metadata(metadata); });
}

std::string json(std::string vocab, std::string merges = "", std::string added = "", std::string more = "") {
  return R"({"added_tokens":[)" + added + R"(],"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},)" + more +
         R"("model":{"type":"BPE","vocab":{)" + vocab + R"(},"merges":[)" + merges + "]}}";
}
Vocabulary parse(const std::string& text, std::string_view config = "", std::string_view generation = "") {
  return Vocabulary::from_tokenizer_json(text, config, generation, "FILE");
}

TEST(TokenizerJson, ReadsBothFormsOfMergesAndFillsHoles) {
  const std::string vocab = R"("a":0,"b":1,"ab":5)";
  for (const char* merges : {R"("a b")", R"(["a","b"])"}) {
    const Vocabulary v = parse(json(vocab, merges, R"({"id":7,"content":"<e>","special":true})"));
    EXPECT_EQ(v.tokens, (std::vector<std::string>{"a", "b", "[PAD2]", "[PAD3]", "[PAD4]", "ab", "[PAD6]", "<e>"}));
    EXPECT_EQ(v.types[2], TokenType::unused);
    EXPECT_EQ(v.types[7], TokenType::control);
    EXPECT_EQ(v.pre, "gpt-2");
    EXPECT_THAT(Tokenizer::make(v)->encode("ab<e>"), ElementsAre(5, 7));
  }
}

TEST(TokenizerJson, ConfigurationFiles) {
  const std::string text = json(R"("a":0,"<b>":1,"<e>":2,"<t>":3)", "",
                                R"({"id":1,"content":"<b>","special":true},{"id":2,"content":"<e>","special":true})");
  Vocabulary v =
      parse(text, R"({"bos_token":{"content":"<b>"},"eos_token":"<e>","add_bos_token":true,"pad_token":null})",
            R"({"eos_token_id":[2,3]})");
  EXPECT_EQ(v.bos, 1);
  EXPECT_EQ(v.eos, 2);
  EXPECT_TRUE(v.add_bos && !v.add_eos && !v.padding);
  EXPECT_THAT(v.end_of_generation, ElementsAre(2, 3));
  v = parse(text, "", R"({"eos_token_id":3})");
  EXPECT_EQ(v.eos, 3);
  EXPECT_THAT(failure([&] { parse(text, R"({"eos_token":"<x>"})"); }),
              HasSubstr("tokenizer_config.json: eos_token '<x>'"));
  EXPECT_THAT(failure([&] { parse(text, "", R"({"eos_token_id":4})"); }),
              HasSubstr("generation_config.json: eos_token_id"));
  EXPECT_THAT(failure([&] { parse(text, "{"); }), HasSubstr("tokenizer_config.json"));
  v = parse(text, R"({"unk_token":"<t>","eos_token":"<e>"})", R"({"bos_token_id":1,"eos_token_id":3})");
  EXPECT_EQ(v.unknown, 3);
  EXPECT_EQ(v.bos, 1);
  EXPECT_EQ(v.eos, 2);
  EXPECT_THAT(v.end_of_generation, ElementsAre(2, 3));
  EXPECT_EQ(parse(text, R"({"bos_token":"<t>"})", R"({"bos_token_id":1})").bos, 3);
  EXPECT_FALSE(parse(text, R"({"add_bos_token":true,"add_eos_token":true})").add_bos);  // there is none
  std::string named = text;
  named.insert(named.find(R"("vocab")"), R"("unk_token":"a",)");
  EXPECT_EQ(parse(named, R"({"unk_token":"<t>"})").unknown, 0);
}

TEST(TokenizerJson, TheTemplateSaysWhatIsAdded) {
  const auto with = [](const std::string& single) {
    return json(R"("a":0,"<b>":1,"<e>":2,"<t>":3)", "", "",
                R"("post_processor":{"type":"TemplateProcessing","single":[)" + single + "]},");
  };
  const std::string b = R"({"SpecialToken":{"id":"<b>","type_id":0}})", e = R"({"SpecialToken":{"id":"<e>"}})",
                    a = R"({"Sequence":{"id":"A","type_id":0}})";
  // Names of the configuration do not change what the encoder puts there.
  Vocabulary v = parse(with(b + "," + a + "," + e), R"({"bos_token":"<t>","eos_token":"<t>"})");
  EXPECT_TRUE(v.add_bos && v.add_eos);
  EXPECT_EQ(v.bos, 1);
  EXPECT_EQ(v.eos, 2);
  EXPECT_THAT(v.end_of_generation, ElementsAre(3, 2));
  v = parse(with(a + "," + e));
  EXPECT_TRUE(!v.add_bos && v.add_eos);
  EXPECT_THAT(v.end_of_generation, ElementsAre(2));
  EXPECT_FALSE(parse(with(b + "," + a), R"({"add_bos_token":false})").add_bos);
  for (const std::string& twice : {b + "," + e + "," + a, a + "," + b + "," + e})
    EXPECT_THAT(beyond_gguf(parse(with(twice))), HasSubstr("two tokens on one side"));
}

TEST(TokenizerJson, AddedTokensAndDefaults) {
  Vocabulary v = parse(json(R"("a":0,"é":1)", "",
                            R"({"id":2,"content":"<l>","special":true,"lstrip":true},)"
                            R"({"id":3,"content":"<r>","rstrip":true},{"id":1,"content":"é","special":false})"));
  EXPECT_THAT(v.strip_left, ElementsAre(2));
  EXPECT_THAT(v.strip_right, ElementsAre(3));
  EXPECT_EQ(v.types[2], TokenType::control);
  EXPECT_EQ(v.types[3], TokenType::user_defined);
  v.nfc = true;
  std::string written = v.to_huggingface()[0].second;
  EXPECT_THAT(
      written,
      HasSubstr(
          R"("content":"<l>","single_word":false,"lstrip":true,"rstrip":false,"normalized":false,"special":true)"));
  EXPECT_THAT(
      written,
      HasSubstr(
          R"("content":"<r>","single_word":false,"lstrip":false,"rstrip":true,"normalized":false,"special":false)"));
  const Vocabulary again = parse(written);
  EXPECT_TRUE(again.nfc);
  EXPECT_EQ(again.types, v.types);
  EXPECT_EQ(again.strip_left, v.strip_left);
  EXPECT_EQ(again.strip_right, v.strip_right);
  // Metaspace: `split` and `prepend_scheme` came later, and are true and "always" where absent.
  const std::string model = R"("model":{"type":"BPE","unk_token":"<u>","vocab":{"<u>":0,"a":1,"b":2,"ab":3,"<0x41>":4,)"
                            R"("bb":5,"bbb":6,"\u001f":7},"merges":["b b","a b","bb b","b bb"])";
  v = parse(R"({"pre_tokenizer":{"type":"Metaspace","replacement":"▁"},)" + model + "}}");
  EXPECT_TRUE(v.split_words && v.add_space_prefix && v.space_after_special && !v.prefix_before_space);
  EXPECT_EQ(v.types[0], TokenType::unknown);
  EXPECT_EQ(v.types[4], TokenType::normal);  // no byte_fallback
  EXPECT_EQ(v.unknown, 0);
  EXPECT_FALSE(v.fuse_unknown);
  // Scores fall with the place of the first merge that makes a token; what none makes comes last.
  EXPECT_THAT(v.scores, ElementsAre(-4, -4, -4, -1, -4, -0.0f, -2, -4));
  EXPECT_THAT(v.to_huggingface()[0].second, HasSubstr(R"("\u001f": 7)"));
  EXPECT_EQ(parse(v.to_huggingface()[0].second).tokens, v.tokens);
  v = parse(R"({"pre_tokenizer":{"type":"Metaspace","replacement":"▁"},)" + model + R"(,"byte_fallback":true}})");
  EXPECT_EQ(v.types[4], TokenType::byte);
}

TEST(TokenizerJson, RefusesByNameAndIndex) {
  const auto refused = [](const std::string& text) { return failure([&] { parse(text); }); };
  EXPECT_THAT(refused(""), HasSubstr("invalid_file"));
  EXPECT_THAT(refused("[]"), HasSubstr("an object expected"));
  EXPECT_THAT(refused("{}"), HasSubstr("no model"));
  EXPECT_THAT(refused(json("")), HasSubstr("model.vocab is empty"));
  EXPECT_THAT(refused(json(R"("a":0,"b":0)")), HasSubstr("model.vocab 'b': id 0 is that of 'a'"));
  EXPECT_THAT(refused(json(R"("a":0,"a":1)")), HasSubstr("ids 0 and 1 are both 'a'"));
  EXPECT_THAT(refused(json(R"("a":-1)")), HasSubstr("model.vocab 'a': the id is no number"));
  EXPECT_THAT(refused(json(R"("a":4000000000)")), HasSubstr("id 4000000000"));
  EXPECT_THAT(refused(json(R"("a":18446744073709551615)")), HasSubstr("id 18446744073709551615"));
  EXPECT_THAT(refused(json(R"("a":0)", R"("a b")")), HasSubstr("model.merges[0]: 'b' is no token"));
  EXPECT_THAT(refused(json(R"("a":0,"b":1)", R"("a b")")), HasSubstr("model.merges[0]: 'ab' is no token"));
  EXPECT_THAT(refused(json(R"("a":0)", R"("ab")")), HasSubstr("model.merges[0] 'ab' is no pair"));
  EXPECT_THAT(refused(json(R"("a":2000)")), HasSubstr("id 2000 with only 1 tokens given"));
  for (const auto& [key, value] : {std::pair("dropout", "0.1"), std::pair("continuing_subword_prefix", R"("##")"),
                                   std::pair("end_of_word_suffix", R"("</w>")")})
    EXPECT_THAT(
        refused(fmt::format(R"({{"model":{{"type":"BPE","{}":{},"vocab":{{"a":0}},"merges":[]}}}})", key, value)),
        HasSubstr(std::string("model.") + key));
  EXPECT_THAT(refused(json(R"("a":0)", "[1,2]")), HasSubstr("model.merges[0]"));
  EXPECT_THAT(refused(json(R"("a":0)", "", R"({"id":0,"content":"b"})")),
              HasSubstr("added_tokens 'b': id 0 is that of 'a'"));
  EXPECT_THAT(refused(json(R"("a":0)", "", R"({"content":"b"})")), HasSubstr("added_tokens[1]: no id"));
  EXPECT_THAT(refused(json(R"("a":0)", "", "", R"("normalizer":{"type":"Nmt"},)")), HasSubstr("normalizer 'Nmt'"));
  const std::string model = R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"normalizer":{"type":"NFD"},)";
  EXPECT_THAT(refused(model + R"("decoder":{"type":"CTC"}})"), HasSubstr("decoder 'CTC'"));
  EXPECT_THAT(refused(model + R"("pre_tokenizer":{"type":"UnicodeScripts"}})"),
              HasSubstr("pre_tokenizer 'UnicodeScripts'"));
  EXPECT_THAT(refused(json(R"("a":0)", "", "", R"("post_processor":{"type":"Unheard"},)")), HasSubstr("'Unheard'"));
  EXPECT_THAT(refused(json(R"("a":0)", "", "", R"("post_processor":{"type":"BertProcessing"},)")),
              HasSubstr("post_processor.cls: a token with its id expected"));
  EXPECT_THAT(refused(R"({"model":{"type":"Unigram","vocab":[]}})"), HasSubstr("model.vocab is empty"));
  EXPECT_THAT(refused(R"({"model":{"type":"Unigram","vocab":[["a"]]}})"), HasSubstr("model.vocab[0]"));
  EXPECT_THAT(refused(R"({"model":{"type":"WordLevel","vocab":{"a":0}}})"), HasSubstr("model type 'WordLevel'"));
  std::string deep(100'000, '[');
  EXPECT_THAT(refused(R"({"x":)" + deep), HasSubstr("invalid_file"));
}

TEST(TokenizerJson, ChatTemplates) {
  const std::string text = "{{ \"a\" }}\n\t{% x %}";
  const std::string quoted = R"("{{ \"a\" }}\n\t{% x %}")";
  const std::string named = R"([{"name":"tool_use","template":"t"},{"name":"default","template":)" + quoted + "}]";
  for (const std::string& config : {R"({"chat_template":)" + quoted + "}", R"({"chat_template":)" + named + "}"}) {
    const Vocabulary v = parse(json(R"("a":0)"), config);
    EXPECT_EQ(v.chat_template, text);
    Metadata metadata;
    v.to_metadata(metadata);
    EXPECT_EQ(metadata.string("tokenizer.chat_template"), text);
    const auto files = Vocabulary::from_metadata(metadata, "FILE").to_huggingface();
    EXPECT_EQ(parse(files[0].second, files[1].second).chat_template, text);
  }
  Checkpoint checkpoint;
  checkpoint.documents = {{"tokenizer.json", json(R"("a":0)")}, {"chat_template.jinja", text}};
  EXPECT_EQ(load_vocabulary(checkpoint, "").chat_template, text);
}

TEST(TokenizerJson, RunsWhatGgufCannotHold) {
  EXPECT_THAT(beyond_gguf(parse(json(R"("a b":0,"c":1,"a bc":2)", R"(["a b","c"])"))),
              HasSubstr("'a b' holds a space"));
  EXPECT_THAT(beyond_gguf(parse(json(R"("a":0)", "", R"({"id":1,"content":"b","single_word":true})"))),
              HasSubstr("single_word"));
  EXPECT_THAT(beyond_gguf(parse(json(R"("a":0)", "", "", R"("normalizer":{"type":"Lowercase"},)"))),
              HasSubstr("'Lowercase'"));
  EXPECT_THAT(beyond_gguf(parse(
                  R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Whitespace"}})")),
              HasSubstr("'Whitespace'"));
  const auto split = [&](const std::string& members, const std::string& prefix = "false") {
    return parse(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Sequence",)"
                 R"("pretokenizers":[)" +
                 members + R"(,{"type":"ByteLevel","add_prefix_space":)" + prefix + "}]}}");
  };
  const auto pattern = [](const char* regex, const char* behavior, const char* invert) {
    return fmt::format(R"({{"type":"Split","pattern":{{"Regex":"{}"}},"behavior":"{}","invert":{}}})", regex, behavior,
                       invert);
  };
  EXPECT_EQ(split(pattern("a", "Isolated", "false")).kind, "gpt2");
  EXPECT_EQ(split(pattern(R"(a|\\s+)", "Removed", "true")).kind, "gpt2");
  EXPECT_THAT(beyond_gguf(split(pattern("a", "Removed", "true"))), HasSubstr("behavior 'Removed', invert"));
  EXPECT_THAT(beyond_gguf(split(pattern("a", "Contiguous", "true"))), HasSubstr("behavior 'Contiguous', invert"));
  EXPECT_THAT(failure([&] { split(pattern("[a&&b]", "Isolated", "false")); }), HasSubstr("[a&&b]"));
  EXPECT_THAT(beyond_gguf(split(pattern("a", "Isolated", "false"), "true")),
              HasSubstr("add_prefix_space after another"));
}

TEST(SentencePiece, RefusesDamage) {
  for (const std::string& bytes : {std::string(""), std::string("\x0A"), std::string("\x0A\x7F"),
                                   std::string("\xFF\xFF\xFF"), std::string("\x12\x02\x18\x02")})
    EXPECT_THROW(Vocabulary::from_sentencepiece(bytes, "", "FILE"), Error);
}

TEST(HuggingFace, RefusesWhatJsonCanNotHold) {
  Vocabulary v = llama_with({"\xFF"});
  EXPECT_THROW(v.to_huggingface(), NotImplemented);
}

}  // namespace
}  // namespace ingot
