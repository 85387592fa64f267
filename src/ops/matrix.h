// What operations on matrices, the last two axes of tensors, share.
#pragma once

#include "core/fail.h"
#include "ingot/ops.h"

namespace ingot {

inline void check_matrix(const char* operation, const Tensor& x) {
  if (x.rank() < 2) fail(ErrorCode::shape_mismatch, operation, "matrices (…, m, n) expected, found {}", describe(x));
}

/// What decompositions of x compute in.
inline DType computed_dtype(const Tensor& x) { return x.dtype() == DType::f64 ? DType::f64 : DType::f32; }

/// The axes before the last two.
inline Shape batch_shape(const Tensor& x) {
  Shape shape = x.shape();
  shape.erase(shape.rank() - 1);
  shape.erase(shape.rank() - 1);
  return shape;
}

/// Stretches the batches of a and b to one shape.
inline void broadcast_batches(const char* operation, Tensor& a, Tensor& b) {
  if (batch_shape(a) == batch_shape(b)) return;
  const Shape batch = broadcast_shapes(batch_shape(a), batch_shape(b), operation);
  for (Tensor* x : {&a, &b}) {
    Shape shape = batch;
    shape.push_back(x->shape()[x->rank() - 2]);
    shape.push_back(x->shape().back());
    *x = x->expand(shape);
  }
}

}  // namespace ingot
