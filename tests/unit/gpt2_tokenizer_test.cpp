// Byte-level BPE on vocabularies small enough to merge by hand, and on llama.cpp's own test cases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "ingot/checkpoint.h"
#include "support/sanitized.h"
#include "support/vocab_cases.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/pretokenizers.h"

namespace ingot {
namespace {

using testing::ElementsAre;
using Ids = std::vector<std::int32_t>;

/// All 256 bytes by value, then the joins of the merges.
Vocabulary bytes_and(const std::vector<std::string>& merges) {
  Vocabulary v;
  v.kind = "gpt2", v.pre = "gpt-2", v.add_space_prefix = false;
  for (int b = 0; b < 256; ++b) v.tokens.emplace_back(byte_character(static_cast<unsigned char>(b)));
  for (const auto& merge : merges) {
    std::string joined = merge;
    joined.erase(joined.find(' ', 1), 1);
    v.tokens.push_back(joined);
  }
  v.types.assign(v.tokens.size(), TokenType::normal);
  v.merges = merges;
  return v;
}

TEST(ByteAlphabet, IsGpt2s) {
  EXPECT_EQ(byte_character(' '), "Ġ");
  EXPECT_EQ(byte_character('\n'), "Ċ");
  EXPECT_EQ(byte_character(0), "Ā");
  EXPECT_EQ(byte_character(0x7F), "ġ");
  EXPECT_EQ(byte_character(0xA0), "ł");
  EXPECT_EQ(byte_character(0xAD), "Ń");
  EXPECT_EQ(byte_character(0xFF), "ÿ");
  std::string all;
  for (int b = 0; b < 256; ++b) all += static_cast<char>(b);
  EXPECT_EQ(from_byte_alphabet(to_byte_alphabet(all)), all);
}

TEST(Gpt2, MergesByRankThenLeftmost) {
  const auto t = Tokenizer::make(bytes_and({"b c", "a b", "a a", "aa a"}));
  EXPECT_THAT(t->encode("abc"), ElementsAre('a', 256));  // "b c" comes before "a b"
  EXPECT_THAT(t->encode("abab"), ElementsAre(257, 257));
  EXPECT_THAT(t->encode("aaaaa"), ElementsAre(258, 259));  // aa aa a: "aa a" joins where it can
  EXPECT_THAT(t->encode("aaa"), ElementsAre(259));
  // The first place of a pair counts, as in llama.cpp.
  Vocabulary v = bytes_and({"a b", "b c", "z a"});
  v.merges = {"a b", "b c", "a b", "z a"};
  EXPECT_THAT(Tokenizer::make(v)->encode("abc"), ElementsAre(256, 'c'));
  EXPECT_THAT(Tokenizer::make(v)->encode("zabc"), ElementsAre('z', 256, 'c'));
}

TEST(Gpt2, BytesThatAreNoTokensVanish) {
  Vocabulary v;
  v.kind = "gpt2", v.pre = "gpt-2", v.add_space_prefix = false;
  v.tokens = {"a", "abc", "c"};
  v.types.assign(3, TokenType::normal);
  v.merges = {"a b", "ab c"};
  const auto t = Tokenizer::make(v);
  EXPECT_THAT(t->encode("axc"), ElementsAre(0, 2));
  EXPECT_THAT(t->encode("abc"), ElementsAre(1));
  EXPECT_THAT(t->encode("aba"), ElementsAre(0, 0));  // "ab" is none either, nor is "b"
}

TEST(Gpt2, PiecesOfEveryType) {
  Vocabulary v = bytes_and({});
  for (const TokenType type : {TokenType::normal, TokenType::user_defined, TokenType::control, TokenType::unused}) {
    v.tokens.push_back("é" + std::to_string(v.tokens.size()));
    v.types.push_back(type);
  }
  const auto t = Tokenizer::make(v);
  EXPECT_EQ(t->piece(256),
            "\xE9"
            "256");  // the byte alphabet's spelling of a byte
  EXPECT_EQ(t->piece(257), "é257");
  EXPECT_EQ(t->piece(258), "");
  EXPECT_EQ(t->piece(259), "");
}

TEST(Gpt2, IgnoreMergesTakesWholePieces) {
  Vocabulary v = bytes_and({"a b"});
  v.tokens.push_back("xyz");
  v.types.push_back(TokenType::normal);
  EXPECT_THAT(Tokenizer::make(v)->encode("xyz"), ElementsAre('x', 'y', 'z'));
  v.ignore_merges = true;
  EXPECT_THAT(Tokenizer::make(v)->encode("xyz ab"), ElementsAre(257, ' ', 256));
}

TEST(Gpt2, MergesThroughSymbolsThatAreNoTokens) {
  Vocabulary v = bytes_and({"a b", "ab c"});
  v.tokens.erase(v.tokens.begin() + 256);  // "ab" is no token: it falls back to bytes unless it goes on to "abc"
  v.types.pop_back();
  const auto t = Tokenizer::make(v);
  EXPECT_THAT(t->encode("abc"), ElementsAre(256));
  EXPECT_THAT(t->encode("abd"), ElementsAre('a', 'b', 'd'));
  v.ignore_merges = true;
  EXPECT_THAT(Tokenizer::make(v)->encode("ab"), ElementsAre('a', 'b'));
}

TEST(Gpt2, SpecialTokensLongestFirst) {
  Vocabulary v = bytes_and({});
  for (const char* text : {"<x>", "<x><y>", "user"}) v.tokens.emplace_back(text);
  v.types.resize(259, TokenType::control);
  v.types[258] = TokenType::user_defined;
  v.tokens.emplace_back("abc"), v.types.push_back(TokenType::user_defined);
  v.tokens.emplace_back("bcdef"), v.types.push_back(TokenType::user_defined);
  const auto t = Tokenizer::make(v);
  EXPECT_THAT(t->encode("a<x>b"), ElementsAre('a', 256, 'b'));
  EXPECT_THAT(t->encode("<x><y><x>"), ElementsAre(257, 256));
  EXPECT_THAT(t->encode("<x>", {true, false}), ElementsAre('<', 'x', '>'));
  EXPECT_THAT(t->encode("auser", {true, false}), ElementsAre('a', 258));
  EXPECT_THAT(t->encode("abcdef"), ElementsAre('a', 260));  // the longer one wins, though it begins later
  EXPECT_EQ(t->decode(t->encode("a<x>user")), "auser");
}

TEST(Gpt2, BosAndEos) {
  Vocabulary v = bytes_and({});
  v.bos = 1, v.eos = 2, v.add_bos = v.add_eos = true, v.end_of_generation = {3};
  const auto t = Tokenizer::make(v);
  EXPECT_THAT(t->encode("a"), ElementsAre(1, 'a', 2));
  EXPECT_THAT(t->encode(""), ElementsAre(1, 2));
  EXPECT_THAT(t->encode("a", {false, true}), ElementsAre('a'));
  EXPECT_TRUE(t->ends_generation(2));
  EXPECT_TRUE(t->ends_generation(3));
  EXPECT_FALSE(t->ends_generation(1));
  EXPECT_THROW(t->piece(256), Error);
  EXPECT_THROW(t->piece(-1), Error);
}

// Bytes that are no UTF-8 are encoded as bytes, whatever stands around them, and come back.
TEST(Gpt2, AnyBytesComeBack) {
  for (const char* pre : {"gpt-2", "llama-bpe", "qwen2", "default", "falcon", "deepseek-coder", "deepseek-llm",
                          "tekken", "starcoder", "gpt-4o", "bloom", "viking", "deepseek-v3"}) {
    Vocabulary v = bytes_and({"Ġ t", "h e", "Ġt he", "Ã ©", "Ċ Ċ"});
    v.pre = pre;
    const auto t = Tokenizer::make(v);
    std::mt19937 random(1);
    const std::string_view words[] = {"the ", " the",     "\xC3\xA9", "\xF0\x9F\x98\x80",
                                      "\xFF", "\xE2\x82", "\n\n",     "12",
                                      "A",    "!?",       "  ",       "\xC3",
                                      "\x80", "'ll",      "\r",       "_"};
    for (int i = 0; i < 300; ++i) {
      std::string text;
      for (int n = static_cast<int>(random() % 20); n > 0; --n) text += words[random() % std::size(words)];
      ASSERT_EQ(t->decode(t->encode(text)), text) << pre;
    }
  }
}

TEST(Gpt2, UnknownPreTokenizersAreNamed) {
  Vocabulary v = bytes_and({});
  v.pre = "no-such-name";
  try {
    Tokenizer::make(v);
    FAIL();
  } catch (const NotImplemented& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("no-such-name"));
  }
  v.pre = "regex", v.patterns = {"("};
  EXPECT_THROW(Tokenizer::make(v), Error);
  v = bytes_and({"a b", "b b"});
  v.pre = "regex", v.patterns = {"b*"};  // where it matches nothing it cuts nothing
  EXPECT_THAT(Tokenizer::make(v)->encode("abba"), ElementsAre('a', 257, 'a'));
}

TEST(PreTokenizers, AreFoundByTheirPatterns) {
  const auto patterns = [](const char* name) { return find_pre_tokenizer(name)->patterns; };
  for (const char* name : {"gpt-2", "starcoder", "qwen2", "gpt-4o", "bloom", "viking", "default", "falcon", "dbrx",
                           "deepseek-coder", "deepseek-llm", "deepseek-v3"})
    EXPECT_EQ(find_pre_tokenizer(patterns(name), false)->name, name);
  for (const char* name : {"llama-bpe", "tekken"}) EXPECT_EQ(find_pre_tokenizer(patterns(name), true)->name, name);
  EXPECT_EQ(find_pre_tokenizer(patterns("gpt-2"), true), nullptr);
  auto more = patterns("gpt-2");
  more.push_back("x");
  EXPECT_EQ(find_pre_tokenizer(more, false), nullptr);
  EXPECT_EQ(find_pre_tokenizer(std::vector<std::string>{}, false), nullptr);
}

TEST(PreTokenizers, AnEmptyNameIsTheDefault) {
  Vocabulary v = bytes_and({"1 2", "12 3", "3 4"});
  const auto encoded = [&](const char* pre) {
    v.pre = pre;
    return Tokenizer::make(v)->encode("1234");
  };
  EXPECT_THAT(encoded("gpt-2"), ElementsAre(257, '4'));
  EXPECT_THAT(encoded(""), ElementsAre(257, '4'));
  v = bytes_and({"2 3", "23 4", "1 234"});
  EXPECT_THAT(encoded("gpt-2"), ElementsAre(258));
  EXPECT_THAT(encoded(""), ElementsAre('1', 256, '4'));  // three digits, then the rest
}

// Words far longer than any real one: merging is n log n and patterns run on a bounded stack.
TEST(Gpt2, LongWords) {
  for (const char* pre : {"gpt-2", "tekken", "gpt-4o", "deepseek-v3"}) {
    Vocabulary v = bytes_and({"a a", "aa aa", "aaaa aaaa"});
    v.pre = pre;
    const std::size_t tokens = sanitized ? 5'000 : 50'000;
    EXPECT_EQ(Tokenizer::make(v)->encode(std::string(8 * tokens, 'a')), Ids(tokens, 258)) << pre;
  }
}

TEST(Gpt2, LlamaCppCases) {
  for (const char* name : {"gpt-2", "llama-bpe"}) expect_vocab_cases(name);
}

}  // namespace
}  // namespace ingot
