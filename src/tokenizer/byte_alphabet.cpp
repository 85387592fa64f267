#include "tokenizer/byte_alphabet.h"

#include <array>

#include "tokenizer/utf8.h"

namespace ingot {

namespace {

struct Alphabet {
  std::array<std::string, 256> characters;
  std::array<int, 0x144> bytes;  // by code point; the last stand-in is U+0143

  Alphabet() {
    bytes.fill(-1);
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      const char32_t code_point = printable ? byte : next++;
      append_utf8(characters[byte], code_point);
      bytes[code_point] = static_cast<int>(byte);
    }
  }
  int byte(std::string_view character) const noexcept {
    const char32_t c = utf8_code_point(character);
    return c < bytes.size() ? bytes[c] : -1;
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

std::string_view byte_character(unsigned char byte) noexcept { return alphabet().characters[byte]; }

std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) out += byte_character(static_cast<unsigned char>(c));
  return out;
}

std::string from_byte_alphabet(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text, at);
    const std::string_view character = text.substr(at, step.length);
    const int byte = step.status == Utf8Status::valid ? alphabet().byte(character) : -1;
    if (byte >= 0)
      out += static_cast<char>(byte);
    else
      out += character;
    at += step.length;
  }
  return out;
}

bool is_byte_alphabet(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Step step = utf8_step(text, at);
    if (step.status != Utf8Status::valid || alphabet().byte(text.substr(at, step.length)) < 0) return false;
    at += step.length;
  }
  return true;
}

}  // namespace ingot
