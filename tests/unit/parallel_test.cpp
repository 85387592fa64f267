#include "core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include "ingot/device.h"
#include "support/errors.h"

namespace ingot {
namespace {

class Parallel : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override { set_num_threads(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Threads, Parallel, ::testing::Values(1, 2, 7));

TEST_P(Parallel, RangesCoverEverythingOnceAtMultiplesOfTheGrain) {
  for (const std::int64_t n : {0, 1, 6, 7, 8, 1000}) {
    std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
    parallel_for(n, 7, [&](std::int64_t begin, std::int64_t end) {
      EXPECT_EQ(begin % 7, 0);
      EXPECT_EQ(end, std::min<std::int64_t>(begin + 7, n));
      for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
    });
    for (const auto& count : seen) EXPECT_EQ(count, 1);
  }
}

TEST_P(Parallel, ExceptionsComeOut) {
  std::atomic<int> ran{0};
  EXPECT_THROW(parallel_for(100, 1,
                            [&](std::int64_t begin, std::int64_t) {
                              ++ran;
                              if (begin == 3) throw std::runtime_error("third");
                            }),
               std::runtime_error);
  EXPECT_GE(ran, 1);
  parallel_for(100, 1, [&](std::int64_t, std::int64_t) { ++ran; });  // and nothing is left broken
}

TEST_P(Parallel, Nests) {
  std::atomic<std::int64_t> sum{0};
  parallel_for(20, 1, [&](std::int64_t i, std::int64_t) {
    parallel_for(50, 3, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t j = begin; j < end; ++j) sum += i * j;
    });
  });
  EXPECT_EQ(sum, 190 * 1225);
}

// As many bodies run at once as threads were asked for, also more than the machine has, and never more.
TEST_P(Parallel, UsesTheThreadsAskedFor) {
  EXPECT_EQ(num_threads(), GetParam());
  std::atomic<int> inside{0}, most{0};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  parallel_for(4 * GetParam(), 1, [&](std::int64_t, std::int64_t) {
    const int now = ++inside;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
    }
    while (most < GetParam() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    --inside;
  });
  EXPECT_EQ(most, GetParam());
}

TEST(Threads, AtLeastOne) {
  testing::expect_error(ErrorCode::invalid_argument, "set_num_threads", {"0"}, [] { set_num_threads(0); });
}

}  // namespace
}  // namespace ingot
