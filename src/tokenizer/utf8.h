// Characters of UTF-8 as code points, and back.
#pragma once

#include <string>
#include <string_view>

#include "formats/utf8.h"

namespace ingot {

/// The code point of a character that utf8_step called valid.
char32_t utf8_code_point(std::string_view character) noexcept;
void append_utf8(std::string& out, char32_t code_point);

}  // namespace ingot
