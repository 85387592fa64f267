// The llama kind, and the readers of tokenizer files with what they refuse.
#include "ingot/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <ctime>
#include <random>

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
  EXPECT_THAT(Tokenizer::make(v)->encode("</s>", {false, false}), ElementsAre(first + 4, first + 5));
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
  m.set("tokenizer.ggml.model", std::string("t5"));
  EXPECT_THAT(failure([&] { Vocabulary::from_metadata(m, "FILE"); }), HasSubstr("not_implemented"));
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
  EXPECT_THAT(refused(json(R"("a":0)", "[1,2]")), HasSubstr("model.merges[0]"));
  EXPECT_THAT(refused(json(R"("a":0)", "", R"({"id":0,"content":"b"})")),
              HasSubstr("added_tokens 'b': id 0 is that of 'a'"));
  EXPECT_THAT(refused(json(R"("a":0)", "", R"({"content":"b"})")), HasSubstr("added_tokens[1]: no id"));
  EXPECT_THAT(refused(json(R"("a":0)", "", "", R"("normalizer":{"type":"Lowercase"},)")), HasSubstr("'Lowercase'"));
  EXPECT_THAT(refused(json(R"("a":0)", "", "", R"("post_processor":{"type":"BertProcessing"},)")),
              HasSubstr("'BertProcessing'"));
  EXPECT_THAT(refused(R"({"model":{"type":"Unigram","vocab":[]}})"), HasSubstr("not_implemented"));
  EXPECT_THAT(refused(R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Whitespace"}})"),
              HasSubstr("'Whitespace'"));
  std::string deep(100'000, '[');
  EXPECT_THAT(refused(R"({"x":)" + deep), HasSubstr("invalid_file"));
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
