#include "formats/utf8.h"

#include <fmt/core.h>

#include <cstdint>
#include <cstring>

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

bool is_valid_utf8(std::string_view text) noexcept {
  // Names and most tokens are ASCII: eight at a time.
  const auto eight_ascii = [](const char* p) {
    std::uint64_t eight;
    std::memcpy(&eight, p, 8);
    return (eight & 0x8080808080808080u) == 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text.size() - at >= 8 && eight_ascii(text.data() + at)) {
      at += 8;
      continue;
    }
    const Utf8Step step = utf8_step(text, at);
    if (step.status != Utf8Status::valid) return false;
    at += step.length;
  }
  return true;
}

std::string printable(std::string_view text) {
  constexpr std::size_t most = 120;
  const bool valid = is_valid_utf8(text);
  std::string out;
  std::size_t i = 0;
  // A cut never falls inside a character.
  for (; i < text.size() && (i < most || (valid && (text[i] & 0xC0) == 0x80)); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F || (c >= 0x80 && !valid))
      out += fmt::format("\\x{:02x}", c);
    else
      out += text[i];
  }
  if (i < text.size()) out += "…";
  return out;
}

}  // namespace ingot
