// UTF-8, one step at a time.
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
/// The code point of a character that utf8_step called valid.
char32_t utf8_code_point(std::string_view character) noexcept;
void append_utf8(std::string& out, char32_t code_point);
bool is_utf8(std::string_view text) noexcept;

}  // namespace ingot
