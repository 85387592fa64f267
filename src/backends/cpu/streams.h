// The order in which much memory is read.
#pragma once

#include <cstdint>

namespace ingot::cpu {

/// What a task should take of memory that is read once: in_streams() then has places far enough from each other.
constexpr std::int64_t streamed_task_bytes = std::int64_t{2} << 20;

/// Calls f(i) for 0 ≤ i < n, where i stands for the `bytes` bytes that follow those of i − 1. Much memory is read as
/// four streams, a piece of each in turn: one core gets 40 GB/s in turns of 4 KiB from places 1 MiB apart, 35 from
/// 256 KiB, 27 in one stream and less from places nearer than 64 KiB (Zen 4).
template <class F>
void in_streams(std::int64_t n, std::int64_t bytes, F&& f) {
  const std::int64_t apart = n / 4;
  std::int64_t i = 0;
  if (apart * bytes >= std::int64_t{128} << 10) {
    for (; i < apart; ++i)
      for (std::int64_t stream = 0; stream < 4; ++stream) f(stream * apart + i);
    i = 4 * apart;
  }
  for (; i < n; ++i) f(i);
}

}  // namespace ingot::cpu
