// What each operation hands its kernels beside the tensors, and the form in which the tensors arrive.
// Outputs are row-major unless said otherwise; inputs have any strides unless said otherwise.
#pragma once

#include <cstdint>

#include "ingot/encoding.h"
#include "ingot/ops.h"
#include "ops/reductions.h"

namespace ingot {

enum class ElementwiseOp : std::uint8_t;  // the rows of elementwise.def

/// elementwise: one to three inputs of one dtype, which broadcast to out's shape → out. It has the inputs' dtype, or
/// bool for a predicate; any strides; it may be one of the inputs, not overlap them otherwise.
struct ElementwiseParams {
  ElementwiseOp function;
};

// select: condition (bool), a, b, which broadcast to out's shape → out of a's and b's dtype, from 8 bits on. No params.

// copy: source → target of the same shape, any of the 17 dtypes, any strides on both sides. No params.

/// gather: source (`indexed` axes, rest…), offsets (b) i64 row-major → out (b, rest…): out[i] = the rest of source that
/// begins offsets[i] elements behind its first. dtypes from 8 bits on; out has any strides.
struct GatherParams {
  int indexed;
};

/// scatter: values (b, rest…) of target's dtype, offsets (b) as above → target (`indexed` axes, rest…) of any strides,
/// aligned, not overlapping the inputs. In the order of b; `add` needs a dtype with arithmetic.
struct ScatterParams {
  int indexed;
  bool add;
};

/// arange: → out (n) row-major of any dtype from 8 bits on: start + i·step, in double for floats, modulo 2⁶⁴ else.
struct ArangeParams {
  double start, step;
  std::uint64_t integer_start, integer_step;
};

enum class Distribution : std::uint8_t { uniform, normal, integers, permutation };

/// random: → out row-major: numbers number 0, 1, … of the stream that begins at block `offset` (ops/random_stream.h).
/// uniform (f16 … f64): low … high; normal (the same): mean low, deviation high; integers (from 8 bits on):
/// integer_low … integer_low + range − 1, range 0 standing for 2⁶⁴; permutation: i64 (n).
struct RandomParams {
  std::uint64_t seed, offset;
  double low, high;
  std::uint64_t integer_low, range;
  Distribution distribution;
};

/// reduce: x (bool, integers from 8 bits on, f16 … f64), and c where the function reads one → out of any dtype, both of
/// x's shape but for size 1 at the axes reduced; c is f32, or f64 for x of f64.
struct ReduceParams {
  ReduceOp function;
  unsigned axes;  // bit i: axis i is reduced
};

/// softmax, log_softmax: x → out.
struct AxisParams {
  int axis;
};

/// argmax: x (from 8 bits on) → out i64 with size 1 at `axis`, where x has one element at least.
struct ArgmaxParams {
  int axis;
  bool smallest;  // argmin
};

/// cumulate: x (bool, integers from 8 bits on, f16 … f64) → out of x's shape, any strides, floating where x is.
struct CumulateParams {
  int axis;
  bool product;  // else the sum
};

/// sort: x (from 8 bits on) → out. argsort: x → indices i64, and the elements there as a second output; both have the
/// first elements in order, as many as out has along `axis`. The order is stable; NaN is the largest.
struct SortParams {
  int axis;
  bool descending;
};

/// searchsorted: sorted (n), values of its dtype, from 8 bits on → out i64 of values' shape; a third input: i64 (n),
/// places inside 0 … n−1 in the order that sorts the first.
struct SearchParams {
  bool right;
};

/// cross_entropy: logits, targets i64 row-major, inside 0 … C−1 or ignore_index → losses row-major, f64 for f64, else
/// f32; 0 where ignored. The shape of targets and losses is the logits' without `axis`.
struct CrossEntropyParams {
  int axis;
  std::int64_t ignore_index;
  double label_smoothing;
};

/// layer_norm: x (…, d), weight (d), bias (d) → out (…, d); weight and bias may be of another floating dtype.
/// rms_norm: x (…, d), weight (d) → out (…, d), all of one dtype; weight may be of another floating dtype.
struct NormParams {
  double eps;
};

// matmul: a (…, m, k), b (…, k, n) → out (…, m, n), equal batch sizes (stride 0 where broadcast). All of one dtype,
// floating or an integer from 8 bits on, but i8, whose out is i32. No params.

// Decompositions take f32 or f64, matrices in the last two axes, one batch shape. The last output, `info` (batch), i32,
// is what LAPACK says of each matrix: 0 where there is a result, else what the operation makes its error of.

// solve: a (…, n, n), b (…, n, k) of equal batch sizes → x (…, n, k), info: > 0 where a is singular. No params.

// determinant: x (…, n, n) → det, sign, logabs (batch), info. No params.

/// cholesky: x (…, n, n) → out, zero in the other triangle; info: > 0 where x is not positive definite.
struct CholeskyParams {
  bool upper;
};

// qr: x (…, m, n) → q (…, m, k), r (…, k, n), info; k is min(m, n) or m. No params.

/// svd: x (…, m, n) → s (…, min(m, n)), u (…, m, ku), vh (…, kv, n), info: < 0 for NaN or infinity, > 0 where it does
/// not converge. Without vectors u and vh have no elements.
/// eigh: x (…, n, n) → values (…, n), vectors (…, n, n), info as svd's. Without vectors these have no elements.
struct VectorsParams {
  bool vectors;
};

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

/// attention: q (…, H, T, D), k and v (…, Hkv, S, D) of one dtype, equal leading sizes, mask undefined or
/// (…, H, T, S), bool or of that dtype → out (…, H, T, D).
struct AttentionParams {
  bool causal;
  std::int64_t window;  // 0: none
  double scale;         // resolved: never 0
};

// dequantize: x encoded, any scheme with a decoder → out f32 of x's shape. No params.

/// quantize: x floating, row-major → out encoded. An affine out has its scales and zero points.
struct QuantizeParams {
  Scheme scheme;
  int lowest_code = 0;  // affine schemes
};

}  // namespace ingot
