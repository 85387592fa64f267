#include "formats/utf8.h"

#include <fmt/core.h>

#include <cstdint>
#include <cstring>

namespace ingot {

bool is_valid_utf8(std::string_view text) noexcept {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p != end) {
    // Names and most tokens are ASCII: eight at a time.
    while (end - p >= 8) {
      std::uint64_t eight;
      std::memcpy(&eight, p, 8);
      if (eight & 0x8080808080808080u) break;
      p += 8;
    }
    if (p == end) return true;
    const unsigned lead = *p++;
    if (lead < 0x80) continue;
    int more;
    unsigned least, value;
    if ((lead & 0xE0) == 0xC0)
      more = 1, least = 0x80, value = lead & 0x1F;
    else if ((lead & 0xF0) == 0xE0)
      more = 2, least = 0x800, value = lead & 0x0F;
    else if ((lead & 0xF8) == 0xF0)
      more = 3, least = 0x10000, value = lead & 0x07;
    else
      return false;
    if (end - p < more) return false;
    for (int i = 0; i < more; ++i, ++p) {
      if ((*p & 0xC0) != 0x80) return false;
      value = value << 6 | (*p & 0x3F);
    }
    if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return false;
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
