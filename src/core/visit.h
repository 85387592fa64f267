// From a run-time dtype to a compile-time type, once per call, and scalar conversions between all of them.
#pragma once

#include <type_traits>

#include "core/fail.h"
#include "ingot/dtype.h"

namespace ingot {

inline double to_double(Float16 x) noexcept { return to_float(x); }
inline double to_double(BFloat16 x) noexcept { return to_float(x); }
inline double to_double(Float8E4M3 x) noexcept { return to_float(x); }
inline double to_double(Float8E5M2 x) noexcept { return to_float(x); }
template <class T>
  requires std::is_arithmetic_v<T>
double to_double(T x) noexcept {
  return static_cast<double>(x);
}

template <class T>
T from_double(double x) noexcept {
  if constexpr (std::is_same_v<T, Float16>)
    return to_float16(x);
  else if constexpr (std::is_same_v<T, BFloat16>)
    return to_bfloat16(x);
  else if constexpr (std::is_same_v<T, Float8E4M3>)
    return to_float8_e4m3(x);
  else if constexpr (std::is_same_v<T, Float8E5M2>)
    return to_float8_e5m2(x);
  else if constexpr (std::is_same_v<T, bool>)
    return x != 0;
  else
    return static_cast<T>(x);
}

/// Calls f(T{}) with the element type of `dtype`. i4 and i2 are no element types of their own: dtype_mismatch.
template <class F>
decltype(auto) visit_numeric(DType dtype, const char* operation, F&& f) {
  switch (dtype) {
    case DType::bool_: return f(bool{});
    case DType::u8: return f(std::uint8_t{});
    case DType::u16: return f(std::uint16_t{});
    case DType::u32: return f(std::uint32_t{});
    case DType::u64: return f(std::uint64_t{});
    case DType::i8: return f(std::int8_t{});
    case DType::i16: return f(std::int16_t{});
    case DType::i32: return f(std::int32_t{});
    case DType::i64: return f(std::int64_t{});
    case DType::f16: return f(Float16{});
    case DType::bf16: return f(BFloat16{});
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
    case DType::f8_e4m3: return f(Float8E4M3{});
    case DType::f8_e5m2: return f(Float8E5M2{});
    case DType::i4:
    case DType::i2: break;
  }
  fail(ErrorCode::dtype_mismatch, operation, "{} elements are packed: unpack them with astype", to_string(dtype));
}

/// The same for the dtypes that have arithmetic: integers from 8 bits on, f16, bf16, f32, f64.
template <class F>
decltype(auto) visit_arithmetic(DType dtype, const char* operation, F&& f) {
  switch (dtype) {
    case DType::u8: return f(std::uint8_t{});
    case DType::u16: return f(std::uint16_t{});
    case DType::u32: return f(std::uint32_t{});
    case DType::u64: return f(std::uint64_t{});
    case DType::i8: return f(std::int8_t{});
    case DType::i16: return f(std::int16_t{});
    case DType::i32: return f(std::int32_t{});
    case DType::i64: return f(std::int64_t{});
    case DType::f16: return f(Float16{});
    case DType::bf16: return f(BFloat16{});
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
    default: fail(ErrorCode::dtype_mismatch, operation, "no arithmetic on {}: convert with astype", to_string(dtype));
  }
}

/// The same for the dtypes that networks compute in: f16, bf16, f32, f64.
template <class F>
decltype(auto) visit_floating(DType dtype, const char* operation, F&& f) {
  switch (dtype) {
    case DType::f16: return f(Float16{});
    case DType::bf16: return f(BFloat16{});
    case DType::f32: return f(float{});
    case DType::f64: return f(double{});
    default: fail(ErrorCode::dtype_mismatch, operation, "f16, bf16, f32 or f64 expected, found {}", to_string(dtype));
  }
}

}  // namespace ingot
