// The normaliser's rules in a SentencePiece model.
#pragma once

#include <string>
#include <string_view>

namespace ingot {

/// Throws invalid_file where the library, which trusts the rules, would read outside them.
void check_charsmap(std::string_view charsmap, const std::string& source);

}  // namespace ingot
