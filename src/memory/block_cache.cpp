#include "memory/block_cache.h"

#include <algorithm>

namespace ingot {

void* BlockCache::take(std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  // The youngest first: its pages are the likeliest to lie in a cache.
  for (std::size_t i = count_; i-- > 0;) {
    const Block block = blocks_[i];
    if (block.bytes != bytes) continue;
    std::copy(blocks_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
              blocks_.begin() + static_cast<std::ptrdiff_t>(count_), blocks_.begin() + static_cast<std::ptrdiff_t>(i));
    --count_;
    held_ -= block.bytes;
    return block.data;
  }
  return nullptr;
}

void BlockCache::give(void* block, std::size_t bytes) noexcept {
  if (bytes > capacity) return release_(block);
  const std::lock_guard lock(mutex_);
  std::size_t dropped = 0;
  while (dropped < count_ && (count_ - dropped == blocks_.size() || held_ + bytes > capacity)) {
    held_ -= blocks_[dropped].bytes;
    release_(blocks_[dropped++].data);
  }
  std::copy(blocks_.begin() + static_cast<std::ptrdiff_t>(dropped),
            blocks_.begin() + static_cast<std::ptrdiff_t>(count_), blocks_.begin());
  count_ -= dropped;
  blocks_[count_++] = {block, bytes};
  held_ += bytes;
}

void BlockCache::clear() noexcept {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < count_; ++i) release_(blocks_[i].data);
  count_ = held_ = 0;
}

}  // namespace ingot
