// Conversions between floats at every point where the result changes, and the promotion table against NumPy's.
#include "ingot/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "core/convert.h"
#include "ingot/error.h"

namespace ingot {
namespace {

// A binary format written down from its definition; nothing here is shared with the library.
struct Format {
  int bits, mantissa, bias;
  bool infinity;  // false: OCP "fn": the top exponent holds numbers, and all ones is NaN
};

constexpr Format f16_format{16, 10, 15, true}, bf16_format{16, 7, 127, true}, e4m3_format{8, 3, 7, false},
    e5m2_format{8, 2, 15, true};

double value_of(const Format& f, unsigned code) {
  const unsigned sign_bit = 1u << (f.bits - 1);
  const unsigned magnitude = code & (sign_bit - 1);
  const unsigned mantissa = magnitude & ((1u << f.mantissa) - 1), exponent = magnitude >> f.mantissa;
  const unsigned top = (sign_bit - 1) >> f.mantissa;
  double value;
  if (f.infinity && exponent == top)
    value = mantissa ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  else if (!f.infinity && magnitude == sign_bit - 1)
    value = std::numeric_limits<double>::quiet_NaN();
  else if (exponent == 0)
    value = std::ldexp(mantissa, 1 - f.bias - f.mantissa);
  else
    value = std::ldexp(mantissa + (1u << f.mantissa), static_cast<int>(exponent) - f.bias - f.mantissa);
  return code & sign_bit ? -value : value;
}

template <class T>
struct FormatOf;
template <>
struct FormatOf<Float16> {
  static constexpr Format value = f16_format;
};
template <>
struct FormatOf<BFloat16> {
  static constexpr Format value = bf16_format;
};
template <>
struct FormatOf<Float8E4M3> {
  static constexpr Format value = e4m3_format;
};
template <>
struct FormatOf<Float8E5M2> {
  static constexpr Format value = e5m2_format;
};

template <class T>
class NarrowFloat : public ::testing::Test {};
using NarrowFloats = ::testing::Types<Float16, BFloat16, Float8E4M3, Float8E5M2>;
TYPED_TEST_SUITE(NarrowFloat, NarrowFloats);

TYPED_TEST(NarrowFloat, EveryCodeHasTheValueOfItsDefinition) {
  constexpr Format format = FormatOf<TypeParam>::value;
  for (unsigned code = 0; code < 1u << format.bits; ++code) {
    const TypeParam x{static_cast<decltype(TypeParam::bits)>(code)};
    const double expected = value_of(format, code), found = to_double(x);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(found)) << code;
    } else {
      ASSERT_EQ(found, expected) << code;
      ASSERT_EQ(std::signbit(found), std::signbit(expected)) << code;
      // Every number comes back as it was.
      ASSERT_EQ(from_double<TypeParam>(expected).bits, code);
      ASSERT_EQ((convert<TypeParam>(static_cast<float>(expected)).bits), code);
    }
  }
}

// Between two neighbours the result changes at the midpoint only: just below it the lower one, at it the even one, just
// above the upper one. All neighbours of the format are tried, so no input of any value can round elsewhere.
TYPED_TEST(NarrowFloat, RoundsToNearestEvenAtEveryBoundary) {
  constexpr Format format = FormatOf<TypeParam>::value;
  const unsigned sign = 1u << (format.bits - 1);
  for (unsigned code = 0; code + 1 < sign; ++code) {
    const double low = value_of(format, code), high = value_of(format, code + 1);
    if (!std::isfinite(low) || !std::isfinite(high)) break;
    const double middle = (low + high) / 2;  // exact: one bit more than the format's mantissa
    const unsigned even = code % 2 == 0 ? code : code + 1;
    const auto check = [&](double x, unsigned expected) {
      ASSERT_EQ(from_double<TypeParam>(x).bits, expected) << x;
      ASSERT_EQ(from_double<TypeParam>(-x).bits, expected | sign) << -x;
    };
    check(middle, even);
    // In double, these are the values that rounding through float would move onto the midpoint.
    check(std::nextafter(middle, 0.0), code);
    check(std::nextafter(middle, HUGE_VAL), code + 1);
    const auto narrow = static_cast<float>(middle);
    if (static_cast<double>(narrow) != middle) continue;  // below float's subnormals: bf16 only
    const auto check_float = [&](float x, unsigned expected) {
      ASSERT_EQ(convert<TypeParam>(x).bits, expected) << x;
      ASSERT_EQ(convert<TypeParam>(-x).bits, expected | sign) << -x;
    };
    check_float(narrow, even);
    check_float(std::nextafterf(narrow, 0.0f), code);
    check_float(std::nextafterf(narrow, HUGE_VALF), code + 1);
  }
}

TYPED_TEST(NarrowFloat, PastTheLargestComesInfinityOrNaN) {
  constexpr Format format = FormatOf<TypeParam>::value;
  const unsigned sign = 1u << (format.bits - 1);
  unsigned last = sign - 1;
  while (!std::isfinite(value_of(format, last))) --last;
  const double largest = value_of(format, last), step = largest - value_of(format, last - 1);
  // Half a step past the largest: the tie goes to the code with an even mantissa.
  const unsigned tie = last % 2 == 0 ? last : last + 1;
  EXPECT_EQ(from_double<TypeParam>(largest + step / 2).bits, tie);
  EXPECT_EQ(from_double<TypeParam>(std::nextafter(largest + step / 2, 0.0)).bits, last);
  EXPECT_EQ(from_double<TypeParam>(std::nextafter(largest + step / 2, HUGE_VAL)).bits, last + 1);
  for (const double x : {1e300, HUGE_VAL}) {
    EXPECT_EQ(from_double<TypeParam>(x).bits, last + 1);
    EXPECT_EQ(from_double<TypeParam>(-x).bits, (last + 1) | sign);
    EXPECT_EQ(convert<TypeParam>(static_cast<float>(x)).bits, last + 1);
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(to_double(from_double<TypeParam>(nan))));
  EXPECT_TRUE(std::isnan(to_double(convert<TypeParam>(static_cast<float>(nan)))));
  // A NaN whose payload sits in the low bits only must not become infinity.
  EXPECT_TRUE(std::isnan(to_double(convert<TypeParam>(std::bit_cast<float>(0x7F800001u)))));
  EXPECT_EQ(from_double<TypeParam>(1e-300).bits, 0);
  EXPECT_EQ(from_double<TypeParam>(-1e-300).bits, sign);
}

#if defined(__FLT16_MANT_DIG__)
TEST(Float16, EqualsTheCompilersType) {
  for (std::uint64_t i = 0; i < 1u << 22; ++i) {
    const auto u = static_cast<std::uint32_t>(i * 1025 + (i >> 12));
    const auto x = std::bit_cast<float>(u);
    if (x != x) continue;
    ASSERT_EQ(to_float16(x).bits, std::bit_cast<std::uint16_t>(static_cast<_Float16>(x))) << x;
  }
}
#endif

TEST(Convert, FloatsToIntegersTruncateAndSaturate) {
  EXPECT_EQ(convert<std::int8_t>(-3.9f), -3);
  EXPECT_EQ(convert<std::int8_t>(3.9), 3);
  EXPECT_EQ(convert<std::int8_t>(1000.0f), 127);
  EXPECT_EQ(convert<std::int8_t>(-1000.0f), -128);
  EXPECT_EQ(convert<std::uint8_t>(-0.5f), 0);
  EXPECT_EQ(convert<std::uint8_t>(-7.0f), 0);
  EXPECT_EQ(convert<std::uint64_t>(1.8446744073709552e19), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(convert<std::uint64_t>(9223372036854775808.0), 9223372036854775808u);
  EXPECT_EQ(convert<std::int64_t>(-9223372036854775808.0), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(convert<std::int64_t>(9223372036854775808.0f), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(convert<std::int32_t>(std::numeric_limits<float>::quiet_NaN()), 0);
  EXPECT_EQ(convert<std::int32_t>(BFloat16{0xFF80}), std::numeric_limits<std::int32_t>::min());
}

TEST(Convert, IntegersWrapAndBoolsCount) {
  EXPECT_EQ(convert<std::int8_t>(std::int32_t{200}), -56);
  EXPECT_EQ(convert<std::uint16_t>(std::int64_t{-1}), 65535);
  EXPECT_EQ(convert<std::int64_t>(true), 1);
  EXPECT_EQ(convert<float>(true), 1.0f);
  EXPECT_TRUE(convert<bool>(std::numeric_limits<float>::quiet_NaN()));
  EXPECT_TRUE(convert<bool>(std::int64_t{1} << 40));
  EXPECT_FALSE(convert<bool>(-0.0));
  EXPECT_FALSE(convert<bool>(Float16{0x8000}));
}

// 2^60 + 2^52 lies halfway between two bf16; one more is above. As a double both are the same number.
TEST(Convert, WideIntegersRoundOnce) {
  const std::int64_t tie = (std::int64_t{1} << 60) + (std::int64_t{1} << 52);
  EXPECT_EQ(convert<BFloat16>(tie).bits, to_bfloat16(0x1p60f).bits);
  EXPECT_EQ(convert<BFloat16>(tie + 1).bits, to_bfloat16(0x1p60f).bits + 1);
  EXPECT_EQ(convert<BFloat16>(-tie - 1).bits, to_bfloat16(-0x1p60f).bits + 1);
  EXPECT_EQ(convert<BFloat16>(tie - 1).bits, to_bfloat16(0x1p60f).bits);
  const std::uint64_t high = (std::uint64_t{1} << 63) + (std::uint64_t{1} << 55);
  EXPECT_EQ(convert<BFloat16>(high + 1).bits, to_bfloat16(0x1p63f).bits + 1);
  EXPECT_EQ(convert<BFloat16>(std::numeric_limits<std::int64_t>::min()).bits, to_bfloat16(-0x1p63f).bits);
  EXPECT_EQ(convert<Float16>(std::int32_t{2049}).bits, to_float16(2048.0f).bits);
  EXPECT_EQ(convert<Float16>(std::int64_t{65520}).bits, 0x7C00);
}

TEST(DType, RowsAgreeWithTheirTypes) {
  int rows = 0;
#define INGOT_X(id, name, type, bits, kind)                      \
  EXPECT_EQ(to_string(DType::id), name);                         \
  EXPECT_EQ(dtype_from_string(name), DType::id);                 \
  EXPECT_EQ(bit_width(DType::id), bits);                         \
  EXPECT_EQ(sizeof(type), std::size_t{bits < 8 ? 1 : bits / 8}); \
  ++rows;
  INGOT_DTYPES(INGOT_X)
#undef INGOT_X
  EXPECT_EQ(rows, 17);
  EXPECT_EQ(dtype_from_string("float32"), std::nullopt);
  EXPECT_TRUE(is_floating(DType::f8_e5m2));
  EXPECT_TRUE(is_integer(DType::i2));
  EXPECT_FALSE(is_integer(DType::bool_));
}

// numpy 2.4 promote_types, but for an integer with a float, where the float's dtype is kept (as in the array API's
// libraries and in PyTorch) and NumPy would widen.
TEST(Promotion, EqualsNumPysTable) {
  const std::vector<std::string> names = {"bool", "u8",  "u16", "u32", "u64", "i8",
                                          "i16",  "i32", "i64", "f16", "f32", "f64"};
  const char* rows[] = {
      "bool u8 u16 u32 u64 i8 i16 i32 i64 f16 f32 f64",  "u8 u8 u16 u32 u64 i16 i16 i32 i64 f16 f32 f64",
      "u16 u16 u16 u32 u64 i32 i32 i32 i64 f16 f32 f64", "u32 u32 u32 u32 u64 i64 i64 i64 i64 f16 f32 f64",
      "u64 u64 u64 u64 u64 f64 f64 f64 f64 f16 f32 f64", "i8 i16 i32 i64 f64 i8 i16 i32 i64 f16 f32 f64",
      "i16 i16 i32 i64 f64 i16 i16 i32 i64 f16 f32 f64", "i32 i32 i32 i64 f64 i32 i32 i32 i64 f16 f32 f64",
      "i64 i64 i64 i64 f64 i64 i64 i64 i64 f16 f32 f64", "f16 f16 f16 f16 f16 f16 f16 f16 f16 f16 f32 f64",
      "f32 f32 f32 f32 f32 f32 f32 f32 f32 f32 f32 f64", "f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64 f64",
  };
  for (std::size_t a = 0; a < names.size(); ++a) {
    std::istringstream row(rows[a]);
    for (const std::string& b : names) {
      std::string expected;
      row >> expected;
      EXPECT_EQ(to_string(promote_types(*dtype_from_string(names[a]), *dtype_from_string(b))), expected)
          << names[a] << " " << b;
    }
  }
}

TEST(Promotion, NarrowFloatsAndStorageTypes) {
  EXPECT_EQ(promote_types(DType::bf16, DType::f16), DType::f32);
  EXPECT_EQ(promote_types(DType::bf16, DType::bf16), DType::bf16);
  EXPECT_EQ(promote_types(DType::i64, DType::bf16), DType::bf16);
  EXPECT_EQ(promote_types(DType::bf16, DType::f64), DType::f64);
  for (const DType x : {DType::i4, DType::i2, DType::f8_e4m3, DType::f8_e5m2}) {
    EXPECT_EQ(promote_types(x, x), x);
    for (const DType y : {DType::f32, DType::i8, DType::bool_, x == DType::i4 ? DType::i2 : DType::i4}) {
      try {
        promote_types(x, y);
        ADD_FAILURE() << to_string(x) << " " << to_string(y);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::dtype_mismatch);
        EXPECT_NE(error.message().find(to_string(x)), std::string::npos) << error.what();
        EXPECT_NE(error.message().find(to_string(y)), std::string::npos) << error.what();
      }
    }
  }
}

}  // namespace
}  // namespace ingot
