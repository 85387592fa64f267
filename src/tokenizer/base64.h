// RFC 4648, as tokenizer.json holds the rules of SentencePiece's normaliser.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ingot {

std::string to_base64(std::string_view bytes);
/// None where the text is no base64 with its padding.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace ingot
