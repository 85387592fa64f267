// softmax, rms_norm, argmax, line by line in double.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/reference/kernels.h"
#include "backends/reference/line.h"
#include "ops/params.h"

namespace ingot::reference {

void softmax_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const int axis = call.params.as<AxisParams>().axis;
  if (out.numel() == 0) return;
  visit_floating(x.dtype(), "softmax", [&]<class T>(T) {
    const T* from = x.data<T>();
    T* to = out.mutable_data<T>();
    const std::int64_t n = x.shape()[axis], to_step = out.strides()[axis];
    for_each_line(x, out, axis, [&](std::int64_t at, std::int64_t to_at) {
      std::vector<double> line = read_line(from + at, x.strides()[axis], n);
      const double largest = *std::max_element(line.begin(), line.end());
      double sum = 0;
      for (double& value : line) sum += value = std::exp(value - largest);
      for (std::int64_t i = 0; i < n; ++i)
        to[to_at + i * to_step] = from_double<T>(line[static_cast<std::size_t>(i)] / sum);
    });
  });
}

void rms_norm_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &weight = call.inputs[1], &out = call.outputs[0];
  const double eps = call.params.as<RmsNormParams>().eps;
  if (out.numel() == 0) return;
  const int axis = x.rank() - 1;
  const std::int64_t n = x.shape()[axis];
  const std::vector<double> scale = visit_floating(
      weight.dtype(), "rms_norm", [&]<class W>(W) { return read_line(weight.data<W>(), weight.strides()[0], n); });
  visit_floating(x.dtype(), "rms_norm", [&]<class T>(T) {
    const T* from = x.data<T>();
    T* to = out.mutable_data<T>();
    const std::int64_t to_step = out.strides()[axis];
    for_each_line(x, out, axis, [&](std::int64_t at, std::int64_t to_at) {
      const std::vector<double> line = read_line(from + at, x.strides()[axis], n);
      double squares = 0;
      for (const double value : line) squares += value * value;
      const double factor = 1 / std::sqrt(squares / static_cast<double>(n) + eps);
      for (std::int64_t i = 0; i < n; ++i) {
        const auto k = static_cast<std::size_t>(i);
        to[to_at + i * to_step] = from_double<T>(line[k] * factor * scale[k]);
      }
    });
  });
}

void argmax_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const int axis = call.params.as<AxisParams>().axis;
  if (out.numel() == 0) return;
  std::int64_t* to = out.mutable_data<std::int64_t>();
  visit_numeric(x.dtype(), "argmax", [&]<class T>(T) {
    const T* from = x.data<T>();
    const std::int64_t step = x.strides()[axis];
    const auto value = [](T element) {
      if constexpr (std::is_arithmetic_v<T>)
        return element;  // 64-bit integers do not fit a double
      else
        return to_double(element);
    };
    for_each_line(x, out, axis, [&](std::int64_t at, std::int64_t to_at) {
      std::int64_t best = 0;
      auto largest = value(from[at]);
      for (std::int64_t i = 1; i < x.shape()[axis] && largest == largest; ++i) {
        const auto candidate = value(from[at + i * step]);
        if (candidate > largest || candidate != candidate) best = i, largest = candidate;
      }
      to[to_at] = best;
    });
  });
}

}  // namespace ingot::reference
