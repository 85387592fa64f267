// Operations. Names are the array API's, and PyTorch's where the standard has none.
//
// All take any strides and empty tensors, and broadcast as NumPy does. Unless said otherwise the result is a new
// row-major tensor on the device of the inputs. Errors name the operation with the shapes and dtypes of its inputs.
#pragma once

#include <span>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

// Elementwise: one row each in src/ops/elementwise.def.

// They take f16, bf16, f32, f64 and, where not said otherwise, integers from 8 bits on, which wrap. Bool counts as an
// operand beside one of these; i4, i2 and the 8-bit floats are for keeping, not for computing: dtype_mismatch.

/// Sum of both, in their promoted dtype (promote_types).
Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
/// Quotient in the promoted dtype; f32 for two integers or bools.
Tensor div(const Tensor& a, const Tensor& b);
/// x / (1 + exp(−x)); floating dtypes.
Tensor silu(const Tensor& x);
/// max(x, 0); NaN stays NaN.
Tensor relu(const Tensor& x);
/// max(x, 0)²: the feed-forward activation of BitNet b1.58 2B-4T.
Tensor squared_relu(const Tensor& x);

// Data types and layout.

/// Elements converted to `dtype`: to floats rounded once to nearest even; floats to integers truncated (outside the
/// range the nearest integer, NaN gives 0); integers to integers modulo 2^bits; to bool: not zero. An encoded tensor is
/// decoded first. Returns x itself where nothing changes and `copy` is false.
Tensor astype(const Tensor& x, DType dtype, bool copy = false);
/// x itself if it is row-major, aligned and plain, else a copy.
Tensor contiguous(const Tensor& x);
/// A view where strides allow, else a copy. One size may be −1. Throws for an encoded tensor that has no such view.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Writes `source`, broadcast and converted, into `target`; they must not overlap.
void copy_(const Tensor& target, const Tensor& source);
/// Joined along `axis`; the other sizes must agree; the promoted dtype.
Tensor concat(std::span<const Tensor> tensors, int axis = 0);
/// Every 2-D or higher scheme of encoding.h that can be encoded: `x` (floating, last dimension a multiple of the
/// block) in blocks. Throws invalid_argument, naming `name` and the element's flat index, for NaN and infinity before
/// anything is written. `packing` matters to I2_S alone.
Tensor quantize(const Tensor& x, Scheme scheme, std::string_view name = "tensor", Packing packing = Packing::i2s_x86);
/// The elements of an encoded tensor as f32. Throws NotImplemented naming a scheme that is only carried.
Tensor dequantize(const Tensor& x);

// Reductions and networks.

/// exp(x − max) / Σ along `axis`; f16 and bf16 are computed in f32.
Tensor softmax(const Tensor& x, int axis = -1);
/// x / √(mean(x², last axis) + eps) · weight. Zhang & Sennrich 2019, eq. 4. `weight` has the size of the last axis.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);
/// Index (i64) of the first largest element along `axis`; NaN counts as largest, as in NumPy.
Tensor argmax(const Tensor& x, int axis = -1, bool keepdims = false);
/// (…, m, k) × (…, k, n) → (…, m, n) with broadcast batches; vectors as in NumPy. Floating dtypes; f16 and bf16
/// accumulate in f32.
Tensor matmul(const Tensor& a, const Tensor& b);

/// How linear() treats its left operand.
enum class Activations : std::uint8_t {
  as_is,         // in full precision, or as blocks of int8 where the weights are block-quantized
  int8_per_row,  // BitNet b1.58: rows rounded to x·127/max(|x|max, 1e-5), clamped to ±128 … 127, then scaled back
};
/// x (…, k) · weightᵀ for weight (n, k), plain or encoded → (…, n) in x's dtype. PyTorch's linear without bias.
/// Encoded weights are multiplied with int8 activations (scale = max/127 for each 32) by integer dot products.
Tensor linear(const Tensor& x, const Tensor& weight, Activations activations = Activations::as_is);
/// Rows of `weight` (n, k), plain or encoded, at `ids` (any shape, integers in 0 … n−1) → (…, k), f32 when encoded.
Tensor embedding(const Tensor& weight, const Tensor& ids);

/// Which elements of a head form a pair that is rotated together.
enum class RopeLayout : std::uint8_t {
  interleaved,  // (2i, 2i+1): Meta's checkpoints, llama2.c, GGUF's llama
  half_split,   // (i, i + d/2): Hugging Face, GPT-NeoX
};
/// Rotary embedding (Su et al. 2021) of x (…, T, D): element pair i of position p turns by p · inverse_frequencies[i].
/// positions: i64 (T); inverse_frequencies: f32 (R/2), R ≤ D even: elements past R stay.
Tensor rope(const Tensor& x, const Tensor& positions, const Tensor& inverse_frequencies, RopeLayout layout);

struct AttentionOptions {
  bool causal = false;      // query i sees keys j ≤ i + S − T: the last query sees all (aligned at the lower right)
  std::int64_t window = 0;  // > 0: and only keys j > i + S − T − window (sliding window)
  double scale = 0;         // 0: 1/√D
};
/// softmax(q kᵀ · scale) v; 0 for a query that sees no key. q (…, H, T, D), k and v (…, Hkv, S, D), H a multiple of
/// Hkv: head h reads key head h / (H/Hkv). → (…, H, T, D). Any strides, so a KV cache is passed as a view. f16 and bf16
/// are computed in f32.
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options = {});

}  // namespace ingot
