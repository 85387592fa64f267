// Storage types for the narrow floats and the packed integers. They hold bits; arithmetic is done in float or double.
#pragma once

#include <bit>
#include <cstdint>

namespace [[gnu::visibility("default")]] ingot {

struct Float16 {  // IEEE 754 binary16
  std::uint16_t bits;
};
struct BFloat16 {  // the upper half of a binary32
  std::uint16_t bits;
};
struct Float8E4M3 {  // OCP 8-bit, bias 7, no infinity, NaN = 0x7F and 0xFF, largest 448 ("fn")
  std::uint8_t bits;
};
struct Float8E5M2 {  // OCP 8-bit, bias 15, IEEE rules, largest 57344
  std::uint8_t bits;
};
struct PackedI4 {  // two elements, the first in the low nibble
  std::uint8_t bits;
};
struct PackedI2 {  // four elements, the first in the low two bits
  std::uint8_t bits;
};

inline float to_float(BFloat16 x) noexcept { return std::bit_cast<float>(std::uint32_t{x.bits} << 16); }

inline float to_float(Float16 x) noexcept {
  const std::uint32_t sign = std::uint32_t{x.bits & 0x8000u} << 16;
  const std::uint32_t exponent = (x.bits >> 10) & 0x1Fu;
  const std::uint32_t mantissa = x.bits & 0x3FFu;
  if (exponent == 0)  // zero or subnormal: mantissa × 2⁻²⁴, exact in float
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(static_cast<float>(mantissa) * 0x1p-24f));
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | mantissa << 13);
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

// Every from-float conversion rounds to nearest, ties to even, and keeps NaN (quietened) and the sign of zero.

inline BFloat16 to_bfloat16(float x) noexcept {
  const std::uint32_t u = std::bit_cast<std::uint32_t>(x);
  if ((u & 0x7FFFFFFFu) > 0x7F800000u) return {static_cast<std::uint16_t>(u >> 16 | 0x40u)};
  return {static_cast<std::uint16_t>((u + 0x7FFFu + (u >> 16 & 1u)) >> 16)};
}

inline Float16 to_float16(float x) noexcept {
  const std::uint32_t u = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = u >> 16 & 0x8000u;
  const std::uint32_t magnitude = u & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return {static_cast<std::uint16_t>(sign | 0x7E00u | (magnitude >> 13 & 0x3FFu))};
  if (magnitude >= 0x477FF000u) return {static_cast<std::uint16_t>(sign | 0x7C00u)};  // ≥ 65520 rounds to infinity
  if (magnitude < 0x38800000u) {  // below 2⁻¹⁴: subnormal; adding ½ aligns the mantissa to 2⁻²⁴ and rounds
    const float aligned = std::bit_cast<float>(magnitude) + 0.5f;
    return {static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(aligned) - 0x3F000000u))};
  }
  const std::uint32_t rounded = magnitude + 0xFFFu + (magnitude >> 13 & 1u);
  return {static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13))};
}

float to_float(Float8E4M3 x) noexcept;
float to_float(Float8E5M2 x) noexcept;
/// Out of range gives NaN, as in ml_dtypes and PyTorch: the format has no infinity.
Float8E4M3 to_float8_e4m3(float x) noexcept;
/// Out of range gives infinity.
Float8E5M2 to_float8_e5m2(float x) noexcept;

/// From double in one rounding (through float would round twice).
Float16 to_float16(double x) noexcept;
BFloat16 to_bfloat16(double x) noexcept;
Float8E4M3 to_float8_e4m3(double x) noexcept;
Float8E5M2 to_float8_e5m2(double x) noexcept;

}  // namespace ingot
