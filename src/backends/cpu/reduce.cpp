// softmax, rms_norm: one line at a time, lines shared out to threads.
#include "backends/cpu/kernels.h"
#include "backends/cpu/line.h"
#include "ops/params.h"

namespace ingot::cpu {

void softmax_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const int axis = call.params.as<AxisParams>().axis;
  const std::int64_t n = x.shape()[axis], from_step = x.strides()[axis], to_step = out.strides()[axis];
  visit_computed(x.dtype(), [&]<class T>(T) {
    for_lines(x, out, axis, 1, [&](auto&& lines) {
      LineBuffer<T> buffer(x.dtype(), n);
      lines([&](const std::byte* from, std::byte* to) {
        const T* line = buffer.read(from, from_step);
        T* result = buffer.target(to, to_step);
        softmax_row<T>(line, result, static_cast<std::size_t>(n));
        buffer.write(result, to, to_step);
      });
    });
  });
}

void rms_norm_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &weight = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const double eps = call.params.as<RmsNormParams>().eps;
  const int axis = x.rank() - 1;
  const std::int64_t n = x.shape()[axis], from_step = x.strides()[axis], to_step = out.strides()[axis];
  visit_computed(x.dtype(), [&]<class T>(T) {
    const Tensor factors = contiguous(astype(weight, dtype_of<T>));
    const T* factor = factors.data<T>();
    for_lines(x, out, axis, 1, [&](auto&& lines) {
      LineBuffer<T> buffer(x.dtype(), n);
      lines([&](const std::byte* from, std::byte* to) {
        const T* line = buffer.read(from, from_step);
        T* result = buffer.target(to, to_step);
        rms_norm_row<T>(line, factor, result, static_cast<std::size_t>(n), eps);
        buffer.write(result, to, to_step);
      });
    });
  });
}

}  // namespace ingot::cpu
