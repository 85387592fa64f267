// random: every task computes its own elements from their numbers.
#include "backends/cpu/kernels.h"
#include "core/convert.h"
#include "core/parallel.h"
#include "ops/random_stream.h"

namespace ingot::cpu {
namespace {

// to[i] = f(stream, i) for all i.
template <class T, class F>
void generate(const Tensor& out, const RandomParams& params, F&& f) {
  T* to = out.mutable_data<T>();
  parallel_for(out.numel(), std::int64_t{1} << 14, [&](std::int64_t begin, std::int64_t end) {
    RandomStream stream(params.seed, params.offset);
    for (std::int64_t i = begin; i < end; ++i) to[i] = convert<T>(f(stream, static_cast<std::uint64_t>(i)));
  });
}

// Two at a time, which share a radius and an angle.
template <class T>
void normals(const Tensor& out, const RandomParams& params) {
  constexpr bool wide = std::is_same_v<T, double>;
  T* to = out.mutable_data<T>();
  const std::int64_t n = out.numel();
  parallel_for((n + 1) / 2, std::int64_t{1} << 12, [&](std::int64_t begin, std::int64_t end) {
    RandomStream stream(params.seed, params.offset);
    for (std::int64_t pair = begin; pair < end; ++pair) {
      const auto z = stream.normal_pair(static_cast<std::uint64_t>(pair), wide);
      to[2 * pair] = convert<T>(params.low + params.high * z[0]);
      if (2 * pair + 1 < n) to[2 * pair + 1] = convert<T>(params.low + params.high * z[1]);
    }
  });
}

// Each step needs the one before it: in order, on one thread.
void permute(const Tensor& out, const RandomParams& params) {
  std::int64_t* to = out.mutable_data<std::int64_t>();
  RandomStream stream(params.seed, params.offset);
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const auto n = static_cast<std::uint64_t>(i);
    std::int64_t& place = to[stream.below(n, n + 1)];
    to[i] = place;
    place = i;
  }
}

}  // namespace

void random_kernel(const Call& call) {
  const Tensor& out = call.outputs[0];
  const auto params = call.params.as<RandomParams>();
  if (params.distribution == Distribution::permutation) return permute(out, params);
  if (params.distribution == Distribution::integers)
    return visit_arithmetic(out.dtype(), "random", [&]<class T>(T) {
      generate<T>(out, params,
                  [&](RandomStream& s, std::uint64_t i) { return params.integer_low + s.below(i, params.range); });
    });
  visit_floating(out.dtype(), "random", [&]<class T>(T) {
    if (params.distribution == Distribution::uniform) {
      constexpr int bits = uniform_bits(dtype_of<T>);
      generate<T>(out, params, [span = params.high - params.low, low = params.low](RandomStream& s, std::uint64_t i) {
        return low + span * s.uniform(i, bits);
      });
    } else {
      normals<T>(out, params);
    }
  });
}

}  // namespace ingot::cpu
