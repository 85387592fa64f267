// UTF-8 as in RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
#pragma once

#include <string>
#include <string_view>

namespace ingot {

bool is_valid_utf8(std::string_view text) noexcept;

/// `text` for a message: what is not printable ASCII or valid UTF-8 becomes \xNN, and long names are cut.
std::string printable(std::string_view text);

}  // namespace ingot
