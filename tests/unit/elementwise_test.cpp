// What the table of cases does not reach of elementwise operations: functions of floats swept over their whole range,
// a vector's neighbours alike, so that the vector formulas answer and not libm; and results too large for the caches.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "ingot/ops.h"
#include "support/bounded.h"
#include "support/cases.h"

namespace ingot {
namespace {

using testing::Bounded;

// Every 4093rd float (fewer under sanitizers): all signs and exponents, infinities and NaN.
std::vector<float> floats() {
  std::vector<float> values;
  for (std::uint64_t bits = 0; bits <= 0xFFFFFFFFu; bits += sanitized ? 65521 : 4093)
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
  return values;
}

// Within the error of one function (support/bounded.h), and of the least normal number.
void expect_close(const char* name, const Tensor& found, const std::vector<float>& a, const std::vector<float>& b,
                  double (*oracle)(double, double)) {
  const float* result = found.data<float>();
  double worst = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double exact = oracle(a[i], b[i]), value = result[i];
    const auto rounded = static_cast<float>(exact);
    if (value == static_cast<double>(rounded) || (std::isnan(value) && std::isnan(exact))) continue;
    const double limit = Bounded<float>::function_error * std::fabs(exact) + 0x1p-126;
    // Past the largest float a result may be that or infinite.
    const bool near_end = std::fabs(exact) + limit > 0x1.fffffep127 && std::fabs(value) > 0x1.fffff0p127;
    const double error = near_end ? 0 : std::fabs(value - exact) / limit;
    if (error <= worst) continue;
    worst = std::isnan(error) ? HUGE_VAL : error;
    at = i;
  }
  EXPECT_LE(worst, 1) << name << "(" << a[at] << ", " << b[at] << ") = " << result[at] << ", not "
                      << oracle(a[at], b[at]);
}

Tensor tensor(const std::vector<float>& values) { return Tensor::from(std::span<const float>(values)); }

TEST(FloatFunctions, OfOneNumberAreWithinTheirBound) {
  const std::vector<float> x = floats();
  const Tensor t = tensor(x);
#define INGOT_CHECK(name) expect_close(#name, name(t), x, x, [](double a, double) { return std::name(a); })
  INGOT_CHECK(exp);
  INGOT_CHECK(exp2);
  INGOT_CHECK(expm1);
  INGOT_CHECK(log);
  INGOT_CHECK(log1p);
  INGOT_CHECK(log2);
  INGOT_CHECK(log10);
  INGOT_CHECK(sin);
  INGOT_CHECK(cos);
  INGOT_CHECK(tan);
  INGOT_CHECK(asin);
  INGOT_CHECK(acos);
  INGOT_CHECK(atan);
  INGOT_CHECK(sinh);
  INGOT_CHECK(cosh);
  INGOT_CHECK(tanh);
  INGOT_CHECK(asinh);
  INGOT_CHECK(acosh);
  INGOT_CHECK(atanh);
  INGOT_CHECK(erf);
#undef INGOT_CHECK
}

TEST(FloatFunctions, PowIsWithinItsBoundOverTheRangeOfResults) {
  std::vector<float> x, y;
  for (const float base : floats()) {
    const double size = std::log2(std::fabs(static_cast<double>(base)));
    for (const double exponent : {-149.5, -126.3, -3.7, 0.3, 127.9, 1000.0}) {
      x.push_back(base);
      const auto power = static_cast<float>(exponent / size);
      y.push_back(base < 0 ? std::nearbyint(power) : power);
    }
    x.push_back(base), y.push_back(0.5f);
  }
  expect_close("pow", pow(tensor(x), tensor(y)), x, y, [](double a, double b) { return std::pow(a, b); });
}

TEST(FloatFunctions, Atan2IsWithinItsBoundInEveryDirection) {
  std::vector<float> y, x;
  for (const float height : floats())
    for (const float ratio : {0.0f, -0.0f, 1e-30f, 0.3f, -0.999f, 1.0f, -1.7f, 1e20f, -1e38f}) {
      y.push_back(height);
      x.push_back(height * ratio);
    }
  expect_close("atan2", atan2(tensor(y), tensor(x)), y, x, [](double a, double b) { return std::atan2(a, b); });
}

// In pieces that stay in the caches: the same kernels, without going past them.
template <class F>
Tensor in_pieces(std::int64_t n, F&& f) {
  std::vector<Tensor> pieces;
  constexpr std::int64_t size = 1 << 16;
  for (std::int64_t i = 0; i < n; i += size) pieces.push_back(f(i, std::min(n, i + size)));
  return concat(pieces, 0);
}

TEST(LargeResults, AreThoseOfTheirPieces) {
  const std::int64_t n = (std::int64_t{9} << 20) + 3;  // past 16 MiB from two bytes an element on
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::i16, DType::i32}) {
    if (sanitized && dtype != DType::f32 && dtype != DType::i16) continue;
    const Tensor a = astype(remainder(arange(0, n, 1, DType::i32), 1021), dtype);
    const Tensor b = astype(remainder(arange(0, n, 1, DType::i32), 509), dtype);
    const Tensor sums = in_pieces(n, [&](auto i, auto end) { return add(a.slice(0, i, end), b.slice(0, i, end)); });
    EXPECT_TRUE(all(equal(add(a, b), sums)).item()) << to_string(dtype);
    // Into memory at every distance from a line of the cache, and before and behind nothing is touched.
    for (const std::int64_t lead : {1, 5, 16}) {
      const Tensor memory = Tensor::full(Shape{n + 32}, 7, dtype);
      add(a, b, Out(memory.slice(0, lead, lead + n)));
      EXPECT_TRUE(all(equal(memory.slice(0, lead, lead + n), sums)).item()) << to_string(dtype) << " " << lead;
      EXPECT_TRUE(all(equal(memory.slice(0, 0, lead), 7)).item());
      EXPECT_TRUE(all(equal(memory.slice(0, lead + n, n + 32), 7)).item());
    }
    const Tensor plus = in_pieces(n, [&](auto i, auto end) { return add(a.slice(0, i, end), 3); });
    EXPECT_TRUE(all(equal(add(a, 3), plus)).item()) << to_string(dtype);
    const std::int64_t m = n / 3 + 1;
    const Tensor column = astype(Tensor::from<std::int32_t>({1, 2, 4}, Shape{3, 1}), dtype);
    const Tensor rows = add(a.slice(0, 0, m).expand(Shape{3, m}), column);
    for (int r = 0; r < 3; ++r) {
      const Tensor row = in_pieces(m, [&](auto i, auto end) { return add(a.slice(0, i, end), column.select(0, r)); });
      EXPECT_TRUE(all(equal(rows.select(0, r), row)).item()) << to_string(dtype) << " row " << r;
    }
  }
}

}  // namespace
}  // namespace ingot
