// What every operation asks of its inputs before it allocates anything.
#pragma once

#include <initializer_list>
#include <span>

#include "core/fail.h"
#include "ingot/tensor.h"

namespace ingot {

/// All are defined and on one device. Throws invalid_argument.
inline void check_inputs(const char* operation, std::span<const Tensor* const> tensors) {
  for (const Tensor* x : tensors) {
    if (!x->defined()) fail(ErrorCode::invalid_argument, operation, "an input is undefined");
    if (x->device() != tensors.front()->device())
      fail(ErrorCode::invalid_argument, operation, "inputs on {} and {}", to_string(tensors.front()->device()),
           to_string(x->device()));
  }
}
inline void check_inputs(const char* operation, std::initializer_list<const Tensor*> tensors) {
  check_inputs(operation, std::span(tensors.begin(), tensors.size()));
}

/// Throws dtype_mismatch for an encoded tensor.
inline void check_plain(const char* operation, const Tensor& x) {
  if (x.is_quantized())
    fail(ErrorCode::dtype_mismatch, operation, "{} is encoded: decode it with dequantize", describe(x));
}

/// Throws out_of_range for negative sizes and for more than 2⁶³ − 1 elements.
inline void check_shape(const char* operation, const Shape& shape) {
  for (const std::int64_t size : shape)
    if (size < 0) fail(ErrorCode::out_of_range, operation, "negative size in {}", to_string(shape));
  try {
    (void)shape.numel();
  } catch (const Error& error) {
    throw Error(error.code(), operation, error.message());
  }
}

/// bool, integers from 8 bits on, f16, bf16, f32 and f64: i4, i2 and the 8-bit floats are kept, not computed with.
inline bool has_arithmetic(DType dtype) noexcept {
  return bit_width(dtype) >= 8 && !(is_floating(dtype) && bit_width(dtype) == 8);
}

/// Throws dtype_mismatch for an encoded tensor and for packed elements (i4, i2).
inline void check_unpacked(const char* operation, const Tensor& x) {
  check_plain(operation, x);
  if (bit_width(x.dtype()) < 8)
    fail(ErrorCode::dtype_mismatch, operation, "{} is packed: unpack it with astype", describe(x));
}

/// Throws invalid_argument for read-only storage and for a view that holds elements more than once.
inline void check_writable(const char* operation, const Tensor& target) {
  for (int axis = 0; axis < target.rank(); ++axis)
    if (target.strides()[axis] == 0 && target.shape()[axis] > 1)
      fail(ErrorCode::invalid_argument, operation, "{} with strides {} holds elements more than once", describe(target),
           to_string(target.strides()));
  if (target.storage()->read_only())
    fail(ErrorCode::invalid_argument, operation, "the storage of {} is read-only", describe(target));
}

/// Throws dtype_mismatch unless plain f16, bf16, f32 or f64.
inline void check_floating(const char* operation, const Tensor& x) {
  check_plain(operation, x);
  if (!is_floating(x.dtype()) || bit_width(x.dtype()) < 16)
    fail(ErrorCode::dtype_mismatch, operation, "f16, bf16, f32 or f64 expected, found {}", describe(x));
}

}  // namespace ingot
