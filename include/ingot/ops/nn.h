// What networks are made of.
#pragma once

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// exp(x − max) / Σ along `axis`; f16 and bf16 are computed in f32.
Tensor softmax(const Tensor& x, int axis = -1);
/// x − max − log Σ exp(x − max) along `axis`: the logarithm of softmax, without its underflow.
Tensor log_softmax(const Tensor& x, int axis = -1);

/// What becomes of a loss for each row.
enum class Reduction : std::uint8_t { each, mean, sum };
struct CrossEntropyOptions {
  int axis = -1;  // of the classes: the last, as language models have it; 1 as in PyTorch's (N, C, d1, …)
  Reduction reduction = Reduction::mean;
  std::int64_t ignore_index = -100;  // targets that count for nothing, in the mean's divisor neither
  double label_smoothing = 0;        // 0 … 1: this share of the target is spread over all classes
};
/// −log_softmax(logits)[target], of the logits' dtype; f16 and bf16 are computed and reduced in f32. targets: integers
/// 0 … C−1 or ignore_index, of the logits' shape without `axis`. The mean of no targets is NaN. PyTorch's.
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, const CrossEntropyOptions& options = {});

/// (x − mean) / √(variance + eps) · weight + bias over the last axes, whose sizes are `normalized_shape`; the variance
/// is Σ(x − mean)²/n. Ba et al. 2016. `weight` and `bias` of that shape, or undefined. f16 and bf16 in f32.
Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
/// x / √(mean(x², last axis) + eps) · weight. Zhang & Sennrich 2019, eq. 4. `weight` has the size of the last axis, or
/// is undefined.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);
/// How linear() treats its left operand.
enum class Activations : std::uint8_t {
  as_is,         // in full precision, or as blocks of int8 where the weights are block-quantized
  int8_per_row,  // BitNet b1.58: rows rounded to x·127/max(|x|max, 1e-5), clamped to ±128 … 127, then scaled back
};
/// x (…, k) · weightᵀ for weight (n, k), plain or encoded → (…, n) in x's dtype. PyTorch's linear without bias.
/// Encoded weights are multiplied with int8 activations (scale = max/127 for each 32) by integer dot products where
/// their scheme has one, else decoded some rows at a time and multiplied in f32.
Tensor linear(const Tensor& x, const Tensor& weight, Activations activations = Activations::as_is);
/// The same plus `bias` (n), or undefined.
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias, Activations activations = Activations::as_is);
/// Rows of `weight` (n, k), plain or encoded, at `ids` (any shape, integers in 0 … n−1) → (…, k), f32 when encoded.
Tensor embedding(const Tensor& weight, const Tensor& ids);

/// Which elements of a head form a pair that is rotated together.
enum class RopeLayout : std::uint8_t {
  interleaved,  // (2i, 2i+1): Meta's checkpoints, llama2.c, GGUF's llama
  half_split,   // (i, i + R/2): Hugging Face, GPT-NeoX
};
/// Rotary embedding (Su et al. 2021) of x (…, T, D): element pair i of position p turns by p · inverse_frequencies[i].
/// positions: i64 (T); inverse_frequencies: f32 (R/2), R ≤ D even: elements past R stay.
Tensor rope(const Tensor& x, const Tensor& positions, const Tensor& inverse_frequencies, RopeLayout layout);

struct AttentionOptions {
  bool causal = false;      // query i sees keys j ≤ i + S − T: the last query sees all (aligned at the lower right)
  std::int64_t window = 0;  // > 0: and only keys j > i + S − T − window (sliding window)
  double scale = 0;         // 0: 1/√D
  Tensor mask = {};         // broadcasts to (…, H, T, S); bool: what is seen; of q's dtype: added to the scores
};
/// softmax(q kᵀ · scale) v; 0 for a query that sees no key. q (…, H, T, D), k and v (…, Hkv, S, D), H a multiple of
/// Hkv: head h reads key head h / (H/Hkv). → (…, H, T, D). Any strides, so a KV cache is passed as a view. f16 and bf16
/// are computed in f32.
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options = {});

}  // namespace ingot
