// Reductions over blocks of elements of the dtype computed in, one version for each instruction set.
#pragma once

#include <cstddef>

#include "ingot/dtype.h"
#include "ops/elementwise.h"
#include "ops/reductions.h"

namespace ingot::cpu {

/// So many elements of a row are added one after the other, in as many chains as vectors have lanes or more: what the
/// error of a sum is bounded by. A power of two.
constexpr std::size_t reduced_together = 1024;

/// One row of reductions.def for one dtype. Accumulators are of accumulator(op, dtype).
struct Reduction {
  /// acc ← the n elements of a row, combined in an order that depends on n alone; c: the row's, may be null.
  void (*row)(const void* x, std::size_t n, const void* c, void* acc);
  /// acc[j] ← (fresh: initial, else acc[j]) ∘ element j of each of `rows` rows, `stride` elements apart, for j < n.
  void (*columns)(const void* x, std::ptrdiff_t stride, std::size_t rows, const void* c, bool fresh, void* acc,
                  std::size_t n);
  /// a[j] ← a[j] ∘ b[j], for j < n.
  void (*combine)(void* a, const void* b, std::size_t n);
  /// max and min: the first place of the result among the n elements of a row, or of the first NaN. n: 1 … 4096, so
  /// that groups of elements can be counted in eight bits.
  std::size_t (*place)(const void* x, std::size_t n);
};

/// One for each translation unit; `dtype` is bool or an integer from 8 bits on.
Reduction reduction_floats(ReduceOp op, DType dtype);
Reduction reduction_integers(ReduceOp op, DType dtype);
/// `computed`: bool, f32, f64 or an integer from 8 bits on.
inline Reduction reduction(ReduceOp op, DType computed) {
  return is_floating(computed) ? reduction_floats(op, computed) : reduction_integers(op, computed);
}

}  // namespace ingot::cpu
