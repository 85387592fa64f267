#include "ingot/dtype.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/fail.h"

namespace ingot {
namespace {

struct Row {
  std::string_view name;
  std::uint8_t bits;
  Kind kind;
};

constexpr Row rows[] = {
#define INGOT_X(id, name, type, bits, kind) {name, bits, Kind::kind},
    INGOT_DTYPES(INGOT_X)
#undef INGOT_X
};

const Row& row(DType dtype) noexcept { return rows[static_cast<std::size_t>(dtype)]; }

bool is_storage_only(DType dtype) noexcept {
  return dtype == DType::i4 || dtype == DType::i2 || dtype == DType::f8_e4m3 || dtype == DType::f8_e5m2;
}

DType sized(Kind kind, int bits) noexcept {
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (rows[i].kind == kind && rows[i].bits == bits) return static_cast<DType>(i);
  return DType::f64;  // u64 with a signed integer: NumPy's answer
}

// Rounds to nearest even at `mantissa` bits below exponents of at least `min_exponent`: the common part of the
// narrowing conversions, exact because a double holds every intermediate value.
double round_to(double x, int mantissa, int min_exponent) noexcept {
  if (x == 0 || !std::isfinite(x)) return x;
  const int exponent = std::max(std::ilogb(x), min_exponent);
  return std::ldexp(std::nearbyint(std::ldexp(x, mantissa - exponent)), exponent - mantissa);
}

float decode8(std::uint8_t bits, int mantissa_bits, int bias) noexcept {
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const int exponent = (bits & 0x7F) >> mantissa_bits;
  const float magnitude =
      exponent == 0 ? std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits)
                    : std::ldexp(static_cast<float>(mantissa | 1 << mantissa_bits), exponent - bias - mantissa_bits);
  return bits & 0x80 ? -magnitude : magnitude;
}

// A finite value already rounded to the format → its bits.
std::uint8_t encode8(double x, int mantissa_bits, int bias) noexcept {
  const std::uint8_t sign = std::signbit(x) ? 0x80 : 0;
  const double magnitude = std::fabs(x);
  if (magnitude == 0) return sign;
  const int exponent = std::max(std::ilogb(magnitude), 1 - bias);
  const int scaled = static_cast<int>(std::ldexp(magnitude, mantissa_bits - exponent));
  // A normal's leading one carries into the exponent field by addition; a subnormal has none.
  return static_cast<std::uint8_t>(sign + (((exponent + bias - 1) << mantissa_bits) + scaled));
}

}  // namespace

int bit_width(DType dtype) noexcept { return row(dtype).bits; }
Kind kind(DType dtype) noexcept { return row(dtype).kind; }
std::string_view to_string(DType dtype) noexcept { return row(dtype).name; }

std::optional<DType> dtype_from_string(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (rows[i].name == name) return static_cast<DType>(i);
  return {};
}

DType promote_types(DType a, DType b) {
  if (a == b) return a;
  if (is_storage_only(a) || is_storage_only(b))
    fail(ErrorCode::dtype_mismatch, "promote_types", "{} and {} have no common dtype: convert one with astype",
         to_string(a), to_string(b));
  const Kind ka = kind(a), kb = kind(b);
  if (ka == Kind::boolean) return b;
  if (kb == Kind::boolean) return a;
  if (ka == Kind::floating && kb == Kind::floating) {
    if (bit_width(a) == bit_width(b)) return DType::f32;  // f16 with bf16
    return bit_width(a) > bit_width(b) ? a : b;
  }
  if (ka == Kind::floating) return a;
  if (kb == Kind::floating) return b;
  if (ka == kb) return bit_width(a) > bit_width(b) ? a : b;
  // One signed, one unsigned: the smallest signed type that holds both.
  const int unsigned_bits = bit_width(ka == Kind::unsigned_integer ? a : b);
  const int signed_bits = bit_width(ka == Kind::signed_integer ? a : b);
  return sized(Kind::signed_integer, std::max(signed_bits, 2 * unsigned_bits));
}

float to_float(Float8E4M3 x) noexcept {
  if ((x.bits & 0x7F) == 0x7F) return std::numeric_limits<float>::quiet_NaN();
  return decode8(x.bits, 3, 7);
}

float to_float(Float8E5M2 x) noexcept {
  if ((x.bits & 0x7F) > 0x7C) return std::numeric_limits<float>::quiet_NaN();
  if ((x.bits & 0x7F) == 0x7C) return x.bits & 0x80 ? -HUGE_VALF : HUGE_VALF;
  return decode8(x.bits, 2, 15);
}

Float8E4M3 to_float8_e4m3(float x) noexcept {
  const double rounded = round_to(x, 3, -6);
  if (std::isnan(x) || std::fabs(rounded) > 448)
    return {static_cast<std::uint8_t>(std::signbit(x) ? 0xFF : 0x7F)};
  return {encode8(rounded, 3, 7)};
}

Float8E5M2 to_float8_e5m2(float x) noexcept {
  const std::uint8_t sign = std::signbit(x) ? 0x80 : 0;
  if (std::isnan(x)) return {static_cast<std::uint8_t>(sign | 0x7E)};
  const double rounded = round_to(x, 2, -14);
  if (std::fabs(rounded) > 57344) return {static_cast<std::uint8_t>(sign | 0x7C)};
  return {encode8(rounded, 2, 15)};
}

Float16 to_float16(double x) noexcept { return to_float16(static_cast<float>(round_to(x, 10, -14))); }

BFloat16 to_bfloat16(double x) noexcept {
  // Below float's smallest subnormal bf16 still has 2⁻¹³³ … 2⁻¹²⁷ in steps of 2⁻¹³³.
  return to_bfloat16(static_cast<float>(round_to(x, 7, -126)));
}

}  // namespace ingot
