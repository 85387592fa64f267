// Models that go through SentencePiece's library: what the kind adds around it, and damaged bytes. The ids themselves
// are compared with the Python package elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "ingot/error.h"
#include "ingot/tokenizer.h"
#include "support/sanitized.h"

namespace ingot {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out += static_cast<char>(value);
}
std::string number(unsigned field, std::uint64_t value) { return varint(field << 3) + varint(value); }
std::string bytes(unsigned field, std::string_view value) {
  return varint(field << 3 | 2) + varint(value.size()) + std::string(value);
}
std::string piece(std::string_view text, float score, std::uint64_t type = 1) {
  std::string score_bytes(4, '\0');
  std::memcpy(score_bytes.data(), &score, 4);
  return bytes(1, bytes(1, text) + varint(2 << 3 | 5) + score_bytes + number(3, type));
}

/// One rule, "A" → "a", in a double array of two blocks: root → unit 321 (256 ^ 'A') → its value in unit 320.
struct Charsmap {
  std::vector<std::uint32_t> units = std::vector<std::uint32_t>(512);
  std::string replacements{"a\0", 2};
  Charsmap() {
    units[0] = 256u << 10;
    units[256] = 1;  // no child for NUL
    units[321] = 1u << 10 | 1u << 8 | 'A';
    units[320] = 0x80000000u;
  }
  std::string text() const {
    const auto size = static_cast<std::uint32_t>(units.size() * 4);
    std::string out(4 + size, '\0');
    std::memcpy(out.data(), &size, 4);
    std::memcpy(out.data() + 4, units.data(), size);
    return out + replacements;
  }
};

struct Model {
  std::uint64_t type = 1;  // unigram
  std::string charsmap = Charsmap().text();
  std::string more;  // fields at the end
  std::string text() const {
    std::string out = piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("<user>", 0, 4);
    float score = 0;
    for (const char* token : {"\u2581a", "\u2581", "a", "b", "ab"}) out += piece(token, --score);
    return out + bytes(2, number(3, type)) + bytes(3, charsmap.empty() ? "" : bytes(2, charsmap)) + more;
  }
};

Vocabulary read(const std::string& model, std::string_view config = "") {
  return Vocabulary::from_sentencepiece(model, config, "FILE");
}
std::string failure(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    return std::string(to_string(e.code())) + ": " + e.what();
  }
  return "no error";
}

TEST(SentencePieceLibrary, EncodesAndDecodes) {
  const Vocabulary v = read(Model{}.text());
  EXPECT_EQ(v.kind, "sentencepiece");
  EXPECT_EQ(v.types[3], TokenType::user_defined);
  const auto t = Tokenizer::make(v);
  EXPECT_THAT(t->encode(""), ElementsAre(1));
  EXPECT_THAT(t->encode("A  b"), ElementsAre(1, 4, 5, 7));  // "A" by the rule; one space of two
  EXPECT_THAT(t->encode("a<user>b", {false, false}), ElementsAre(4, 3, 7));
  EXPECT_THAT(t->encode("a</s>b<unk>", {false, true}), ElementsAre(4, 2, 5, 7, 0));
  EXPECT_THAT(t->encode("a</s>", {false, false}), testing::Not(testing::Contains(2)));
  EXPECT_THAT(t->encode("\xFF", {false, false}), ElementsAre(5, 0));
  EXPECT_EQ(t->decode(std::vector<std::int32_t>{1, 4, 5, 7, 3, 0, 2}), "a b<user> \u2047 ");
  EXPECT_EQ(t->decode({}), "");
  EXPECT_EQ(t->piece(4), " a");
  EXPECT_EQ(t->piece(3), "<user>");
  EXPECT_EQ(t->piece(2), "");
  EXPECT_EQ(t->piece(0), " \u2047 ");
  for (std::int32_t id : {-1, 9}) {
    EXPECT_THAT(failure([&] { (void)t->piece(id); }), HasSubstr("out_of_range"));
    EXPECT_THAT(failure([&] { (void)t->decode(std::span(&id, 1)); }), HasSubstr("out_of_range"));
  }
  EXPECT_TRUE(t->ends_generation(2));
}

TEST(SentencePieceLibrary, Configuration) {
  const Vocabulary v = read(Model{}.text(), R"({"add_bos_token":false,"add_eos_token":true,"bos_token":"</s>"})");
  EXPECT_THAT(Tokenizer::make(v)->encode("a"), ElementsAre(4, 2));
  const auto files = v.to_huggingface();
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].first, "tokenizer.model");
  EXPECT_EQ(files[0].second, Model{}.text());
  EXPECT_THAT(Tokenizer::make(read(files[0].second, files[1].second))->encode("a"), ElementsAre(4, 2));
}

TEST(SentencePieceLibrary, KindsAndGguf) {
  const std::string identity = bytes(3, number(4, 0));  // after the first: remove_extra_whitespaces off
  Metadata metadata;
  const Vocabulary unigram = read(Model{}.text());
  unigram.to_metadata(metadata);
  const Vocabulary t5 = Vocabulary::from_metadata(metadata, "metadata");
  EXPECT_EQ(t5.kind, "t5");
  for (const char* text : {"a", " b  ab\xFF a<user>b", "abba", ""})
    EXPECT_EQ(Tokenizer::make(t5)->encode(text), Tokenizer::make(unigram)->encode(text)) << text;
  EXPECT_THAT(failure([&] { read(Model{3}.text()).to_metadata(metadata); }),
              testing::AllOf(HasSubstr("not_implemented"), HasSubstr("word")));
  EXPECT_THAT(failure([&] { read(Model{2, Charsmap().text(), identity}.text()).to_metadata(metadata); }),
              HasSubstr("normalisation rules"));
  EXPECT_THAT(failure([&] { read(Model{2, "", ""}.text()).to_metadata(metadata); }),
              HasSubstr("remove_extra_whitespaces"));
  EXPECT_THAT(failure([&] {
                read(Model{2, "", identity + bytes(5, bytes(2, Charsmap().text()))}.text()).to_metadata(metadata);
              }),
              HasSubstr("behind the decoder"));
  Vocabulary v = read(Model{2, "", identity}.text());
  EXPECT_EQ(v.kind, "sentencepiece");  // the user-defined piece
  v.to_metadata(metadata);
  EXPECT_EQ(metadata.string("tokenizer.ggml.model"), "llama");
  EXPECT_EQ(Vocabulary::from_metadata(metadata, "FILE").types[3], TokenType::user_defined);
  std::string plain = Model{2, "", identity}.text();
  plain.replace(plain.find(piece("<user>", 0, 4)), piece("<user>", 0, 4).size(), piece("<user>", 0, 1));
  v = read(plain);
  EXPECT_EQ(v.kind, "llama");
  EXPECT_TRUE(v.model.empty());
  v = read(Model{}.text());
  v.tokens.push_back("more"), v.types.push_back(TokenType::normal), v.scores.push_back(0);
  EXPECT_THAT(failure([&] { Tokenizer::make(v); }), HasSubstr("9 pieces for 10 tokens"));
}

TEST(SentencePieceLibrary, RefusesRulesThatLeaveTheirBounds) {
  const auto after = [](auto change) {
    Charsmap map;
    change(map);
    return failure([&] { read(Model{1, map.text(), ""}.text()); });
  };
  EXPECT_EQ(after([](Charsmap&) {}), "no error");
  EXPECT_THAT(after([](Charsmap& m) { m.units[0] = 512u << 10; }), HasSubstr("leaves its bounds"));
  EXPECT_THAT(after([](Charsmap& m) { m.units[0] = 0x7FFFFEFFu; }), HasSubstr("leaves its bounds"));
  EXPECT_THAT(after([](Charsmap& m) { m.units[321] = 512u << 10 | 'A'; }), HasSubstr("leaves its bounds"));
  EXPECT_THAT(after([](Charsmap& m) { m.units.resize(400); }), HasSubstr("leaves its bounds"));
  EXPECT_THAT(after([](Charsmap& m) { m.units.clear(); }), HasSubstr("a trie of 0 bytes"));
  EXPECT_THAT(after([](Charsmap& m) { m.units[320] |= 2; }), HasSubstr("a replacement lies outside"));
  EXPECT_THAT(after([](Charsmap& m) { m.replacements = "ab"; }), HasSubstr("has no end"));
  EXPECT_THAT(after([](Charsmap& m) { m.replacements.assign(1025, 'a').push_back('\0'); }), HasSubstr("1024 bytes"));
  // 321 ^ 'A' ^ 'A' is 321 again.
  EXPECT_THAT(after([](Charsmap& m) { m.units[321] = static_cast<std::uint32_t>('A') << 10 | 'A'; }),
              HasSubstr("circle"));
  for (int rules : {32, 33}) {  // "A", "AA", …: a block of 256 units for each
    const std::string result = after([&](Charsmap& m) {
      m = Charsmap();
      m.units.assign(256 * static_cast<std::size_t>(rules + 2), 0xFF);
      std::uint32_t node = 0;
      for (std::uint32_t i = 1; i <= static_cast<std::uint32_t>(rules) + 1; ++i) {
        const std::uint32_t base = 256 * i, value = i > 1 ? 1u << 8 : 0;
        m.units[node] = (node ^ base) << 10 | value | (i > 1 ? 'A' : 0u);
        m.units[base] = 0x80000000u;
        node = base ^ 'A';
      }
    });
    EXPECT_THAT(result, rules == 32 ? HasSubstr("no error") : HasSubstr("more than 32 rules")) << rules;
  }
  const std::string text = Charsmap().text();
  for (std::size_t length : {1, 3, 4, 100, 2052})
    EXPECT_THAT(failure([&] { read(Model{1, text.substr(0, length), ""}.text()); }), HasSubstr("precompiled_charsmap"))
        << length;
}

TEST(SentencePieceLibrary, RefusesByName) {
  const auto refused = [](const std::string& more) { return failure([&] { read(Model{1, "", more}.text()); }); };
  EXPECT_THAT(refused(piece("a", 0)), testing::AllOf(HasSubstr("invalid_file"), HasSubstr("already defined")));
  EXPECT_THAT(refused(piece("", 0)), HasSubstr("must not be empty"));
  EXPECT_THAT(refused(piece("<unk2>", 0, 2)), HasSubstr("unk is already defined"));
  EXPECT_THAT(refused(piece("<0x00>", 0, 6)), HasSubstr("byte_fallback"));
  EXPECT_THAT(refused(piece(std::string_view("\0z", 2), 0, 4)), HasSubstr("invalid_file"));
  EXPECT_THAT(refused(piece("z", NAN)), HasSubstr("scores[9]"));
  EXPECT_THAT(refused(bytes(2, number(35, 1))), HasSubstr("256 byte pieces"));
  // Samples in the model whose ids differ: the library logs them, at a level that we turn off.
  testing::internal::CaptureStderr();
  EXPECT_EQ(refused(bytes(4, bytes(1, bytes(1, "a") + bytes(2, "\u2581a")))), "no error");
  EXPECT_THAT(refused(bytes(4, bytes(1, bytes(1, "a") + bytes(2, "b")))), HasSubstr("Self-test"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  std::string chain, text;
  for (int i = 0; i < 64; ++i) chain += piece(text += 'z', 0, 4);
  EXPECT_EQ(refused(chain), "no error");
  EXPECT_THAT(refused(chain + piece(text += 'z', 0, 4)), HasSubstr("more than 64 user-defined pieces"));
}

// Every bit of a model, and every length: an error or a tokenizer that works, nothing on stderr.
TEST(SentencePieceLibrary, SurvivesDamage) {
  const auto use = [](const std::string& model) {
    try {
      const auto t = Tokenizer::make(read(model));
      for (std::string_view text : {"A  b<user>ab </s> \xFF\xE2\x82", "aAAAA"}) (void)t->decode(t->encode(text));
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  testing::internal::CaptureStderr();
  for (std::uint64_t type : {1, 2, 3, 4}) {
    const std::string model = Model{type, Charsmap().text(), ""}.text();
    // The trie's unused units say nothing: its middle is left out for all types but one.
    int accepted = 0, refused = 0;
    for (std::size_t at = 0; at < model.size(); at += sanitized ? 5 : 1) {
      if (type != 1 && at > 400 && at + 400 < model.size()) continue;
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = model;
        damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
        ++(use(damaged) ? accepted : refused);
      }
    }
    EXPECT_GT(accepted, sanitized ? 20 : 100);
    EXPECT_GT(refused, sanitized ? 20 : 100);
    for (std::size_t length = 0; length < model.size(); length += type == 1 && !sanitized ? 1 : 17)
      use(model.substr(0, length));
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace ingot
