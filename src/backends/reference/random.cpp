#include "backends/reference/kernels.h"
#include "core/convert.h"
#include "ops/random_stream.h"

namespace ingot::reference {

void random_kernel(const Call& call) {
  const Tensor& out = call.outputs[0];
  const auto params = call.params.as<RandomParams>();
  const auto count = static_cast<std::uint64_t>(out.numel());
  RandomStream stream(params.seed, params.offset);
  visit_arithmetic(out.dtype(), "random", [&]<class T>(T) {
    T* to = out.mutable_data<T>();
    for (std::uint64_t i = 0; i < count; ++i) switch (params.distribution) {
        case Distribution::uniform:
          to[i] = convert<T>(params.low + (params.high - params.low) * stream.uniform(i, uniform_bits(out.dtype())));
          break;
        case Distribution::normal:
          to[i] = convert<T>(params.low + params.high * stream.normal_pair(i / 2, out.dtype() == DType::f64)[i % 2]);
          break;
        case Distribution::integers: to[i] = convert<T>(params.integer_low + stream.below(i, params.range)); break;
        case Distribution::permutation:  // inside out: element i goes to a place up to i, whose element moves to i
          const std::uint64_t place = stream.below(i, i + 1);
          to[i] = to[place];
          to[place] = convert<T>(i);
      }
  });
}

}  // namespace ingot::reference
