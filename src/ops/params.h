// What each operation hands its kernels beside the tensors, and the form in which the tensors arrive.
// Outputs are row-major unless said otherwise; inputs have any strides unless said otherwise.
#pragma once

#include <cstdint>

#include "ingot/encoding.h"
#include "ingot/ops.h"

namespace ingot {

enum class UnaryOp : std::uint8_t;  // the rows of elementwise.def
enum class BinaryOp : std::uint8_t;

/// unary: x → out of the same shape and dtype.
struct UnaryParams {
  UnaryOp function;
};

/// binary: a, b → out. Both have out's dtype and shape (stride 0 where broadcast).
struct BinaryParams {
  BinaryOp function;
};

// copy: source → target of the same shape, any of the 17 dtypes, any strides on both sides. No params.

/// softmax, argmax: x → out. argmax: out is i64 with size 1 at `axis`.
struct AxisParams {
  int axis;
};

/// rms_norm: x (…, d), weight (d) → out (…, d), all of one dtype; weight may be of another floating dtype.
struct RmsNormParams {
  double eps;
};

// matmul: a (…, m, k), b (…, k, n) → out (…, m, n), one dtype, equal batch sizes (stride 0 where broadcast). No params.

/// linear: x (m, k) row-major, weight (n, k) encoded or of any floating dtype → out (m, n) of x's dtype.
struct LinearParams {
  Activations activations;
};

// embedding: weight (n, k) plain or encoded, ids (t) i64 row-major, inside 0 … n−1 → out (t, k): weight's dtype, f32
// for an encoded weight. No params.

/// rope: x (…, T, D), positions (T) i64 row-major, inverse_frequencies (R/2) f32 row-major → out of x's shape, dtype.
struct RopeParams {
  RopeLayout layout;
};

/// attention: q (…, H, T, D), k and v (…, Hkv, S, D) of one dtype, equal leading sizes → out (…, H, T, D).
struct AttentionParams {
  bool causal;
  std::int64_t window;  // 0: none
  double scale;         // resolved: never 0
};

// dequantize: x encoded, any scheme with a decoder → out f32 of x's shape. No params.

/// quantize: x floating, row-major → out encoded.
struct QuantizeParams {
  Scheme scheme;
};

}  // namespace ingot
