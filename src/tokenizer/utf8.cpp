#include "tokenizer/utf8.h"

#include "ingot/tokenizer.h"

namespace ingot {

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
