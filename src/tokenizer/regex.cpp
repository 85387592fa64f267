#include "tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/fail.h"
#include "tokenizer/utf8.h"

namespace ingot {

namespace {

std::string message(int code) {
  unsigned char text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using MatchData = std::unique_ptr<pcre2_match_data, Deleter<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Deleter<pcre2_match_context_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Deleter<pcre2_jit_stack_free>>;

// Alternations under a star need stack for every turn: enough for words of some hundred thousand letters.
constexpr std::size_t jit_stack_bytes = std::size_t{32} << 20;
// A pattern from a file must not run for ever, whatever it is.
constexpr std::uint32_t match_limit = 100'000'000, heap_limit_kib = 256 << 10;

}  // namespace

struct Regex::Compiled {
  std::unique_ptr<pcre2_code, Deleter<pcre2_code_free>> code;
  std::string pattern;
};

Regex::Regex(std::string_view pattern) : compiled_(std::make_unique<Compiled>()) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  compiled_->pattern = pattern;
  compiled_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error,
                                      &offset, nullptr));
  if (!compiled_->code)
    fail(ErrorCode::invalid_argument, "tokenizer", "pattern '{}', byte {}: {}", pattern, offset, message(error));
  // Where there is no just-in-time compiler the interpreter gives the same matches, slower.
  pcre2_jit_compile(compiled_->code.get(), PCRE2_JIT_COMPLETE);
}

Regex::Regex(Regex&&) noexcept = default;
Regex::~Regex() = default;

void Regex::matches(std::string_view piece, const std::function<void(std::size_t, std::size_t)>& f) const {
  const pcre2_code* code = compiled_->code.get();
  const MatchData match(pcre2_match_data_create_from_pattern(code, nullptr));
  const MatchContext context(pcre2_match_context_create(nullptr));
  JitStack stack;  // the machine's own is enough for most texts, and this one is mapped and unmapped each time
  if (!match || !context) fail(ErrorCode::out_of_memory, "tokenizer", "no memory to match a pattern");
  pcre2_set_match_limit(context.get(), match_limit);
  pcre2_set_heap_limit(context.get(), heap_limit_kib);
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
  std::size_t done = 0;
  for (std::size_t from = 0; from < piece.size();) {
    const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(piece.data()), piece.size(), from,
                                  PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, match.get(), context.get());
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found == PCRE2_ERROR_JIT_STACKLIMIT && !stack) {
      stack.reset(pcre2_jit_stack_create(32 << 10, jit_stack_bytes, nullptr));
      if (!stack) fail(ErrorCode::out_of_memory, "tokenizer", "no memory to match a pattern");
      pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
      continue;
    }
    if (found < 0)
      fail(ErrorCode::invalid_argument, "tokenizer", "pattern '{}' on a text of {} bytes: {}", compiled_->pattern,
           piece.size(), message(found));
    // \K inside a lookahead may set a start behind the end: such a pattern cuts nothing.
    if (range[1] <= range[0] || range[0] < done)
      fail(ErrorCode::invalid_argument, "tokenizer", "pattern '{}' matches backwards", compiled_->pattern);
    f(range[0], range[1]);
    done = from = range[1];
  }
}

void Regex::split(std::string_view piece, std::vector<std::string_view>& pieces) const {
  std::size_t done = 0;
  matches(piece, [&](std::size_t begin, std::size_t end) {
    if (begin > done) pieces.push_back(piece.substr(done, begin - done));
    pieces.push_back(piece.substr(begin, end - begin));
    done = end;
  });
  if (done < piece.size()) pieces.push_back(piece.substr(done));
}

std::string quote_regex(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = static_cast<unsigned char>(c) >= 0x80 || (c >= '0' && c <= '9') ||
                       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c <= ' ';
    out.append(plain ? "" : "\\") += c;
  }
  return out;
}

}  // namespace ingot
