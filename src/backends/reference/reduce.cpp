// softmax, log_softmax, cross_entropy, layer_norm, rms_norm, argmax, cumulate, line by line in double.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/reference/convert_elements.h"
#include "backends/reference/kernels.h"
#include "backends/reference/line.h"
#include "ops/params.h"

namespace ingot::reference {

namespace {

double log_sum_exp(const std::vector<double>& line, double largest) {
  double sum = 0;
  for (const double value : line) sum += std::exp(value - largest);
  return std::log(sum);
}

}  // namespace

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

void log_softmax_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const int axis = call.params.as<AxisParams>().axis;
  if (out.numel() == 0) return;
  visit_floating(x.dtype(), "log_softmax", [&]<class T>(T) {
    const T* from = x.data<T>();
    T* to = out.mutable_data<T>();
    const std::int64_t n = x.shape()[axis], to_step = out.strides()[axis];
    for_each_line(x, out, axis, [&](std::int64_t at, std::int64_t to_at) {
      const std::vector<double> line = read_line(from + at, x.strides()[axis], n);
      const double largest = *std::max_element(line.begin(), line.end()), log_sum = log_sum_exp(line, largest);
      for (std::int64_t i = 0; i < n; ++i)
        to[to_at + i * to_step] = from_double<T>(line[static_cast<std::size_t>(i)] - largest - log_sum);
    });
  });
}

void cross_entropy_kernel(const Call& call) {
  const Tensor &logits = call.inputs[0], &losses = call.outputs[0];
  const auto params = call.params.as<CrossEntropyParams>();
  if (losses.numel() == 0) return;
  const std::int64_t* targets = call.inputs[1].data<std::int64_t>();
  visit_floating(logits.dtype(), "cross_entropy", [&]<class T>(T) {
    using Loss = std::conditional_t<std::is_same_v<T, double>, double, float>;
    const T* from = logits.data<T>();
    Loss* to = losses.mutable_data<Loss>();
    const std::int64_t n = logits.shape()[params.axis];
    for_each_line(logits, losses.unsqueeze(params.axis), params.axis, [&](std::int64_t at, std::int64_t to_at) {
      to[to_at] = 0;
      if (targets[to_at] == params.ignore_index) return;
      const std::vector<double> line = read_line(from + at, logits.strides()[params.axis], n);
      const double largest = *std::max_element(line.begin(), line.end()), log_sum = log_sum_exp(line, largest);
      const auto loss = [&](double value) { return largest - value + log_sum; };
      double result = loss(line[static_cast<std::size_t>(targets[to_at])]);
      if (params.label_smoothing != 0) {
        double all = 0;
        for (const double value : line) all += loss(value);
        result = (1 - params.label_smoothing) * result + params.label_smoothing * all / static_cast<double>(n);
      }
      to[to_at] = static_cast<Loss>(result);
    });
  });
}

void layer_norm_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &weight = call.inputs[1], &bias = call.inputs[2], &out = call.outputs[0];
  const double eps = call.params.as<NormParams>().eps;
  if (out.numel() == 0) return;
  const int axis = x.rank() - 1;
  const std::int64_t n = x.shape()[axis];
  const auto read_vector = [&](const Tensor& vector) {
    return visit_floating(vector.dtype(), "layer_norm",
                          [&]<class W>(W) { return read_line(vector.data<W>(), vector.strides()[0], n); });
  };
  const std::vector<double> scale = read_vector(weight), shift = read_vector(bias);
  visit_floating(x.dtype(), "layer_norm", [&]<class T>(T) {
    const T* from = x.data<T>();
    T* to = out.mutable_data<T>();
    const std::int64_t to_step = out.strides()[axis];
    for_each_line(x, out, axis, [&](std::int64_t at, std::int64_t to_at) {
      const std::vector<double> line = read_line(from + at, x.strides()[axis], n);
      double mean = 0, squares = 0;
      for (const double value : line) mean += value;
      mean /= static_cast<double>(n);
      for (const double value : line) squares += (value - mean) * (value - mean);
      const double factor = 1 / std::sqrt(squares / static_cast<double>(n) + eps);
      for (std::int64_t i = 0; i < n; ++i) {
        const auto k = static_cast<std::size_t>(i);
        to[to_at + i * to_step] = from_double<T>((line[k] - mean) * factor * scale[k] + shift[k]);
      }
    });
  });
}

void rms_norm_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &weight = call.inputs[1], &out = call.outputs[0];
  const double eps = call.params.as<NormParams>().eps;
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
