// GPT-2's printable stand-ins for the 256 bytes (Radford et al. 2019, encoder.py): printable Latin-1 characters stand
// for themselves, the others for U+0100 onwards, in order.
#pragma once

#include <string>
#include <string_view>

namespace ingot {

/// The stand-in of a byte, as UTF-8.
std::string_view byte_character(unsigned char byte) noexcept;
std::string to_byte_alphabet(std::string_view bytes);
/// The inverse; characters outside the alphabet are kept as they are.
std::string from_byte_alphabet(std::string_view text);
bool is_byte_alphabet(std::string_view text) noexcept;

}  // namespace ingot
