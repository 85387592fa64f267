// rope: the cosines and sines of every position once, then all heads with them.
#include <cmath>
#include <cstring>

#include "backends/cpu/kernels.h"
#include "backends/cpu/line.h"
#include "ops/params.h"

namespace ingot::cpu {

void rope_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const std::int64_t* positions = call.inputs[1].data<std::int64_t>();
  const std::int64_t pairs = call.inputs[2].shape()[0], times = x.shape()[x.rank() - 2], n = x.shape().back();
  const float* frequencies = pairs ? call.inputs[2].data<float>() : nullptr;
  const bool interleaved = call.params.as<RopeParams>().layout == RopeLayout::interleaved;
  const int time = x.rank() - 2;
  const std::int64_t from_step = x.strides()[time + 1], to_step = out.strides()[time + 1];
  visit_computed(x.dtype(), [&]<class T>(T) {
    std::vector<T> cosines(static_cast<std::size_t>(times * pairs)), sines(cosines.size());
    parallel_for(times, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t)
        for (std::int64_t i = 0; i < pairs; ++i) {
          // In double: at position 100 000 a float angle is off by 0.004.
          const double angle = static_cast<double>(positions[t]) * static_cast<double>(frequencies[i]);
          cosines[static_cast<std::size_t>(t * pairs + i)] = static_cast<T>(std::cos(angle));
          sines[static_cast<std::size_t>(t * pairs + i)] = static_cast<T>(std::sin(angle));
        }
    });
    const std::int64_t from_row = x.strides()[time] * (bit_width(x.dtype()) / 8);
    const std::int64_t to_row = out.strides()[time] * (bit_width(out.dtype()) / 8);
    const auto rotate = [&](LineBuffer<T>& buffer, std::int64_t t, const std::byte* from, std::byte* to) {
      const T* line = buffer.read(from, from_step);
      T* result = buffer.target(to, to_step);
      if (result != line && 2 * pairs < n)
        std::memcpy(result + 2 * pairs, line + 2 * pairs, static_cast<std::size_t>(n - 2 * pairs) * sizeof(T));
      const std::size_t at = static_cast<std::size_t>(t * pairs);
      rope_row<T>(line, result, static_cast<std::size_t>(pairs), cosines.data() + at, sines.data() + at, interleaved);
      buffer.write(result, to, to_step);
    };
    const auto column = [&](LineBuffer<T>& buffer, const std::byte* from, std::byte* to) {
      for (std::int64_t t = 0; t < times; ++t) rotate(buffer, t, from + t * from_row, to + t * to_row);
    };
    // Lines of the first time step; each stands for its whole column of times.
    const Tensor x0 = x.select(time, 0), out0 = out.select(time, 0);
    for_lines(x0, out0, x0.rank() - 1, times, [&](auto&& lines) {
      LineBuffer<T> buffer(x.dtype(), n);
      lines([&](const std::byte* from, std::byte* to) { column(buffer, from, to); });
    });
  });
}

}  // namespace ingot::cpu
