#include "core/parallel.h"

#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#ifdef INGOT_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

#include "core/fail.h"
#include "ingot/device.h"

namespace ingot {
namespace {

std::mutex limit_mutex;
std::unique_ptr<tbb::global_control> limit;
// A thread's own arena has no more slots than the machine has hardware threads: more need one made for them.
std::shared_ptr<tbb::task_arena> wide_arena;
thread_local bool serial = false;
std::atomic<int> threads{0};  // 0: not set, all of the machine's

// The system's oneTBB is not instrumented, and neither is this unit: ThreadSanitizer sees neither how ranges are handed
// out nor how they are waited for. These two points stand for it. Ranges get no order among themselves, so that races
// between them are still found.
#ifdef INGOT_THREAD_SANITIZER
char begun, done;
void release(char& point) noexcept { __tsan_release(&point); }
void acquire(char& point) noexcept { __tsan_acquire(&point); }
#else
constexpr char begun = 0, done = 0;
constexpr void release(char) noexcept {}
constexpr void acquire(char) noexcept {}
#endif

}  // namespace

void set_num_threads(int n) {
  if (n < 1) fail(ErrorCode::invalid_argument, "set_num_threads", "{} threads", n);
  const std::lock_guard lock(limit_mutex);
  limit =
      std::make_unique<tbb::global_control>(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(n));
  std::atomic_store(&wide_arena, n > tbb::info::default_concurrency() ? std::make_shared<tbb::task_arena>(n) : nullptr);
  threads = n;
}

int num_threads() noexcept {
  const int n = threads.load(std::memory_order_relaxed);
  return n ? n : tbb::info::default_concurrency();
}

SerialScope::SerialScope() noexcept : outer_(std::exchange(serial, true)) {}
SerialScope::~SerialScope() { serial = outer_; }

void detail::parallel_for(std::int64_t n, std::int64_t grain, void (*body)(void*, std::int64_t, std::int64_t),
                          void* context) {
  if (n <= 0) return;
  const std::int64_t ranges = (n - 1) / grain + 1;
  const auto run = [&](std::int64_t i) {
    acquire(begun);
    body(context, i * grain, std::min(n, (i + 1) * grain));
    release(done);
  };
  if (ranges == 1 || serial || num_threads() == 1) {
    for (std::int64_t i = 0; i < ranges; ++i) run(i);
    return;
  }
  release(begun);
  if (const auto arena = std::atomic_load(&wide_arena))
    arena->execute([&] { tbb::parallel_for(std::int64_t{0}, ranges, run); });
  else
    tbb::parallel_for(std::int64_t{0}, ranges, run);
  acquire(done);
}

}  // namespace ingot
