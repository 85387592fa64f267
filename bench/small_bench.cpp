// What an operation on a handful of elements costs: allocation, checks and dispatch, in nanoseconds a call.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "ingot/ops.h"

namespace {

using namespace ingot;

// By the processor's clock, which a loaded machine disturbs less than the wall's.
double now() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Median over 21 runs of 20,000 calls.
template <class F>
double nanoseconds(F&& f) {
  constexpr int calls = 20'000;
  std::vector<double> times;
  for (int run = 0; run < 21; ++run) {
    const double begin = now();
    for (int i = 0; i < calls; ++i) f();
    times.push_back((now() - begin) / calls);
  }
  std::nth_element(times.begin(), times.begin() + 10, times.end());
  return times[10];
}

void print(const char* what, double time) { std::printf("%-44s %7.1f ns\n", what, time); }

}  // namespace

int main() {
  const Tensor a = Tensor::full(Shape{10}, 1), b = Tensor::full(Shape{10}, 2), m = Tensor::full(Shape{4, 6}, 1);
  const Tensor out = Tensor::empty(Shape{10}, DType::f32);
  print("empty f32 (10,)", nanoseconds([&] { Tensor::empty(Shape{10}, DType::f32); }));
  print("add f32 (10,)", nanoseconds([&] { add(a, b); }));
  print("add f32 (10,), into a result", nanoseconds([&] { add(a, b, Out(out)); }));
  print("add f32 (10,) and a number", nanoseconds([&] { add(a, 1.5); }));
  print("add f32 (4, 6) and (6,)", nanoseconds([&] { add(m, m.select(0, 0)); }));
  print("exp f32 (10,)", nanoseconds([&] { exp(a); }));
  print("view: slice", nanoseconds([&] { a.slice(0, 1, 9, 2); }));
  print("view: transpose", nanoseconds([&] { m.transpose(0, 1); }));
  print("view: reshape", nanoseconds([&] { m.view(Shape{24}); }));
  print("view: select", nanoseconds([&] { m.select(0, 2); }));
}
