// Bytes per second of the operations around the matrix products, beside memcpy over the same bytes in the same run.
//
//   ops_bench [threads]
#include <fmt/core.h>

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "ingot/ops.h"

namespace {

using namespace ingot;

// One thread is timed by the processor's clock, which a loaded machine disturbs less; several by the wall's.
double now() {
  timespec time{};
  ::clock_gettime(num_threads() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds(const std::function<void()>& run) {
  const double start = now();
  run();
  // Enough repetitions for 20 ms a sample; the best of 9 is what the machine can do undisturbed.
  const int repeats = static_cast<int>(std::clamp(0.02 / std::max(now() - start, 1e-7), 1.0, 1e5));
  double best = 1e9;
  for (int sample = 0; sample < 9; ++sample) {
    const double begin = now();
    for (int i = 0; i < repeats; ++i) run();
    best = std::min(best, (now() - begin) / repeats);
  }
  return best;
}

Tensor random_tensor(const Shape& shape, DType dtype) {
  Tensor x = Tensor::empty(shape, DType::f32);
  float* data = x.mutable_data<float>();
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    state = state * 1664525u + 1013904223u;
    data[i] = static_cast<float>(state >> 8) * 0x1p-23f - 1;
  }
  return astype(x, dtype);
}

// `bytes` are those read and written. memcpy moves as many (half read, half written), with the same threads.
void report(const std::string& name, double bytes, const std::function<void()>& run) {
  const auto half = std::max<std::int64_t>(static_cast<std::int64_t>(bytes / 2), 64);
  const Tensor from = Tensor::zeros(Shape{half}, DType::u8), to = Tensor::zeros(Shape{half}, DType::u8);
  const double copying = seconds([&] {
    parallel_for(half, 1 << 18, [&](std::int64_t begin, std::int64_t end) {
      std::memcpy(to.mutable_data<std::uint8_t>() + begin, from.data<std::uint8_t>() + begin,
                  static_cast<std::size_t>(end - begin));
    });
  });
  const double time = seconds(run);
  fmt::print("{:<44} {:>10.2f} us {:>8.2f} GB/s {:>6.2f} of memcpy\n", name, time * 1e6, bytes / time * 1e-9,
             copying / time);
}

}  // namespace

int main(int argc, char** argv) {
  set_num_threads(argc > 1 ? std::max(1, std::atoi(argv[1])) : 1);
  fmt::print("{}, {} threads\n", capabilities(cpu_device).name, num_threads());
  for (const std::int64_t n : {1 << 10, 1 << 16, 1 << 20, 1 << 25}) {
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Tensor x = random_tensor(Shape{n}, dtype), y = random_tensor(Shape{n}, dtype);
      const double bytes = static_cast<double>(x.nbytes());
      report(fmt::format("add {}", describe(x)), 3 * bytes, [&] { add(x, y); });
      report(fmt::format("silu {}", describe(x)), 2 * bytes, [&] { silu(x); });
    }
  }
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor rows = random_tensor(Shape{512, 2048}, dtype), weight = random_tensor(Shape{2048}, dtype);
    const double bytes = 2 * static_cast<double>(rows.nbytes());
    report(fmt::format("softmax {}", describe(rows)), bytes, [&] { softmax(rows); });
    report(fmt::format("rms_norm {}", describe(rows)), bytes, [&] { rms_norm(rows, weight, 1e-5); });
    const Tensor one = rows.slice(0, 0, 1);
    report(fmt::format("rms_norm {}", describe(one)), bytes / 512, [&] { rms_norm(one, weight, 1e-5); });
    report(fmt::format("contiguous of the transposed {}", describe(rows)), bytes,
           [&] { contiguous(rows.transpose(0, 1)); });
  }
  const Tensor logits = random_tensor(Shape{128256}, DType::f32);
  report(fmt::format("argmax {}", describe(logits)), static_cast<double>(logits.nbytes()), [&] { argmax(logits); });
  for (const auto& [heads, key_heads, length, keys] :
       {std::array<std::int64_t, 4>{32, 4, 1, 1024}, {32, 32, 1, 1024}, {32, 4, 512, 512}})
    for (const DType dtype : {DType::f32, DType::f16}) {
      const Tensor q = random_tensor(Shape{heads, length, 64}, dtype);
      const Tensor k = random_tensor(Shape{key_heads, keys, 64}, dtype),
                   v = random_tensor(Shape{key_heads, keys, 64}, dtype);
      const double time = seconds([&] { scaled_dot_product_attention(q, k, v, {true, 0, 0}); });
      // Two products of 2·D operations for every pair of a query and a key it sees.
      const double pairs = static_cast<double>(heads) *
                           (length == 1 ? static_cast<double>(keys) : static_cast<double>(length * (keys + 1)) / 2);
      fmt::print("  {:.1f} GFLOP/s  ", pairs * 4 * 64 / time * 1e-9);
      report(fmt::format("attention {} {}", describe(q), describe(k)),
             static_cast<double>(q.nbytes() * 2 + k.nbytes() * 2),
             [&] { scaled_dot_product_attention(q, k, v, {true, 0, 0}); });
    }
  return 0;
}
