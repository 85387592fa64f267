// What tensor elements are. How quantized elements are held is `Encoding` (encoding.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ingot/float_types.h"

namespace [[gnu::visibility("default")]] ingot {

enum class Kind : std::uint8_t { boolean, unsigned_integer, signed_integer, floating };

// One row each: name, C++ type of an element (of a packed byte for i4 and i2), bits, kind.
#define INGOT_DTYPES(X)                              \
  X(bool_, "bool", bool, 8, boolean)                 \
  X(u8, "u8", std::uint8_t, 8, unsigned_integer)     \
  X(u16, "u16", std::uint16_t, 16, unsigned_integer) \
  X(u32, "u32", std::uint32_t, 32, unsigned_integer) \
  X(u64, "u64", std::uint64_t, 64, unsigned_integer) \
  X(i8, "i8", std::int8_t, 8, signed_integer)        \
  X(i16, "i16", std::int16_t, 16, signed_integer)    \
  X(i32, "i32", std::int32_t, 32, signed_integer)    \
  X(i64, "i64", std::int64_t, 64, signed_integer)    \
  X(i4, "i4", PackedI4, 4, signed_integer)           \
  X(i2, "i2", PackedI2, 2, signed_integer)           \
  X(f16, "f16", Float16, 16, floating)               \
  X(bf16, "bf16", BFloat16, 16, floating)            \
  X(f32, "f32", float, 32, floating)                 \
  X(f64, "f64", double, 64, floating)                \
  X(f8_e4m3, "f8_e4m3", Float8E4M3, 8, floating)     \
  X(f8_e5m2, "f8_e5m2", Float8E5M2, 8, floating)

enum class DType : std::uint8_t {
#define INGOT_X(id, name, type, bits, kind) id,
  INGOT_DTYPES(INGOT_X)
#undef INGOT_X
};

inline constexpr int dtype_count = 0
#define INGOT_X(id, name, type, bits, kind) +1
    INGOT_DTYPES(INGOT_X)
#undef INGOT_X
    ;

/// Bits one element takes: 2 (i2), 4 (i4), else 8 to 64.
///
/// i4 and i2 are packed, the first element in the low bits of a byte; the bits behind the last one are zero. They are
/// indexed like other dtypes: offsets and strides count elements, and a view may begin inside a byte. Tensor::bytes()
/// refuses such a view, contiguous() copies it to a whole byte. Neighbours share bytes, so two threads must not write
/// to one packed tensor. They have no arithmetic: astype converts modulo 2^bits, pack (ops/quantization.h) checks.
int bit_width(DType dtype) noexcept;
Kind kind(DType dtype) noexcept;
/// "f32", "bf16", …
std::string_view to_string(DType dtype) noexcept;
/// The inverse of to_string; none for an unknown name.
std::optional<DType> dtype_from_string(std::string_view name) noexcept;
inline bool is_floating(DType dtype) noexcept { return kind(dtype) == Kind::floating; }
inline bool is_integer(DType dtype) noexcept {
  return kind(dtype) == Kind::unsigned_integer || kind(dtype) == Kind::signed_integer;
}
/// The dtype both operands of a binary operation are converted to: the array API's table (2024.12) within a kind,
/// the float's dtype for an integer with a float, the other's dtype for bool with any.
/// u64 with a signed integer gives f64 as in NumPy; f16 with bf16 gives f32.
/// Throws dtype_mismatch for the packed (i4, i2) and 8-bit float types unless both are equal.
DType promote_types(DType a, DType b);

/// dtype_of<float> == DType::f32, …
template <class T>
inline constexpr DType dtype_of = DType::bool_;
#define INGOT_X(id, name, type, bits, kind) \
  template <>                               \
  inline constexpr DType dtype_of<type> = DType::id;
INGOT_DTYPES(INGOT_X)
#undef INGOT_X

}  // namespace ingot
