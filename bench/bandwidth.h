// The limit that decoding is held against: reading the same memory once, as fast as the machine can.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/parallel.h"

namespace ingot::bench {

struct Range {
  const std::byte* data;
  std::size_t bytes;
};

/// Xor of all words. Eight sums keep loads independent; prefetching a page ahead gains what the hardware's
/// prefetchers lose at page ends (13 % on one core of a Xeon).
inline std::uint64_t read_words(const std::byte* data, std::size_t bytes) {
  std::uint64_t sums[8] = {};
  const auto* words = reinterpret_cast<const std::uint64_t*>(data);
  for (std::size_t i = 0; i + 8 <= bytes / 8; i += 8) {
    __builtin_prefetch(reinterpret_cast<const char*>(words + i) + 4096);
    for (std::size_t k = 0; k < 8; ++k) sums[k] ^= words[i + k];
  }
  return sums[0] ^ sums[1] ^ sums[2] ^ sums[3] ^ sums[4] ^ sums[5] ^ sums[6] ^ sums[7];
}

inline std::uint64_t read_all(std::span<const Range> ranges) {
  std::atomic<std::uint64_t> sink{0};
  for (const Range& range : ranges) {
    constexpr std::int64_t piece = 1 << 20;
    parallel_for(static_cast<std::int64_t>(range.bytes), piece, [&](std::int64_t begin, std::int64_t end) {
      sink ^= read_words(range.data + begin, static_cast<std::size_t>(end - begin));
    });
  }
  return sink;
}

}  // namespace ingot::bench
