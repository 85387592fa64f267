// softmax, rms_norm, argmax, cumulate, line by line in double.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/reference/convert_elements.h"
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
  const auto [axis, smallest] = call.params.as<ArgmaxParams>();
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
      auto chosen = value(from[at]);
      for (std::int64_t i = 1; i < x.shape()[axis] && chosen == chosen; ++i) {
        const auto candidate = value(from[at + i * step]);
        if ((smallest ? candidate < chosen : candidate > chosen) || candidate != candidate)
          best = i, chosen = candidate;
      }
      to[to_at] = best;
    });
  });
}

void cumulate_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const auto [axis, product] = call.params.as<CumulateParams>();
  if (out.numel() == 0) return;
  const std::int64_t n = x.shape()[axis], step = x.strides()[axis], to_step = out.strides()[axis];
  const auto with = [&]<class A>(A) {
    const ConvertElements widen = convert_elements(x.dtype(), dtype_of<A>);
    const ConvertElements narrow = convert_elements(dtype_of<A>, out.dtype());
    for_each_line(x, out, axis, [&](std::int64_t at, std::int64_t to_at) {
      A total = product ? 1 : 0;
      for (std::int64_t i = 0; i < n; ++i) {
        A element;
        widen(x.bytes(), at + i * step, 1, reinterpret_cast<std::byte*>(&element), 0, 1, 1);
        total = product ? total * element : total + element;
        narrow(reinterpret_cast<const std::byte*>(&total), 0, 1, out.mutable_bytes(), to_at + i * to_step, 1, 1);
      }
    });
  };
  // Integers of either sign wrap alike.
  if (is_floating(out.dtype()))
    with(double{});
  else
    with(std::uint64_t{});
}

}  // namespace ingot::reference
