// The limit that decoding is held against: reading the same memory once, as fast as the machine can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/parallel.h"

namespace ingot::bench {

struct Range {
  const std::byte* data;
  std::size_t bytes;
};

/// Sums of 64-byte lines. Asking for a page ahead gains what the hardware's prefetchers lose at page ends (13 % on one
/// core of a Xeon).
inline void read_lines(const std::byte* data, std::size_t bytes) {
  using Words = std::uint64_t __attribute__((vector_size(16)));
  Words sums[4] = {};
  for (std::size_t at = 0; at + 64 <= bytes; at += 64) {
    __builtin_prefetch(data + at + 4096);
    for (std::size_t i = 0; i < 4; ++i) {
      Words words;
      std::memcpy(&words, data + at + 16 * i, 16);
      sums[i] += words;
    }
  }
  const Words sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  asm volatile("" : : "r"(sum[0] + sum[1]));  // keeps the reading
}

inline void read_all(std::span<const Range> ranges) {
  for (const Range& range : ranges)
    parallel_for(static_cast<std::int64_t>(range.bytes), 1 << 17, [&](std::int64_t begin, std::int64_t end) {
      read_lines(range.data + begin, static_cast<std::size_t>(end - begin));
    });
}

}  // namespace ingot::bench
