// astype, contiguous, reshape, copy_: everything that moves or converts elements one by one.
#include "core/resolve_shape.h"
#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "ops/check.h"

namespace ingot {
namespace {

Tensor copied(const Tensor& x, DType dtype) {
  Tensor out = Tensor::empty(x.shape(), dtype, x.device());
  if (out.numel() > 0) dispatch(Op::copy, {&x}, {&out});
  return out;
}

}  // namespace

Tensor astype(const Tensor& x, DType dtype, bool copy) {
  check_inputs("astype", {&x});
  if (x.is_quantized()) return astype(dequantize(x), dtype);
  return x.dtype() == dtype && !copy ? x : copied(x, dtype);
}

Tensor contiguous(const Tensor& x) {
  check_inputs("contiguous", {&x});
  if (x.is_quantized()) return dequantize(x);
  const bool whole_bytes = x.meta().offset * bit_width(x.dtype()) % 8 == 0;
  return x.is_contiguous() && x.is_aligned() && whole_bytes ? x : copied(x, x.dtype());
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  check_inputs("reshape", {&x});
  if (x.is_quantized()) return x.view(shape);
  const Shape target = resolve_shape(x, shape, "reshape");
  if (const auto view = x.try_view(target)) return *view;
  return contiguous(x).view(target);
}

void copy_(const Tensor& target, const Tensor& source) {
  check_inputs("copy_", {&target, &source});
  check_plain("copy_", target);
  if (source.shape() != target.shape() &&
      (source.rank() > target.rank() || broadcast_shapes(source.shape(), target.shape(), "copy_") != target.shape()))
    fail(ErrorCode::shape_mismatch, "copy_", "{} does not broadcast to {}", describe(source), describe(target));
  check_writable("copy_", target);
  if (target.numel() == 0) return;
  const Tensor plain = (source.is_quantized() ? dequantize(source) : source).expand(target.shape());
  dispatch(Op::copy, {&plain}, {&target});
}

}  // namespace ingot
