// Builds binary files in memory, byte by byte, for readers to be tried on; independent of our writers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"

namespace ingot::test {

class Bytes {
 public:
  explicit Bytes(std::endian order = std::endian::little) : order_(order) {}

  template <class T>
  Bytes& number(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    if (order_ != std::endian::native) std::reverse(raw, raw + sizeof(T));
    text_.append(raw, sizeof(T));
    return *this;
  }
  Bytes& u8(unsigned x) { return number(static_cast<std::uint8_t>(x)); }
  Bytes& u16(unsigned x) { return number(static_cast<std::uint16_t>(x)); }
  Bytes& u32(std::uint32_t x) { return number(x); }
  Bytes& u64(std::uint64_t x) { return number(x); }
  Bytes& f32(float x) { return number(x); }
  Bytes& raw(std::string_view text) {
    text_ += text;
    return *this;
  }
  Bytes& zeros(std::size_t n) {
    text_.append(n, '\0');
    return *this;
  }
  Bytes& align(std::size_t alignment) { return zeros((alignment - text_.size() % alignment) % alignment); }
  std::size_t size() const { return text_.size(); }
  const std::string& text() const { return text_; }

 private:
  std::endian order_;
  std::string text_;
};

/// The bytes as a file opened from memory. `lead` bytes before it make every address unaligned.
inline Source source_of(std::string_view bytes, std::string path = "test", std::size_t lead = 0) {
  // Exactly as long as the file, so that the address sanitizer sees a read past its end.
  const std::shared_ptr<char[]> copy(new char[lead + bytes.size()]);
  std::copy(bytes.begin(), bytes.end(), copy.get() + lead);
  return {std::move(path), Storage::borrow(copy.get() + lead, bytes.size(), [copy](void*) {}, true)};
}

/// Opening must throw `code` with a message that contains every one of `parts`.
template <class Open>
void expect_error(Open&& open, ErrorCode code, const std::vector<std::string>& parts) {
  try {
    open();
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
    for (const std::string& part : parts) EXPECT_THAT(error.what(), ::testing::HasSubstr(part));
    return;
  }
  ADD_FAILURE() << "no error, expected one with: " << ::testing::PrintToString(parts);
}

inline void expect_invalid(std::string_view bytes, const std::vector<std::string>& parts, std::string path = "test") {
  expect_error([&] { open_source(source_of(bytes, std::move(path))); }, ErrorCode::invalid_file, parts);
}

/// Row-major values of a tensor at any alignment.
template <class T>
std::vector<T> values_of(const Tensor& x) {
  std::vector<T> out(static_cast<std::size_t>(x.numel()));
  if (!out.empty()) std::memcpy(out.data(), x.bytes(), out.size() * sizeof(T));
  return out;
}

}  // namespace ingot::test
