// softmax, log_softmax, cross_entropy, layer_norm, rms_norm: one line at a time, lines shared out to threads.
#include "backends/cpu/kernels.h"
#include "backends/cpu/line.h"
#include "backends/cpu/simd/norms.h"
#include "ops/params.h"

namespace ingot::cpu {

namespace {

// out = row(x) for every line along `axis`, in T.
template <class T, class Row>
void map_lines(const Tensor& x, const Tensor& out, int axis, Row&& row) {
  const std::int64_t n = x.shape()[axis], from_step = x.strides()[axis], to_step = out.strides()[axis];
  for_lines(x, out, axis, 1, [&](auto&& lines) {
    LineBuffer<T> buffer(x.dtype(), n);
    lines([&](const std::byte* from, std::byte* to) {
      const T* line = buffer.read(from, from_step);
      T* result = buffer.target(to, to_step);
      row(line, result, static_cast<std::size_t>(n));
      buffer.write(result, to, to_step);
    });
  });
}

}  // namespace

void softmax_kernel(const Call& call) {
  if (call.outputs[0].numel() == 0) return;
  visit_computed(call.inputs[0].dtype(), [&]<class T>(T) {
    map_lines<T>(call.inputs[0], call.outputs[0], call.params.as<AxisParams>().axis, softmax_row<T>);
  });
}

void log_softmax_kernel(const Call& call) {
  if (call.outputs[0].numel() == 0) return;
  visit_computed(call.inputs[0].dtype(), [&]<class T>(T) {
    map_lines<T>(call.inputs[0], call.outputs[0], call.params.as<AxisParams>().axis, log_softmax_row<T>);
  });
}

void cross_entropy_kernel(const Call& call) {
  const Tensor &logits = call.inputs[0], &losses = call.outputs[0];
  if (losses.numel() == 0) return;
  const auto params = call.params.as<CrossEntropyParams>();
  const std::int64_t n = logits.shape()[params.axis], step = logits.strides()[params.axis];
  const std::int64_t* targets = call.inputs[1].data<std::int64_t>();
  visit_computed(logits.dtype(), [&]<class T>(T) {
    const T* first = losses.data<T>();
    for_lines(logits, losses.unsqueeze(params.axis), params.axis, 1, [&](auto&& lines) {
      LineBuffer<T> buffer(logits.dtype(), n);
      lines([&](const std::byte* from, std::byte* to) {
        T* loss = reinterpret_cast<T*>(to);
        const std::int64_t target = targets[loss - first];
        *loss = 0;
        if (target == params.ignore_index) return;
        const T* line = buffer.read(from, step);
        T largest, log_sum;
        log_sum_exp_row<T>(line, static_cast<std::size_t>(n), &largest, &log_sum);
        *loss = (largest - line[target]) + log_sum;
        if (params.label_smoothing == 0) return;
        double sum = 0;
        for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(line[i]);
        const double all = (static_cast<double>(largest) - sum / static_cast<double>(n)) + static_cast<double>(log_sum);
        *loss =
            static_cast<T>((1 - params.label_smoothing) * static_cast<double>(*loss) + params.label_smoothing * all);
      });
    });
  });
}

void layer_norm_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const double eps = call.params.as<NormParams>().eps;
  visit_computed(x.dtype(), [&]<class T>(T) {
    const Tensor factors = contiguous(astype(call.inputs[1], dtype_of<T>));
    const Tensor shifts = contiguous(astype(call.inputs[2], dtype_of<T>));
    map_lines<T>(x, out, x.rank() - 1, [&](const T* line, T* result, std::size_t n) {
      layer_norm_row<T>(line, factors.data<T>(), shifts.data<T>(), result, n, eps);
    });
  });
}

void rms_norm_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const double eps = call.params.as<NormParams>().eps;
  visit_computed(x.dtype(), [&]<class T>(T) {
    const Tensor factors = contiguous(astype(call.inputs[1], dtype_of<T>));
    map_lines<T>(x, out, x.rank() - 1, [&](const T* line, T* result, std::size_t n) {
      rms_norm_row<T>(line, factors.data<T>(), result, n, eps);
    });
  });
}

}  // namespace ingot::cpu
