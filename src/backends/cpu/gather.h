// Strided elements to a contiguous buffer and back, by width: vector kernels see rows only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ingot::cpu {

namespace detail {

template <class Word>
void gather(const std::byte* from, std::int64_t step, std::byte* to, std::int64_t n) noexcept {
  for (std::int64_t i = 0; i < n; ++i)
    std::memcpy(to + i * static_cast<std::int64_t>(sizeof(Word)),
                from + i * step * static_cast<std::int64_t>(sizeof(Word)), sizeof(Word));
}

template <class Word>
void scatter(const std::byte* from, std::byte* to, std::int64_t step, std::int64_t n) noexcept {
  for (std::int64_t i = 0; i < n; ++i)
    std::memcpy(to + i * step * static_cast<std::int64_t>(sizeof(Word)),
                from + i * static_cast<std::int64_t>(sizeof(Word)), sizeof(Word));
}

}  // namespace detail

/// `n` elements of `width` bytes that lie `step` elements apart → a contiguous buffer.
inline void gather(const std::byte* from, std::int64_t step, std::size_t width, std::byte* to,
                   std::int64_t n) noexcept {
  if (step == 1)
    std::memcpy(to, from, static_cast<std::size_t>(n) * width);
  else if (width == 1)
    detail::gather<std::uint8_t>(from, step, to, n);
  else if (width == 2)
    detail::gather<std::uint16_t>(from, step, to, n);
  else if (width == 4)
    detail::gather<std::uint32_t>(from, step, to, n);
  else
    detail::gather<std::uint64_t>(from, step, to, n);
}

/// The reverse.
inline void scatter(const std::byte* from, std::byte* to, std::int64_t step, std::size_t width,
                    std::int64_t n) noexcept {
  if (step == 1)
    std::memcpy(to, from, static_cast<std::size_t>(n) * width);
  else if (width == 1)
    detail::scatter<std::uint8_t>(from, to, step, n);
  else if (width == 2)
    detail::scatter<std::uint16_t>(from, to, step, n);
  else if (width == 4)
    detail::scatter<std::uint32_t>(from, to, step, n);
  else
    detail::scatter<std::uint64_t>(from, to, step, n);
}

}  // namespace ingot::cpu
