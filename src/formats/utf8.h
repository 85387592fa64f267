// UTF-8 as in RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ingot {

enum class Utf8Status : unsigned char {
  valid,       // a whole character
  invalid,     // the longest start of a character that can not go on: one U+FFFD (Unicode 3.9, "maximal subpart")
  incomplete,  // the text ends inside what may still become a character
};

struct Utf8Step {
  std::size_t length;  // bytes, at least one
  Utf8Status status;
};

/// What stands at `at` < text.size().
Utf8Step utf8_step(std::string_view text, std::size_t at) noexcept;
bool is_valid_utf8(std::string_view text) noexcept;

/// `text` for a message: what is not printable ASCII or valid UTF-8 becomes \xNN, and long names are cut.
std::string printable(std::string_view text);

}  // namespace ingot
