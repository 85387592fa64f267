// softmax, rms_norm.
#include "device/kernel_table.h"
#include "ops/check.h"
#include "ops/params.h"

namespace ingot {

Tensor softmax(const Tensor& x, int axis) {
  check_inputs("softmax", {&x});
  check_floating("softmax", x);
  // NumPy lets the functions of a 0-d array reduce its only element along axis 0 or -1.
  if (x.rank() == 0 && (axis == 0 || axis == -1)) return softmax(x.unsqueeze(0), 0).squeeze(0);
  axis = normalize_axis(axis, x.rank(), "softmax");
  Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  if (out.numel() > 0) dispatch(Op::softmax, {&x}, {&out}, AxisParams{axis});
  return out;
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  check_inputs("rms_norm", {&x, &weight});
  check_floating("rms_norm", x);
  check_floating("rms_norm", weight);
  if (x.rank() == 0 || weight.rank() != 1 || weight.shape()[0] != x.shape().back())
    fail(ErrorCode::shape_mismatch, "rms_norm", "{} with a weight of {}: the last axis and the weight differ",
         describe(x), describe(weight));
  if (!(eps >= 0)) fail(ErrorCode::invalid_argument, "rms_norm", "eps {} is negative", eps);
  Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  if (out.numel() > 0) dispatch(Op::rms_norm, {&x, &weight}, {&out}, RmsNormParams{eps});
  return out;
}

}  // namespace ingot
