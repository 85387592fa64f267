// rope, scaled_dot_product_attention.
#include <cmath>

#include "device/kernel_table.h"
#include "ops/check.h"
#include "ops/params.h"

namespace ingot {

Tensor rope(const Tensor& x, const Tensor& positions, const Tensor& inverse_frequencies, RopeLayout layout) {
  check_inputs("rope", {&x, &positions, &inverse_frequencies});
  check_floating("rope", x);
  if (positions.dtype() != DType::i64 || inverse_frequencies.dtype() != DType::f32 ||
      inverse_frequencies.is_quantized())
    fail(ErrorCode::dtype_mismatch, "rope", "positions of i64 and inverse frequencies of f32 expected, found {} and {}",
         describe(positions), describe(inverse_frequencies));
  if (x.rank() < 2 || positions.rank() != 1 || positions.shape()[0] != x.shape()[x.rank() - 2] ||
      inverse_frequencies.rank() != 1 || 2 * inverse_frequencies.shape()[0] > x.shape().back())
    fail(ErrorCode::shape_mismatch, "rope", "{} with positions {} and inverse frequencies {}", describe(x),
         describe(positions), describe(inverse_frequencies));
  Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  if (out.numel() == 0) return out;
  const Tensor at = contiguous(positions), frequencies = contiguous(inverse_frequencies);
  dispatch(Op::rope, {&x, &at, &frequencies}, {&out}, RopeParams{layout});
  return out;
}

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options) {
  constexpr const char* name = "scaled_dot_product_attention";
  check_inputs(name, {&q, &k, &v});
  for (const Tensor* x : {&q, &k, &v}) check_floating(name, *x);
  if (q.dtype() != k.dtype() || q.dtype() != v.dtype())
    fail(ErrorCode::dtype_mismatch, name, "one dtype expected, found {}, {} and {}", describe(q), describe(k),
         describe(v));
  bool fits = q.rank() >= 3 && k.rank() == q.rank() && k.shape() == v.shape();
  if (fits) {
    const int head = q.rank() - 3;
    for (int i = 0; i < head; ++i) fits = fits && q.shape()[i] == k.shape()[i];
    fits = fits && q.shape().back() == k.shape().back() &&
           (k.shape()[head] > 0 ? q.shape()[head] % k.shape()[head] == 0 : q.shape()[head] == 0);
  }
  if (!fits)
    fail(ErrorCode::shape_mismatch, name,
         "q {}, k {}, v {}: (…, H, T, D) and twice (…, Hkv, S, D), H a multiple of Hkv", describe(q), describe(k),
         describe(v));
  Tensor mask = options.mask;
  if (mask.defined()) {
    check_inputs(name, {&q, &mask});
    check_plain(name, mask);
    if (mask.dtype() != DType::bool_ && mask.dtype() != q.dtype())
      fail(ErrorCode::dtype_mismatch, name, "a mask of bool or {} expected, found {}", to_string(q.dtype()),
           describe(mask));
    Shape scores = q.shape();
    scores[q.rank() - 1] = k.shape()[k.rank() - 2];
    if (mask.rank() > scores.rank() || broadcast_shapes(mask.shape(), scores, name) != scores)
      fail(ErrorCode::shape_mismatch, name, "a mask of {} does not broadcast to {}", describe(mask), to_string(scores));
    mask = mask.expand(scores);
  }
  if (options.window < 0 || !std::isfinite(options.scale))
    fail(ErrorCode::invalid_argument, name, "window {}, scale {}", options.window, options.scale);
  Tensor out = Tensor::empty(q.shape(), q.dtype(), q.device());
  if (out.numel() == 0) return out;
  const double scale = options.scale != 0 ? options.scale : 1 / std::sqrt(static_cast<double>(q.shape().back()));
  dispatch(Op::attention, {&q, &k, &v, &mask}, {&out}, AttentionParams{options.causal, options.window, scale});
  return out;
}

}  // namespace ingot
