#include "tokenizer/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "core/fail.h"
#include "ingot/tokenizer.h"

namespace ingot {

namespace {

utf8proc_category_t category(char32_t c) noexcept { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

int combining_class(utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; }

/// Canonical order. utf8proc's own exchanges neighbours, which takes n² steps where a text is all accents.
void order_marks(std::vector<utf8proc_int32_t>& text) {
  for (auto at = text.begin(); at != text.end();) {
    const auto first = std::find_if(at, text.end(), [](utf8proc_int32_t c) { return combining_class(c) != 0; });
    at = std::find_if(first, text.end(), [](utf8proc_int32_t c) { return combining_class(c) == 0; });
    std::stable_sort(first, at,
                     [](utf8proc_int32_t a, utf8proc_int32_t b) { return combining_class(a) < combining_class(b); });
  }
}

}  // namespace

bool is_space(char32_t c) noexcept {
  return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_control(char32_t c) noexcept {
  const auto k = category(c);
  return k == UTF8PROC_CATEGORY_CC || k == UTF8PROC_CATEGORY_CF || k == UTF8PROC_CATEGORY_CO;
}

bool is_mark(char32_t c) noexcept {
  const auto k = category(c);
  return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ME;
}

bool is_nonspacing_mark(char32_t c) noexcept { return category(c) == UTF8PROC_CATEGORY_MN; }

bool is_punctuation(char32_t c) noexcept {
  if (c < 0x80) return c > ' ' && c < 0x7F && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9');
  const auto k = category(c);
  return k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_PO;
}

bool is_number(char32_t c) noexcept {
  const auto k = category(c);
  return k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO;
}

bool is_word(char32_t c) noexcept {
  const auto k = category(c);
  return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_NL) || k == UTF8PROC_CATEGORY_PC || c == 0x200C ||
         c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
         (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
}

void append_lower(std::string& out, char32_t c) {
  // The one character of SpecialCasing.txt that has two in lower case everywhere.
  if (c == 0x130)
    out += "i\u0307";
  else
    append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

std::string normalize(std::string_view text, NormalForm form) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string(text);
  const bool compatible = form == NormalForm::nfkc || form == NormalForm::nfkd;
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_STABLE | (compatible ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> characters;
  characters.reserve(text.size() + 32);
  for_each_character(text, [&](char32_t c, std::string_view) {
    utf8proc_int32_t parts[32];  // the longest decomposition has 18
    int boundary = 0;
    const auto n = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 32, options, &boundary);
    if (n < 0 || n > 32) fail(ErrorCode::internal, "tokenizer", "utf8proc: {}", utf8proc_errmsg(n));
    characters.insert(characters.end(), parts, parts + n);
  });
  order_marks(characters);
  if (form == NormalForm::nfc || form == NormalForm::nfkc) {
    const auto n = utf8proc_normalize_utf32(characters.data(), static_cast<utf8proc_ssize_t>(characters.size()),
                                            static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
    if (n < 0) fail(ErrorCode::internal, "tokenizer", "utf8proc: {}", utf8proc_errmsg(n));
    characters.resize(static_cast<std::size_t>(n));
  }
  std::string out;
  out.reserve(text.size());
  for (utf8proc_int32_t c : characters) append_utf8(out, static_cast<char32_t>(c));
  return out;
}

void for_each_grapheme(std::string_view text, const std::function<void(std::string_view)>& f) {
  std::size_t begin = 0;
  utf8proc_int32_t before = 0, state = 0;
  for_each_character(text, [&](char32_t c, std::string_view bytes) {
    const auto at = static_cast<std::size_t>(bytes.data() - text.data());
    if (at > 0 && utf8proc_grapheme_break_stateful(before, static_cast<utf8proc_int32_t>(c), &state)) {
      f(text.substr(begin, at - begin));
      begin = at;
    }
    before = static_cast<utf8proc_int32_t>(c);
  });
  if (!text.empty()) f(text.substr(begin));
}

std::string to_valid_utf8(std::string_view text) {
  Utf8Stream stream;
  std::string out = stream.push(text);
  return out += stream.finish();
}

}  // namespace ingot
