#include "tokenizer/utf8.h"

#include <gtest/gtest.h>

#include "ingot/tokenizer.h"

namespace ingot {
namespace {

const std::string replacement = "\xEF\xBF\xBD";

std::string whole(std::string_view text) {
  Utf8Stream stream;
  std::string out = stream.push(text);
  return out + stream.finish();
}

TEST(Utf8Stream, KeepsValidText) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF\xED\x9F\xBF\xEE\x80\x80";
  EXPECT_EQ(whole(text), text);
}

// Unicode 15, section 3.9, tables 3-8 to 3-11: how maximal subparts are replaced.
TEST(Utf8Stream, ReplacesMaximalSubparts) {
  const std::string r = replacement;
  EXPECT_EQ(whole("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(whole("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), r + r + r + r + r + r + r + r + "A");
  EXPECT_EQ(whole("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), r + r + r + r + r + "A" + r + r + "B");
  EXPECT_EQ(whole("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), r + r + r + r + "A");
}

TEST(Utf8Stream, WaitsForTheRestOfACharacter) {
  Utf8Stream stream;
  EXPECT_EQ(stream.push("x\xF0"), "x");
  EXPECT_EQ(stream.push("\x9F\x98"), "");
  EXPECT_EQ(stream.push("\x80y\xE2"), "\xF0\x9F\x98\x80y");
  EXPECT_EQ(stream.push("z"), replacement + "z");
  EXPECT_EQ(stream.push("\xE2\x82"), "");
  EXPECT_EQ(stream.finish(), replacement);
  EXPECT_EQ(stream.finish(), "");
}

TEST(Utf8Stream, AnyCutsGiveTheSameText) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF\xE2\x28\xF0\x9F\x41\xE2\x82";
  const std::string expected = whole(text);
  for (std::size_t i = 0; i <= text.size(); ++i)
    for (std::size_t j = i; j <= text.size(); ++j) {
      Utf8Stream stream;
      std::string out = stream.push(text.substr(0, i));
      out += stream.push(text.substr(i, j - i));
      out += stream.push(text.substr(j));
      out += stream.finish();
      EXPECT_EQ(out, expected) << i << ' ' << j;
    }
}

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_utf8(text, c);
    const Utf8Step step = utf8_step(text, 0);
    ASSERT_EQ(step.status, Utf8Status::valid) << static_cast<unsigned>(c);
    ASSERT_EQ(step.length, text.size());
    ASSERT_EQ(utf8_code_point(text), c);
  }
}

}  // namespace
}  // namespace ingot
