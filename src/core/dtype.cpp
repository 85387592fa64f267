#include "ingot/dtype.h"

#include <algorithm>
#include <array>
#include <bit>
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

// 2^e for exponents of normal floats, usable in constant expressions.
constexpr float power_of_two(int e) noexcept { return std::bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23); }

// What each of the 256 codes of an 8-bit float without special values stands for.
constexpr std::array<float, 256> decode_table(int mantissa_bits, int bias) noexcept {
  std::array<float, 256> table{};
  for (int bits = 0; bits < 256; ++bits) {
    const int mantissa = bits & ((1 << mantissa_bits) - 1);
    const int exponent = (bits & 0x7F) >> mantissa_bits;
    const int whole = exponent == 0 ? mantissa : mantissa | 1 << mantissa_bits;
    const float magnitude =
        static_cast<float>(whole) * power_of_two((exponent == 0 ? 1 : exponent) - bias - mantissa_bits);
    table[static_cast<std::size_t>(bits)] = bits & 0x80 ? -magnitude : magnitude;
  }
  return table;
}

// A compiler may give -NaN either sign.
constexpr float nan_of_sign(bool negative) noexcept {
  return std::bit_cast<float>(negative ? 0xFFC00000u : 0x7FC00000u);
}

constexpr auto e4m3_values = [] {
  auto table = decode_table(3, 7);
  table[0x7F] = nan_of_sign(false);
  table[0xFF] = nan_of_sign(true);
  return table;
}();

constexpr auto e5m2_values = [] {
  auto table = decode_table(2, 15);
  for (const int sign : {0, 0x80}) {
    const auto at = static_cast<std::size_t>(sign);
    table[at + 0x7C] = (sign ? -1.0f : 1.0f) * std::numeric_limits<float>::infinity();
    for (std::size_t i = 0x7D; i <= 0x7F; ++i) table[at + i] = nan_of_sign(sign != 0);
  }
  return table;
}();

// |x| of a finite float, `mantissa_bits` kept: rounds to nearest even by carrying into the exponent, which is what the
// format's bits are once the exponent is rebased. May give codes past the largest finite one: the caller compares.
std::uint32_t encode8(float magnitude, int mantissa_bits, int bias) noexcept {
  const auto u = std::bit_cast<std::uint32_t>(magnitude);
  const int shift = 23 - mantissa_bits;
  const auto smallest_normal = static_cast<std::uint32_t>(128 - bias) << 23;
  if (u < smallest_normal) {
    // Adding 2²³ quanta aligns the mantissa to the subnormals' step and rounds.
    const float aligner = power_of_two(1 - bias - mantissa_bits + 23);
    return std::bit_cast<std::uint32_t>(magnitude + aligner) - std::bit_cast<std::uint32_t>(aligner);
  }
  const std::uint32_t rounded = u + (1u << (shift - 1)) - 1 + (u >> shift & 1u);
  return (rounded - (static_cast<std::uint32_t>(127 - bias) << 23)) >> shift;
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

float to_float(Float8E4M3 x) noexcept { return e4m3_values[x.bits]; }
float to_float(Float8E5M2 x) noexcept { return e5m2_values[x.bits]; }

Float8E4M3 to_float8_e4m3(float x) noexcept {
  const std::uint32_t sign = std::signbit(x) ? 0x80 : 0;
  const float magnitude = std::fabs(x);
  if (!(magnitude <= 464)) return {static_cast<std::uint8_t>(sign | 0x7F)};  // above 448 + half a step, or NaN
  return {static_cast<std::uint8_t>(sign | encode8(magnitude, 3, 7))};
}

Float8E5M2 to_float8_e5m2(float x) noexcept {
  const std::uint32_t sign = std::signbit(x) ? 0x80 : 0;
  const float magnitude = std::fabs(x);
  if (x != x) return {static_cast<std::uint8_t>(sign | 0x7E)};
  if (magnitude >= 61440) return {static_cast<std::uint8_t>(sign | 0x7C)};  // 57344 + half a step rounds to infinity
  return {static_cast<std::uint8_t>(sign | encode8(magnitude, 2, 15))};
}

// A double rounded to the target's precision is exact in float (values past float's range become infinite there, as in
// the target), so the second conversion rounds nothing.
Float8E4M3 to_float8_e4m3(double x) noexcept { return to_float8_e4m3(static_cast<float>(round_to(x, 3, -6))); }
Float8E5M2 to_float8_e5m2(double x) noexcept { return to_float8_e5m2(static_cast<float>(round_to(x, 2, -14))); }

Float16 to_float16(double x) noexcept { return to_float16(static_cast<float>(round_to(x, 10, -14))); }

BFloat16 to_bfloat16(double x) noexcept {
  // Below float's smallest subnormal bf16 still has 2⁻¹³³ … 2⁻¹²⁷ in steps of 2⁻¹³³.
  return to_bfloat16(static_cast<float>(round_to(x, 7, -126)));
}

}  // namespace ingot
