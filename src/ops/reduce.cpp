// softmax, log_softmax, cross_entropy, layer_norm, rms_norm.
#include "device/kernel_table.h"
#include "ops/check.h"
#include "ops/params.h"

namespace ingot {

namespace {

Tensor along_axis(Op op, const char* operation, const Tensor& x, int axis) {
  check_inputs(operation, {&x});
  check_floating(operation, x);
  // NumPy lets the functions of a 0-d array reduce its only element along axis 0 or -1.
  if (x.rank() == 0 && (axis == 0 || axis == -1)) return along_axis(op, operation, x.unsqueeze(0), 0).squeeze(0);
  axis = normalize_axis(axis, x.rank(), operation);
  Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  if (out.numel() > 0) dispatch(op, {&x}, {&out}, AxisParams{axis});
  return out;
}

// `value` for every element of a row of n.
Tensor constant_row(const Tensor& x, std::int64_t n, double value) {
  return Tensor::full(Shape{}, value, x.dtype()).expand(Shape{n});
}

}  // namespace

Tensor softmax(const Tensor& x, int axis) { return along_axis(Op::softmax, "softmax", x, axis); }
Tensor log_softmax(const Tensor& x, int axis) { return along_axis(Op::log_softmax, "log_softmax", x, axis); }

Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options) {
  check_inputs("cross_entropy", {&logits, &targets});
  check_floating("cross_entropy", logits);
  check_plain("cross_entropy", targets);
  if (!is_integer(targets.dtype()))
    fail(ErrorCode::dtype_mismatch, "cross_entropy", "targets must be integers, found {}", describe(targets));
  const int axis = normalize_axis(options.axis, logits.rank(), "cross_entropy");
  Shape shape = logits.shape();
  const std::int64_t classes = shape[axis];
  shape.erase(axis);
  if (targets.shape() != shape)
    fail(ErrorCode::shape_mismatch, "cross_entropy", "{} with targets {}: {} expected", describe(logits),
         describe(targets), to_string(shape));
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    fail(ErrorCode::invalid_argument, "cross_entropy", "label_smoothing {}", options.label_smoothing);
  const Tensor classes_of = contiguous(astype(targets, DType::i64));
  const std::int64_t count = classes_of.numel();
  const std::int64_t* at = count ? classes_of.data<std::int64_t>() : nullptr;
  std::int64_t counted = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    if (at[i] == options.ignore_index) continue;
    if (at[i] < 0 || at[i] >= classes)
      fail(ErrorCode::out_of_range, "cross_entropy", "target {} at index {} of {} with {}", at[i], i, describe(targets),
           describe(logits));
    ++counted;
  }
  const Tensor losses = Tensor::zeros(shape, logits.dtype() == DType::f64 ? DType::f64 : DType::f32, logits.device());
  if (counted > 0)
    dispatch(Op::cross_entropy, {&logits, &classes_of}, {&losses},
             CrossEntropyParams{axis, options.ignore_index, options.label_smoothing});
  if (options.reduction == Reduction::each) return astype(losses, logits.dtype());
  const Tensor total = sum(losses);
  if (options.reduction == Reduction::sum) return astype(total, logits.dtype());
  return astype(divide(total, static_cast<double>(counted)), logits.dtype());
}

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight, const Tensor& bias,
                  double eps) {
  check_inputs("layer_norm", {&x});
  check_floating("layer_norm", x);
  const int outer = x.rank() - normalized_shape.rank();
  bool fits = outer >= 0 && normalized_shape.rank() > 0;
  for (int i = 0; fits && i < normalized_shape.rank(); ++i) fits = x.shape()[outer + i] == normalized_shape[i];
  if (!fits)
    fail(ErrorCode::shape_mismatch, "layer_norm", "{} does not end in {}", describe(x), to_string(normalized_shape));
  if (!(eps >= 0)) fail(ErrorCode::invalid_argument, "layer_norm", "eps {} is negative", eps);
  const std::int64_t n = normalized_shape.numel();
  const auto vector = [&](const Tensor& given, double otherwise) {
    if (!given.defined()) return constant_row(x, n, otherwise);
    check_inputs("layer_norm", {&x, &given});
    check_floating("layer_norm", given);
    if (given.shape() != normalized_shape)
      fail(ErrorCode::shape_mismatch, "layer_norm", "{} with a weight or bias of {}: {} expected", describe(x),
           describe(given), to_string(normalized_shape));
    return reshape(given, Shape{n});
  };
  const Tensor factors = vector(weight, 1), shifts = vector(bias, 0);
  const Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  if (out.numel() == 0) return out;
  Shape rows;
  for (int i = 0; i < outer; ++i) rows.push_back(x.shape()[i]);
  rows.push_back(n);
  const Tensor lines = reshape(x, rows), results = out.view(rows);
  dispatch(Op::layer_norm, {&lines, &factors, &shifts}, {&results}, NormParams{eps});
  return out;
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  if (!weight.defined() && x.defined() && x.rank() > 0) return rms_norm(x, constant_row(x, x.shape().back(), 1), eps);
  check_inputs("rms_norm", {&x, &weight});
  check_floating("rms_norm", x);
  check_floating("rms_norm", weight);
  if (x.rank() == 0 || weight.rank() != 1 || weight.shape()[0] != x.shape().back())
    fail(ErrorCode::shape_mismatch, "rms_norm", "{} with a weight of {}: the last axis and the weight differ",
         describe(x), describe(weight));
  if (!(eps >= 0)) fail(ErrorCode::invalid_argument, "rms_norm", "eps {} is negative", eps);
  Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  if (out.numel() > 0) dispatch(Op::rms_norm, {&x, &weight}, {&out}, NormParams{eps});
  return out;
}

}  // namespace ingot
