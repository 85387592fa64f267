// Threads share tensors without a lock: handles, views, storages with their cached blocks, and every operation that
// only reads. Whether they race is for ThreadSanitizer to say (./dev test tsan); here each must find what one thread
// found.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "ingot/device.h"
#include "ingot/ops.h"

namespace ingot {
namespace {

constexpr int thread_count = 8, rounds = 20;

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && a.nbytes() == b.nbytes() &&
         (a.nbytes() == 0 || std::memcmp(a.bytes(), b.bytes(), a.nbytes()) == 0);
}

void hammer(const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < thread_count; ++t)
    threads.emplace_back([&body, t] {
      for (int i = 0; i < rounds; ++i) body(t);
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(SharedTensor, OperationsOfEightThreads) {
  set_num_threads(2);
  Generator generator(1);
  // 64 × 1100: more than one task takes.
  const Tensor x = normal(generator, {64, 1100}), y = normal(generator, {1100});
  const Tensor weight = quantize(normal(generator, {16, 1024}), Scheme::q8_0);
  const std::function<Tensor()> operations[] = {
      [&] { return add(x, y); },
      [&] { return exp(x.transpose(0, 1)); },
      [&] { return sum(x, {0}); },
      [&] { return sort(x, 1); },
      [&] { return matmul(x, x.transpose(0, 1)); },
      [&] { return softmax(x, 0); },
      [&] { return linear(x.slice(1, 0, 1024), weight); },
      [&] { return astype(x.slice(1, 0, 1100, 3), DType::bf16); },
      [&] { return svd(x.slice(0, 0, 8).slice(1, 0, 8)).s; },
      [&] {
        Generator own(7, 3);
        return uniform(own, {1000});
      },
  };
  std::vector<Tensor> expected;
  for (const auto& operation : operations) expected.push_back(operation());
  std::vector<int> wrong(thread_count, 0);
  hammer([&](int t) {
    for (std::size_t i = 0; i < std::size(operations); ++i) {
      const std::size_t k = (i + static_cast<std::size_t>(t)) % std::size(operations);  // all of them at once
      if (!same_bytes(operations[k](), expected[k])) ++wrong[static_cast<std::size_t>(t)];
    }
  });
  EXPECT_EQ(wrong, std::vector<int>(thread_count, 0));
}

// The last handle of a storage may go in any thread, also of blocks that are kept for the next (1 MiB and more).
TEST(SharedTensor, HandlesComeAndGo) {
  const Tensor shared = ones({512, 1024}, DType::f32);
  std::vector<double> sums(thread_count, 0);
  hammer([&](int t) {
    Tensor view = shared.slice(0, t, 512, 2).transpose(0, 1);
    const Tensor own = full({512, 1024}, t, DType::f32);
    Tensor half = own.slice(0, 0, 256);
    std::swap(view, half);
    sums[static_cast<std::size_t>(t)] += half.select(0, 5).select(0, 1).item() + view.select(0, 0).select(0, 3).item();
  });
  for (int t = 0; t < thread_count; ++t) EXPECT_EQ(sums[static_cast<std::size_t>(t)], rounds * (1.0 + t));
}

// A handle that moves from thread to thread: what one wrote before, the next reads.
TEST(SharedTensor, IsHandedOn) {
  Tensor x = zeros({300, 300}, DType::f32);
  for (int i = 0; i < thread_count; ++i) std::thread([&x] { x = add(x, 1); }).join();
  EXPECT_EQ(sum(x).item(), 300.0 * 300 * thread_count);
}

}  // namespace
}  // namespace ingot
