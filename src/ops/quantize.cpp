// quantize and dequantize: plain tensors into blocks and back.
#include "ops/quantize.h"
#include "core/fail.h"
#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "ops/params.h"
#include "quant/i2_s.h"
#include "quant/rows.h"

namespace ingot {
namespace {

Tensor encoded(const Tensor& x, Scheme scheme, std::string_view name, Packing packing, const Tensor& importance) {
  const SchemeInfo& row = info(scheme);
  if (x.is_quantized() || !is_floating(x.dtype()))
    fail(ErrorCode::dtype_mismatch, "quantize", "{}: a floating tensor expected, found {}", name, describe(x));
  if (affine_codes(scheme))
    fail(ErrorCode::invalid_argument, "quantize", "{}: {} needs to know its groups: give an AffineScheme", name,
         row.name);
  if (!has_encoder(scheme))
    throw NotImplemented("quantize", std::string(name) + ": no encoder for " + std::string(row.name));
  if (x.rank() < 1)
    fail(ErrorCode::shape_mismatch, "quantize", "{}: at least one dimension expected, found {}", name, describe(x));
  if (scheme != Scheme::i2_s && x.shape().back() % row.block_elements != 0)
    fail(ErrorCode::shape_mismatch, "quantize", "{}: rows of {} are not a multiple of the {} elements of a {} block",
         name, describe(x), row.block_elements, row.name);
  // I2_S packs the flattened matrix: its own rule, checked before anything is read.
  if (scheme == Scheme::i2_s) i2s_layout(x.shape(), packing, "quantize");

  const Tensor rows = row_major(x);
  const float largest = largest_finite(rows, "quantize", name);
  const auto elements = static_cast<std::size_t>(x.numel());
  const std::size_t bytes =
      elements / static_cast<std::size_t>(row.block_elements) * static_cast<std::size_t>(row.block_bytes) +
      (scheme == Scheme::i2_s ? i2s_tail_bytes : 0);
  const Tensor out = Tensor::view_of(Storage::allocate(bytes, x.device()), 0, x.shape(),
                                     scheme == Scheme::i2_s ? Encoding::i2_s(packing, largest) : Encoding::of(scheme));
  if (importance.defined())
    dispatch(Op::quantize, {&rows, &importance}, {&out}, QuantizeParams{scheme});
  else
    dispatch(Op::quantize, {&rows}, {&out}, QuantizeParams{scheme});
  return out;
}

}  // namespace

Tensor quantize(const Tensor& x, Scheme scheme, std::string_view name, Packing packing) {
  return encoded(x, scheme, name, packing, {});
}

Tensor quantize_weighted(const Tensor& x, Scheme scheme, const Tensor& importance, std::string_view name) {
  if (importance.is_quantized() || importance.dtype() != DType::f32)
    fail(ErrorCode::dtype_mismatch, "quantize", "{}: importance of f32 expected, found {}", name, describe(importance));
  const Tensor rows = row_major(importance);
  largest_finite(rows, "quantize", fmt::format("importance of {}", name));
  const float* values = rows.data<float>();
  for (std::int64_t i = 0; i < rows.numel(); ++i)
    if (values[i] < 0)
      fail(ErrorCode::invalid_argument, "quantize", "{}: the importance of column {} is {}, below 0", name, i,
           values[i]);
  return encoded(x, scheme, name, Packing::i2s_x86, broadcast_to(rows, x.shape()));
}

Tensor dequantize(const Tensor& x) {
  if (!x.is_quantized())
    fail(ErrorCode::invalid_argument, "dequantize", "an encoded tensor expected, found {}", describe(x));
  const Scheme scheme = x.encoding()->scheme();
  if (!has_decoder(scheme)) throw NotImplemented("dequantize", "no decoder for " + std::string(to_string(scheme)));
  const Tensor out = Tensor::empty(x.shape(), DType::f32, x.device());
  dispatch(Op::dequantize, {&x}, {&out});
  return out;
}

}  // namespace ingot
