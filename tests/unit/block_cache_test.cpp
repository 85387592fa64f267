#include "memory/block_cache.h"

#include <gtest/gtest.h>

#include <vector>

namespace ingot {
namespace {

std::vector<void*> released;
void release(void* block) noexcept { released.push_back(block); }
constexpr std::size_t mib = std::size_t{1} << 20;

void* block(int i) {
  static char places[64];
  return &places[i];
}

TEST(BlockCache, GivesBackTheYoungestOfTheSize) {
  released.clear();
  BlockCache cache(release);
  EXPECT_EQ(cache.take(mib), nullptr);
  cache.give(block(0), mib);
  cache.give(block(1), 2 * mib);
  cache.give(block(2), mib);
  EXPECT_EQ(cache.take(3 * mib), nullptr);
  EXPECT_EQ(cache.take(mib), block(2));
  EXPECT_EQ(cache.take(mib), block(0));
  EXPECT_EQ(cache.take(mib), nullptr);
  EXPECT_EQ(cache.take(2 * mib), block(1));
  EXPECT_TRUE(released.empty());
}

TEST(BlockCache, HoldsNoMoreThanItsCapacity) {
  released.clear();
  BlockCache cache(release);
  for (int i = 0; i < 4; ++i) cache.give(block(i), BlockCache::capacity / 4);
  EXPECT_TRUE(released.empty());
  cache.give(block(4), BlockCache::capacity / 2);  // the two oldest make room
  EXPECT_EQ(released, (std::vector<void*>{block(0), block(1)}));
  cache.give(block(5), BlockCache::capacity + 1);  // never held
  EXPECT_EQ(released.back(), block(5));
  EXPECT_EQ(cache.take(BlockCache::capacity / 2), block(4));
  cache.clear();
  EXPECT_EQ(released.size(), 5u);
}

TEST(BlockCache, HoldsNoMoreThanSixteenBlocks) {
  released.clear();
  {
    BlockCache cache(release);
    for (int i = 0; i < 20; ++i) cache.give(block(i), mib);
    EXPECT_EQ(released, (std::vector<void*>{block(0), block(1), block(2), block(3)}));
  }
  EXPECT_EQ(released.size(), 20u);  // the rest with the cache
}

}  // namespace
}  // namespace ingot
