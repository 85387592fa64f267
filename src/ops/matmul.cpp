// matmul, linear, embedding.
#include "device/kernel_table.h"
#include "ops/check.h"
#include "ops/linear_observer.h"
#include "ops/matrix.h"
#include "ops/params.h"

namespace ingot {
namespace {

// A weight matrix as kernels take it: encoded rows in their layout, or plain floats.
void check_weight(const char* operation, const Tensor& weight, const Tensor& other) {
  if (weight.rank() != 2)
    fail(ErrorCode::shape_mismatch, operation, "a weight (n, k) expected, found {} with {}", describe(weight),
         describe(other));
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_inputs("matmul", {&a, &b});
  check_plain("matmul", a);
  check_plain("matmul", b);
  const auto refuse = [&] {
    fail(ErrorCode::shape_mismatch, "matmul", "{} and {} do not fit", describe(a), describe(b));
  };
  if (a.rank() == 0 || b.rank() == 0) refuse();
  const DType dtype = promote_types(a.dtype(), b.dtype());
  if (dtype == DType::bool_) return astype(matmul(astype(a, DType::i64), astype(b, DType::i64)), DType::bool_);
  if (bit_width(dtype) < (is_floating(dtype) ? 16 : 8))
    fail(ErrorCode::dtype_mismatch, "matmul", "no arithmetic on {}: convert with astype", describe(a));
  Tensor x = astype(a, dtype), y = astype(b, dtype);
  if (a.rank() == 1) x = x.unsqueeze(0);
  if (b.rank() == 1) y = y.unsqueeze(1);
  if (x.shape().back() != y.shape()[y.rank() - 2]) refuse();
  broadcast_batches("matmul", x, y);
  Shape shape = batch_shape(x);
  shape.push_back(x.shape()[x.rank() - 2]);
  shape.push_back(y.shape().back());
  Tensor out = Tensor::empty(shape, dtype == DType::i8 ? DType::i32 : dtype, a.device());
  if (out.numel() > 0) dispatch(Op::matmul, {&x, &y}, {&out});
  if (a.rank() == 1) out = out.squeeze(out.rank() - 2);
  if (b.rank() == 1) out = out.squeeze(out.rank() - 1);
  return out;
}

Tensor linear(const Tensor& x, const Tensor& weight, Activations activations) {
  check_inputs("linear", {&x, &weight});
  check_floating("linear", x);
  if (!weight.is_quantized()) check_floating("linear", weight);
  check_weight("linear", weight, x);
  if (x.rank() == 0 || x.shape().back() != weight.shape()[1])
    fail(ErrorCode::shape_mismatch, "linear", "{} and a weight of {}: the last axes differ", describe(x),
         describe(weight));
  Shape shape = x.shape();
  shape[x.rank() - 1] = weight.shape()[0];
  Tensor out = Tensor::empty(shape, x.dtype(), x.device());
  if (out.numel() == 0) return out;
  const Shape rows{out.numel() / weight.shape()[0], weight.shape()[1]};
  const Tensor left = contiguous(x).view(rows), result = out.view(Shape{rows[0], weight.shape()[0]});
  if (LinearObserver* observer = LinearObserver::current()) observer->multiplied(left, weight);
  dispatch(Op::linear, {&left, &weight}, {&result}, LinearParams{activations});
  return out;
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activations activations) {
  if (!bias.defined()) return linear(x, weight, activations);
  check_inputs("linear", {&x, &weight, &bias});
  check_floating("linear", bias);
  if (bias.rank() != 1 || weight.rank() != 2 || bias.shape()[0] != weight.shape()[0])
    fail(ErrorCode::shape_mismatch, "linear", "a weight of {} with a bias of {}", describe(weight), describe(bias));
  const Tensor out = linear(x, weight, activations);
  add_(out, bias);
  return out;
}

Tensor embedding(const Tensor& weight, const Tensor& ids) {
  check_inputs("embedding", {&weight, &ids});
  check_weight("embedding", weight, ids);
  if (ids.is_quantized() || !is_integer(ids.dtype()))
    fail(ErrorCode::dtype_mismatch, "embedding", "ids must be integers, found {}", describe(ids));
  const Tensor rows = contiguous(astype(ids, DType::i64));
  const std::int64_t count = rows.numel();
  const std::int64_t* row = count ? rows.data<std::int64_t>() : nullptr;
  for (std::int64_t i = 0; i < count; ++i)
    if (row[i] < 0 || row[i] >= weight.shape()[0])
      fail(ErrorCode::out_of_range, "embedding", "id {} at index {} with a weight of {}", row[i], i, describe(weight));
  Shape shape = ids.shape();
  shape.push_back(weight.shape()[1]);
  Tensor out = Tensor::empty(shape, weight.is_quantized() ? DType::f32 : weight.dtype(), weight.device());
  if (out.numel() == 0) return out;
  const Tensor list = rows.view(Shape{count}), result = out.view(Shape{count, weight.shape()[1]});
  dispatch(Op::embedding, {&weight, &list}, {&result});
  return out;
}

}  // namespace ingot
