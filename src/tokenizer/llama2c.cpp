// llama2.c's tokenizer.bin: i32 longest token, then for each token f32 score, i32 length, bytes; little-endian.
#include <bit>
#include <cmath>
#include <cstring>

#include "core/fail.h"
#include "ingot/tokenizer.h"
#include "tokenizer/finish.h"
#include "tokenizer/kinds.h"

namespace ingot {

Vocabulary Vocabulary::from_llama2c(std::string_view bytes, std::int64_t size, const std::string& source) {
  static_assert(std::endian::native == std::endian::little);
  std::size_t at = 0;
  const auto read = [&]<class T>(T& value, std::string_view what) {
    if (bytes.size() - at < sizeof value)
      fail(ErrorCode::invalid_file, "tokenizer", "{}, byte {}: {} expected, {} bytes remain", source, at, what,
           bytes.size() - at);
    std::memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
  };
  if (size <= 0 || static_cast<std::uint64_t>(size) > max_tokens)
    fail(ErrorCode::invalid_file, "tokenizer", "{}: vocabulary of {} tokens", source, size);
  std::int32_t longest = 0;
  read(longest, "the length of the longest token");

  Vocabulary v;
  v.kind = "llama";
  for (std::int64_t id = 0; id < size; ++id) {
    float score = 0;
    std::int32_t length = 0;
    read(score, fmt::format("the score of token {} of {}", id, size));
    read(length, fmt::format("the length of token {} of {}", id, size));
    if (length < 0 || static_cast<std::size_t>(length) > bytes.size() - at)
      fail(ErrorCode::invalid_file, "tokenizer", "{}, byte {}: token {} has {} bytes, {} remain", source, at - 4, id,
           length, bytes.size() - at);
    const std::string_view token = bytes.substr(at, static_cast<std::size_t>(length));
    at += static_cast<std::size_t>(length);
    // The file was exported with "\n<s>\n" for BOS and the like, and with plain spaces. GGUF's spelling of both:
    TokenType type = TokenType::normal;
    std::string text = replace_all(token, " ", space_mark);
    if (id == 0)
      type = TokenType::unknown, text = "<unk>";
    else if (id == 1)
      type = TokenType::control, text = "<s>";
    else if (id == 2)
      type = TokenType::control, text = "</s>";
    else if (parse_byte_token(token) >= 0)
      type = TokenType::byte;
    v.tokens.push_back(std::move(text));
    v.scores.push_back(score);
    v.types.push_back(type);
  }
  if (at != bytes.size())
    fail(ErrorCode::invalid_file, "tokenizer", "{}, byte {}: {} bytes after the last of {} tokens", source, at,
         bytes.size() - at, size);
  if (size > 2) v.unknown = 0, v.bos = 1, v.eos = 2, v.end_of_generation = {2};
  v.add_bos = v.bos.has_value();
  v.check(source);
  return v;
}

}  // namespace ingot
