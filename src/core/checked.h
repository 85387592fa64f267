// Arithmetic on sizes that throws out_of_range instead of wrapping.
#pragma once

#include "core/fail.h"

namespace ingot {

template <class T>
T checked_mul(T a, T b, const char* operation) {
  T result;
  if (__builtin_mul_overflow(a, b, &result)) fail(ErrorCode::out_of_range, operation, "{} x {} overflows", a, b);
  return result;
}

template <class T>
T checked_add(T a, T b, const char* operation) {
  T result;
  if (__builtin_add_overflow(a, b, &result)) fail(ErrorCode::out_of_range, operation, "{} + {} overflows", a, b);
  return result;
}

}  // namespace ingot
