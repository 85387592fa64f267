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
      constexpr bool wide = std::is_same_v<T, double>;
      generate<T>(out, params,
                  [&](RandomStream& s, std::uint64_t i) { return params.low + params.high * s.normal(i, wide); });
    }
  });
}

}  // namespace ingot::cpu
