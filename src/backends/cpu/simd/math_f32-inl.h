// Per target: functions of floats whose Highway versions are slow, or which Highway has not. Polynomials are minimax
// fits of the functions named beside them, from the highest coefficient; comments give the fit's own relative error,
// to which each formula adds its roundings.
#include "backends/cpu/simd/vector-inl.h"

#if defined(INGOT_SIMD_MATH_F32_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INGOT_SIMD_MATH_F32_INL_H_
#undef INGOT_SIMD_MATH_F32_INL_H_
#else
#define INGOT_SIMD_MATH_F32_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

// Without a fused multiplication and addition the products below that are held in two floats would lose their tails.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
inline constexpr bool has_fma = true;
#else
inline constexpr bool has_fma = false;
#endif

using Float = Number<float>;
using Floats = hn::ScalableTag<float>;
using Ints = hn::Rebind<std::int32_t, Floats>;

/// a · b + c, a · b − c, and c − a · b, rounded once where the target can.
HWY_INLINE Float fma(Float a, Float b, Float c) { return hn::MulAdd(a.v, b.v, c.v); }
HWY_INLINE Float fms(Float a, Float b, Float c) { return hn::MulSub(a.v, b.v, c.v); }
HWY_INLINE Float fnma(Float a, Float b, Float c) { return hn::NegMulAdd(a.v, b.v, c.v); }

template <std::size_t N>
HWY_INLINE Float polynomial(Float x, const float (&coefficients)[N]) {
  Float sum = coefficients[0];
  for (std::size_t i = 1; i < N; ++i) sum = fma(sum, x, coefficients[i]);
  return sum;
}

// 2ᵏ for −127 ≤ k ≤ 127; the lowest gives 0.
HWY_INLINE Float power_of_two(hn::Vec<Ints> k) {
  return hn::BitCast(Floats(), hn::ShiftLeft<23>(hn::Add(k, hn::Set(Ints(), 127))));
}

// x = m · 2ᵏ with √½ ≤ m < √2, for positive normal x.
struct Split {
  Float m;
  hn::Vec<Ints> k;
};
HWY_INLINE Split split(Float x) {
  const auto bits = hn::BitCast(Ints(), x.v);
  const auto k = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(Ints(), 0x3F3504F3)));  // √½
  return {hn::BitCast(Floats(), hn::Sub(bits, hn::ShiftLeft<23>(k))), k};
}

// The nearest integer of |x| < 2²², and what to add to a float's bits to multiply it by 2ⁿ. The sum's last bits are n:
// converting n to an integer would cost four operations more, for values that no integer holds.
struct Nearest {
  Float n;
  hn::Vec<Ints> exponent;
};
HWY_INLINE Nearest nearest(Float x) {
  const Float shift = 0x1.8p23f, sum = x + shift;
  return {sum - shift, hn::ShiftLeft<23>(hn::BitCast(Ints(), sum.v))};
}
/// x · 2ⁿ, both normal.
HWY_INLINE Float scale(Float x, hn::Vec<Ints> exponent) {
  return hn::BitCast(Floats(), hn::Add(hn::BitCast(Ints(), x.v), exponent));
}

// x = n log 2 + r with |r| ≤ 0.347. log 2 is in two parts, the first short enough for exact multiples.
struct Remainder {
  Float r;
  hn::Vec<Ints> exponent;
};
HWY_INLINE Remainder remainder_of_log2(Float x) {
  const Nearest at = nearest(x * 1.44269504f);
  return {fnma(at.n, 9.05800061e-6f, fnma(at.n, 0.693138123f, x)), at.exponent};
}

// eˣ − 1 for x ≤ 88: (eʳ − 1 − r) / r², 1.4e-8 of eʳ − 1. Below −80 it is −1.
HWY_INLINE Float expm1_of(Float x) {
  constexpr float fit[] = {0.00138367456f, 0.00836710539f, 0.041667752f, 0.16666539f, 0.49999997f};
  const Remainder at = remainder_of_log2(hn::Max(x.v, Float(-80).v));
  const Float power = scale(1, at.exponent);
  return fma(fma(at.r * at.r, polynomial(at.r, fit), at.r), power, power - 1);
}

// For 0 ≤ x ≤ 87, from those of r: (sinh r − r) / r³ to 1.3e-8 of sinh r, (cosh r − 1) / r² to 9.6e-11 of cosh r. Both
// are multiples of 2ⁿ⁻¹ ± 2⁻ⁿ⁻¹, in an order that loses nothing where they cancel.
struct Hyperbolic {
  Float sinh_r, cosh_r_below, sum, difference;
};
HWY_INLINE Hyperbolic hyperbolic(Float x) {
  constexpr float sinh_fit[] = {0.00836653821f, 0.166665435f}, cosh_fit[] = {0.00139354519f, 0.0416664593f, 0.5f};
  const Remainder at = remainder_of_log2(x);
  const Float z = at.r * at.r, up = scale(0.5f, at.exponent), down = scale(0.5f, hn::Neg(at.exponent));
  return {fma(at.r * z, polynomial(z, sinh_fit), at.r), z * polynomial(z, cosh_fit), up + down, up - down};
}
HWY_INLINE Float sinh_of(Float x) {
  const Hyperbolic h = hyperbolic(x);
  return fma(h.difference, h.cosh_r_below, fma(h.sum, h.sinh_r, h.difference));
}
HWY_INLINE Float cosh_of(Float x) {
  const Hyperbolic h = hyperbolic(x);
  return fma(h.sum, h.cosh_r_below, fma(h.difference, h.sinh_r, h.sum));
}

// 2^f on ±½: (2^f − 1) / f, 2.0e-9.
HWY_INLINE Float exp2_fraction(Float f) {
  constexpr float fit[] = {0.000153532586f, 0.00133990031f, 0.00961843878f, 0.0555033199f, 0.240226477f, 0.693147182f};
  return fma(f, polynomial(f, fit), 1);
}
// 2^a for −126 ≤ a ≤ 127.
HWY_INLINE Float exp2_inside(Float a) {
  const Nearest at = nearest(a);
  return scale(exp2_fraction(a - at.n), at.exponent);
}

// 2^(a + tail), |tail| held below 2. Past ±200 it is infinite or 0.
HWY_INLINE Float exp2_of(Float a, Float tail) {
  const Float held = hn::Max(hn::Min(a.v, Float(200).v), Float(-200).v);
  const Float small = hn::Max(hn::Min(tail.v, Float(2).v), Float(-2).v), n = hn::Round((held + small).v);
  const Float f = (held - n) + small;
  const auto k = hn::ConvertTo(Ints(), n.v), half = hn::ShiftRight<1>(k);
  return exp2_fraction(f) * power_of_two(half) * power_of_two(hn::Sub(k, half));
}

// For positive normal x: log₂(1 + f) / f for m = 1 + f, 1.5e-8.
HWY_INLINE Float log2_of(Float x) {
  constexpr float fit[] = {-0.0527369678f, 0.156764448f,  -0.200549424f, 0.210149154f,  -0.239109054f,
                           0.288235843f,   -0.360707253f, 0.480904639f,  -0.721347272f, 1.44269502f};
  const Split at = split(x);
  const Float f = at.m - 1;
  return fma(f, polynomial(f, fit), hn::ConvertTo(Floats(), at.k));
}

// log(1 + t) for −1 < t ≤ 1e38: with f = m − 1 and s = f / (2 + f), log m = f − s (f − R), R = s² (2/3 + 2/5 s² +
// …): 8.1e-10.
HWY_INLINE Float log1p_of(Float t) {
  constexpr float fit[] = {0.298718542f, 0.399775386f, 0.666667759f};
  const Float sum = t + 1, large = hn::Max(t.v, Float(1).v), small = hn::Min(t.v, Float(1).v);
  const Float lost = small - (sum - large);
  const Split at = split(sum);
  const Float k = hn::ConvertTo(Floats(), at.k);
  const Float f = (at.m - 1) + lost * power_of_two(hn::Neg(at.k));
  const Float s = f / (f + 2), z = s * s;
  // log 2 in two parts, the first short enough for exact multiples.
  return k * 0.693138123f + (f - (s * (f - z * polynomial(z, fit)) - k * 9.05800061e-6f));
}

// x² must not overflow; 0 ≤ x.
HWY_INLINE Float asinh_of(Float x) { return log1p_of(fma(x, x / (sqrt(fma(x, x, 1)) + 1), x)); }
HWY_INLINE Float acosh_of(Float x) {
  const Float above = x - 1;
  return log1p_of(above + sqrt(fma(above, above, above + above)));
}
HWY_INLINE Float atanh_of(Float x) { return log1p_of((x + x) / (1 - x)) * 0.5f; }

// log₂x as a sum of two floats for positive normal x; the second may be a hundredth of it, and is to 2⁻²⁹ of log₂m. (2
// atanh s − 2 s) / (s³ log 2): 8.2e-10 of log m.
struct Log2 {
  Float high, low;
};
HWY_INLINE Log2 log2_in_two(Float x) {
  constexpr float fit[] = {0.430903018f, 0.576756477f, 0.961798251f};
  constexpr float factor = 2.88539004f, factor_tail = 3.85186177e-8f;  // 2 / log 2
  const Split at = split(x);
  const Float k = hn::ConvertTo(Floats(), at.k);
  // s = (m − 1) / (m + 1), and what its rounding lost.
  const Float u = at.m - 1, v = at.m + 1, v_tail = at.m - (v - 1), inverse = 1 / v;
  const Float s = u * inverse, s_tail = (fnma(s, v, u) - s * v_tail) * inverse;
  const Float z = s * s;
  const Float p = s * factor;
  const Float p_tail = fma(s * z, polynomial(z, fit), fms(s, factor, p) + fma(s, factor_tail, s_tail * factor));
  const Float h = k + p;
  return {h, (p - (h - k)) + p_tail};
}
// 2^(y · log) where that is within −125 … 126; `near` is about it.
HWY_INLINE Float pow_inside(Log2 log, Float y, Float near) {
  const Nearest at = nearest(near);
  return scale(exp2_fraction(fma(y, log.low, fms(y, log.high, at.n))), at.exponent);
}
// The same anywhere for |y| < 1e19.
HWY_INLINE Float pow_of(Log2 log, Float y) {
  const Float product = y * log.high;
  return exp2_of(product, fms(y, log.high, product) + y * log.low);
}

// |x| ≤ 39000: the multiple of π/2, which is subtracted in three parts, is exact to 2⁻⁵⁸. (tan r − r) / r³ on ±0.789.
HWY_INLINE Float tan_of(Float x) {
  constexpr float fit[] = {0.00939338095f, 0.00310666673f, 0.0244382527f, 0.0534090512f, 0.133388251f, 0.333331555f};
  const Float n = hn::Round((x * 0.636619772f).v);
  Float r = fnma(n, 1.57079637f, x);
  r = fnma(n, -4.37113883e-8f, r);
  r = fnma(n, -1.71512451e-15f, r);
  const Float z = r * r, t = fma(r * z, polynomial(z, fit), r);
  const auto odd = hn::TestBit(hn::ConvertTo(Ints(), n.v), hn::Set(Ints(), 1));
  return hn::IfThenElse(hn::RebindMask(Floats(), odd), (-1 / t).v, t.v);
}

// The angle of (x, y) for finite operands that are not both 0. (atan t − t) / t³ on 0 … 1: 1.7e-8.
HWY_INLINE Float atan2_of(Float y, Float x) {
  constexpr float fit[] = {0.00292069232f, -0.0163679291f, 0.0432118624f, -0.0755221471f,
                           0.106660046f,   -0.142110556f,  0.199937731f,  -0.333331525f};
  constexpr float pi = 3.14159274f, pi_tail = -8.74227766e-8f;
  const Float height = abs(y), width = abs(x);
  const Float t = Float(hn::Min(height.v, width.v)) / Float(hn::Max(height.v, width.v)), z = t * t;
  Float angle = fma(t * z, polynomial(z, fit), t);
  angle = where(height > width, (pi / 2 - angle) + pi_tail / 2, angle);
  angle =
      hn::IfThenElse(hn::Lt(hn::CopySign(Float(1).v, x.v), hn::Zero(Floats())), ((pi - angle) + pi_tail).v, angle.v);
  return hn::CopySign(angle.v, y.v);
}

// 0 ≤ x: x P(x²) / Q(x²), and 1 from 9.01 on: 2.1e-8.
HWY_INLINE Float tanh_of(Float x) {
  constexpr float p[] = {1.33189705e-8f, 2.05834059e-5f, 3.49402995e-3f, 0.133797141f, 0.999999979f};
  constexpr float q[] = {7.76197718e-7f, 3.2830853e-4f, 2.58710557e-2f, 0.467130293f, 1};
  const Float held = hn::Min(x.v, Float(9.01).v), z = held * held;
  const Float ratio = held * polynomial(z, p) / polynomial(z, q);
  return where(x > 9.01, 1, hn::Min(ratio.v, Float(1).v));
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
