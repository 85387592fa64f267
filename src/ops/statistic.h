// What statistics and running totals ask of dtypes.
#pragma once

#include <optional>

#include "ops/check.h"
#include "ops/reductions.h"

namespace ingot {

/// Throws dtype_mismatch for an encoded tensor and for the packed and 8-bit float dtypes.
inline void check_arithmetic(const char* operation, const Tensor& x) {
  check_plain(operation, x);
  if (!has_arithmetic(x.dtype()))
    fail(ErrorCode::dtype_mismatch, operation, "{}: bool, integers from 8 bits on, f16, bf16, f32 or f64 expected",
         describe(x));
}

/// The dtype of a sum or product of x, running or not, where the caller wants `dtype`.
inline DType total_dtype(const char* operation, const Tensor& x, std::optional<DType> dtype) {
  const DType result = dtype.value_or(is_floating(x.dtype()) ? x.dtype() : accumulator(ReduceOp::sum, x.dtype()));
  if (result == DType::bool_ || !has_arithmetic(result))
    fail(ErrorCode::dtype_mismatch, operation, "of {} as {}: an integer from 8 bits on, f16, bf16, f32 or f64 expected",
         describe(x), to_string(result));
  return result;
}

}  // namespace ingot
