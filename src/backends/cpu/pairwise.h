// Joining the results of consecutive blocks as a balanced tree: rounding errors then grow with the logarithm of their
// number, and the tree is that of the number alone, so that any aligned power of two of blocks may be joined elsewhere.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace ingot::cpu {

class Pairwise {
 public:
  using Combine = void (*)(void* a, const void* b, std::size_t n);

  /// Results are `bytes` bytes; combine() is told of `n` accumulators.
  Pairwise(Combine combine, std::size_t bytes) : combine_(combine), next_((bytes - 1) / sizeof(Line) + 1) {}

  /// Where to put the next block's result before push().
  std::byte* next() noexcept { return next_.front().bytes; }
  // As a binary counter carries: level k holds the result of 2ᵏ blocks where bit k of the count is set.
  void push(std::size_t n) {
    std::size_t level = 0;
    for (; count_ >> level & 1; ++level) {
      combine_(levels_[level].front().bytes, next(), n);
      std::swap(levels_[level], next_);
    }
    if (level == levels_.size()) levels_.emplace_back(next_.size());
    std::swap(levels_[level], next_);
    ++count_;
  }
  /// The result of all blocks pushed, of which there is one at least. Ready for other blocks then.
  const std::byte* finish(std::size_t n) {
    std::byte* result = nullptr;
    for (std::size_t level = 0; count_ >> level; ++level) {
      if (!(count_ >> level & 1)) continue;
      if (result) combine_(levels_[level].front().bytes, result, n);
      result = levels_[level].front().bytes;
    }
    clear();
    return result;
  }
  /// Forgets all blocks.
  void clear() noexcept { count_ = 0; }

 private:
  // Results side by side are vectors: on the borders of cache lines a sum of columns took up to twice as long.
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  Combine combine_;
  std::vector<Line> next_;
  std::vector<std::vector<Line>> levels_;
  std::size_t count_ = 0;
};

}  // namespace ingot::cpu
