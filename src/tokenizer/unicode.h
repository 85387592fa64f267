// Properties and normal forms of characters, by utf8proc (Unicode 15), which stays inside unicode.cpp.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "tokenizer/utf8.h"

namespace ingot {

/// White_Space.
bool is_space(char32_t c) noexcept;
/// Categories Cc, Cf, Co.
bool is_control(char32_t c) noexcept;
/// Categories M, and Mn alone.
bool is_mark(char32_t c) noexcept;
bool is_nonspacing_mark(char32_t c) noexcept;
/// Categories P and ASCII's symbols.
bool is_punctuation(char32_t c) noexcept;
/// Categories N.
bool is_number(char32_t c) noexcept;
/// \w of UTS 18: letters, marks, digits, connectors, joiners, circled and squared letters.
bool is_word(char32_t c) noexcept;

/// The full lower case of one character, whatever stands around it.
void append_lower(std::string& out, char32_t c);

enum class NormalForm { nfc, nfd, nfkc, nfkd };
/// Of valid UTF-8, in n log n. Throws out_of_memory.
std::string normalize(std::string_view text, NormalForm form);

/// Calls f for each extended grapheme cluster (UAX 29) of valid UTF-8.
void for_each_grapheme(std::string_view text, const std::function<void(std::string_view)>& f);

/// The text with U+FFFD for each stretch that is no UTF-8.
std::string to_valid_utf8(std::string_view text);

/// Calls f(code point, bytes) for each character of valid UTF-8.
template <class F>
void for_each_character(std::string_view text, F&& f) {
  while (!text.empty()) {
    const std::string_view character = text.substr(0, utf8_step(text, 0).length);
    f(utf8_code_point(character), character);
    text.remove_prefix(character.size());
  }
}

}  // namespace ingot
