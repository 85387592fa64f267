#include "tokenizer/utf8.h"

#include "ingot/tokenizer.h"

namespace ingot {

Utf8Step utf8_step(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return {1, Utf8Status::valid};
  if (lead < 0xC2 || lead > 0xF4) return {1, Utf8Status::invalid};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Unicode table 3-7: the second byte's range excludes overlong forms, surrogates and code points above U+10FFFF.
  unsigned char low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < length; ++i, low = 0x80, high = 0xBF) {
    if (at + i == text.size()) return {i, Utf8Status::incomplete};
    if (byte(at + i) < low || byte(at + i) > high) return {i, Utf8Status::invalid};
  }
  return {length, Utf8Status::valid};
}

char32_t utf8_code_point(std::string_view character) noexcept {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (lead < 0x80) return lead;
  char32_t result = lead & (0x7Fu >> character.size());
  for (std::size_t i = 1; i < character.size(); ++i)
    result = result << 6 | (static_cast<unsigned char>(character[i]) & 0x3Fu);
  return result;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text, at);
    if (step.status != Utf8Status::valid) return false;
    at += step.length;
  }
  return true;
}

std::string Utf8Stream::push(std::string_view piece) {
  pending_ += piece;
  std::string out;
  std::size_t at = 0;
  while (at < pending_.size()) {
    const Utf8Step step = utf8_step(pending_, at);
    if (step.status == Utf8Status::incomplete) break;
    if (step.status == Utf8Status::valid)
      out.append(pending_, at, step.length);
    else
      append_utf8(out, 0xFFFD);
    at += step.length;
  }
  pending_.erase(0, at);
  return out;
}

std::string Utf8Stream::finish() {
  std::string out;
  if (!pending_.empty()) append_utf8(out, 0xFFFD);  // what waits is always one unfinished character
  pending_.clear();
  return out;
}

}  // namespace ingot
