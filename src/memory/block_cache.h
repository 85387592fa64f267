// Freed large blocks, kept for the next tensor of their size: the kernel gives fresh memory page by page, each
// zeroed on first touch, which takes as long as the operation that fills it.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

namespace ingot {

class BlockCache {
 public:
  /// Blocks below this are malloc's business.
  static constexpr std::size_t smallest = std::size_t{1} << 20;
  /// What is kept at most, all blocks together.
  static constexpr std::size_t capacity = std::size_t{128} << 20;

  explicit BlockCache(void (*release)(void*) noexcept) noexcept : release_(release) {}
  ~BlockCache() { clear(); }
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  /// A block of exactly `bytes`, or null.
  void* take(std::size_t bytes) noexcept;
  /// Takes the block over: keeps it, letting older ones go where the capacity asks for it, or releases it.
  void give(void* block, std::size_t bytes) noexcept;
  void clear() noexcept;

 private:
  struct Block {
    void* data;
    std::size_t bytes;
  };
  void (*release_)(void*) noexcept;
  std::mutex mutex_;
  std::array<Block, 16> blocks_{};  // the oldest first
  std::size_t count_ = 0, held_ = 0;
};

}  // namespace ingot
