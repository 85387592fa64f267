// Per target: the functions of elementwise.def over vectors. Floats by the formulas of math_f32-inl.h where it has one,
// else Highway's where it has one, on the range that its documentation gives; a vector with a number outside it
// (infinities, NaN, the ends) goes through libm lane by lane, and so does what neither has.
#include "backends/cpu/simd/math_f32-inl.h"

#if defined(INGOT_SIMD_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INGOT_SIMD_MATH_INL_H_
#undef INGOT_SIMD_MATH_INL_H_
#else
#define INGOT_SIMD_MATH_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

template <class T, class F, class... More>
HWY_NOINLINE Number<T> lane_by_lane(F f, Number<T> a, More... more) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t operands = 1 + sizeof...(More);
  HWY_ALIGN T lanes[operands][hn::MaxLanes(d)];
  std::size_t k = 0;
  hn::Store(a.v, d, lanes[k++]);
  (hn::Store(more.v, d, lanes[k++]), ...);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
    if constexpr (operands == 1)
      lanes[0][i] = f(Element<T>(lanes[0][i])).value;
    else
      lanes[0][i] = f(Element<T>(lanes[0][i]), Element<T>(lanes[1][i])).value;
  }
  return hn::Load(d, lanes[0]);
}

template <class T>
HWY_INLINE Number<T> with_sign_of(Number<T> magnitude, Number<T> sign) {
  return hn::CopySign(magnitude.v, sign.v);
}

template <class T>
HWY_INLINE bool all_inside(Number<T> a, double low, double high) {
  const hn::ScalableTag<T> d;
  return hn::AllTrue(
      d, hn::And(hn::Ge(a.v, hn::Set(d, static_cast<T>(low))), hn::Le(a.v, hn::Set(d, static_cast<T>(high)))));
}

template <class T>
HWY_INLINE typename Number<T>::Truth signbit(Number<T> a) {
  const hn::ScalableTag<T> d;
  return {hn::Lt(hn::CopySign(hn::Set(d, T{1}), a.v), hn::Zero(d))};
}

template <class T>
inline constexpr double greatest = std::numeric_limits<T>::max();
template <class T>
inline constexpr double least_normal = std::numeric_limits<T>::min();
inline constexpr double below_one = 1 - 0x1p-24;  // a float's nearest
inline constexpr double square_fits = 1e18;       // in a float

// name, Highway's function, low, high: both ends included. Odd functions keep the sign of zero, which Highway's lose,
// and cos is 1 there, which Highway's misses by a unit.
#define INGOT_VECTOR_FUNCTION(name, function, low, high, finish)                                    \
  template <class T>                                                                                \
  HWY_INLINE Number<T> name(Number<T> a) {                                                          \
    if (!all_inside(a, low, high)) return lane_by_lane<T>([](Element<T> x) { return name(x); }, a); \
    const Number<T> result = hn::function(hn::ScalableTag<T>(), a.v);                               \
    return finish;                                                                                  \
  }
INGOT_VECTOR_FUNCTION(log, Log, least_normal<T>, greatest<T>, result)
INGOT_VECTOR_FUNCTION(log2, Log2, least_normal<T>, greatest<T>, result)
INGOT_VECTOR_FUNCTION(log10, Log10, least_normal<T>, greatest<T>, result)
INGOT_VECTOR_FUNCTION(log1p, Log1p, -0.5, greatest<T>, where(a == 0, a, result))
INGOT_VECTOR_FUNCTION(expm1, Expm1, -80, (sizeof(T) == 4 ? 88 : 700), where(a == 0, a, result))
INGOT_VECTOR_FUNCTION(sin, Sin, -39000, 39000, where(a == 0, a, result))
INGOT_VECTOR_FUNCTION(cos, Cos, -39000, 39000, where(a == 0, 1, result))
INGOT_VECTOR_FUNCTION(asin, Asin, -1, 1, with_sign_of(result, a))
INGOT_VECTOR_FUNCTION(acos, Acos, -1, 1, result)
INGOT_VECTOR_FUNCTION(atan, Atan, -greatest<T>, greatest<T>, with_sign_of(result, a))
INGOT_VECTOR_FUNCTION(tanh, Tanh, -greatest<T>, greatest<T>, with_sign_of(result, a))
INGOT_VECTOR_FUNCTION(sinh, Sinh, (sizeof(T) == 4 ? -88 : -700), (sizeof(T) == 4 ? 88 : 700), with_sign_of(result, a))
#undef INGOT_VECTOR_FUNCTION

// Highway's give ±0 its sign and pass NaN on.
#define INGOT_ROUNDING(name, function)     \
  template <class T>                       \
  HWY_INLINE Number<T> name(Number<T> a) { \
    return hn::function(a.v);              \
  }
INGOT_ROUNDING(floor, Floor)
INGOT_ROUNDING(ceil, Ceil)
INGOT_ROUNDING(trunc, Trunc)
INGOT_ROUNDING(round, Round)
#undef INGOT_ROUNDING

#if HWY_TARGET == HWY_SCALAR
inline constexpr bool has_halves = false;
#else
inline constexpr bool has_halves = true;
#endif

// f of floats computed in double, where plain formulas are exact enough for a float. One element has no halves.
template <class F, class... More>
HWY_INLINE Number<float> in_double([[maybe_unused]] F f, Number<float> a, [[maybe_unused]] More... more) {
#if HWY_TARGET == HWY_SCALAR
  return a;
#else
  const hn::ScalableTag<float> d;
  const hn::Half<decltype(d)> half;
  const hn::ScalableTag<double> wide;
  using N = Number<double>;
  const N low =
      f(N(hn::PromoteTo(wide, hn::LowerHalf(half, a.v))), N(hn::PromoteTo(wide, hn::LowerHalf(half, more.v)))...);
  const N high =
      f(N(hn::PromoteTo(wide, hn::UpperHalf(half, a.v))), N(hn::PromoteTo(wide, hn::UpperHalf(half, more.v)))...);
  return hn::Combine(d, hn::DemoteTo(half, high.v), hn::DemoteTo(half, low.v));
#endif
}

// The numerator over the denominator, both from their highest coefficients.
template <std::size_t N, std::size_t M>
HWY_INLINE Number<double> rational(Number<double> x, const double (&numerator)[N], const double (&denominator)[M]) {
  Number<double> p = numerator[0], q = denominator[0];
  for (std::size_t i = 1; i < N; ++i) p = p * x + numerator[i];
  for (std::size_t i = 1; i < M; ++i) q = q * x + denominator[i];
  return p / q;
}

// Cody 1969, "Rational Chebyshev approximations for the error function": for |x| up to 0.46875, and for erfc up to 4,
// past which erf is 1 to a float's precision.
HWY_INLINE Number<double> erf_in_double(Number<double> x) {
  constexpr double small_p[] = {1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2,
                                3.77485237685302021e2, 3.20937758913846947e3};
  constexpr double small_q[] = {1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
                                2.84423683343917062e3};
  constexpr double large_p[] = {2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594,
                                6.61191906371416295e1,  2.98635138197400131e2,  8.81952221241769090e2,
                                1.71204761263407058e3,  2.05107837782607147e3,  1.23033935479799725e3};
  constexpr double large_q[] = {1,
                                1.57449261107098347e1,
                                1.17693950891312499e2,
                                5.37181101862009858e2,
                                1.62138957456669019e3,
                                3.29079923573345963e3,
                                4.36261909014324716e3,
                                3.43936767414372164e3,
                                1.23033935480374942e3};
  const Number<double> size = min(abs(x), 6);
  const Number<double> near_zero = x * rational(x * x, small_p, small_q);
  const Number<double> far = with_sign_of(1 - exp(-size * size) * rational(size, large_p, large_q), x);
  return where(size < 0.46875, near_zero, far);
}

template <class T>
HWY_INLINE Number<T> erf(Number<T> a) {
  if constexpr (sizeof(T) == 4 && has_halves)
    if (all_inside(a, -greatest<T>, greatest<T>))
      return in_double([](Number<double> x) HWY_ATTR { return erf_in_double(x); }, a);
  return lane_by_lane<T>([](Element<T> x) { return erf(x); }, a);
}

#define INGOT_LANES(name)                                            \
  template <class T>                                                 \
  HWY_INLINE Number<T> name(Number<T> a) {                           \
    return lane_by_lane<T>([](Element<T> x) { return name(x); }, a); \
  }
INGOT_LANES(tan)
INGOT_LANES(asinh)
INGOT_LANES(acosh)
INGOT_LANES(atanh)
#undef INGOT_LANES

// Floats prefer these to the templates.
#define INGOT_FLOAT_FUNCTION(name, inside, value)                            \
  HWY_INLINE Float name(Float a) {                                           \
    if (inside) return value;                                                \
    return lane_by_lane<float>([](Element<float> x) { return name(x); }, a); \
  }
INGOT_FLOAT_FUNCTION(exp2, all_inside(a, -126, 127), exp2_inside(a))
INGOT_FLOAT_FUNCTION(expm1, all_inside(a, -greatest<float>, 88), where(a == 0, a, expm1_of(a)))
INGOT_FLOAT_FUNCTION(log2, all_inside(a, least_normal<float>, greatest<float>), log2_of(a))
INGOT_FLOAT_FUNCTION(log1p, all_inside(a, -below_one, 1e38), where(a == 0, a, log1p_of(a)))
INGOT_FLOAT_FUNCTION(tan, all_inside(a, -39000, 39000) && has_fma, where(a == 0, a, tan_of(a)))
INGOT_FLOAT_FUNCTION(sinh, all_inside(a, -87, 87), with_sign_of(sinh_of(abs(a)), a))
INGOT_FLOAT_FUNCTION(cosh, all_inside(a, -87, 87), cosh_of(abs(a)))
INGOT_FLOAT_FUNCTION(tanh, all_inside(a, -greatest<float>, greatest<float>), with_sign_of(tanh_of(abs(a)), a))
INGOT_FLOAT_FUNCTION(asinh, all_inside(a, -square_fits, square_fits), with_sign_of(asinh_of(abs(a)), a))
INGOT_FLOAT_FUNCTION(acosh, all_inside(a, 1, square_fits), acosh_of(a))
INGOT_FLOAT_FUNCTION(atanh, all_inside(a, -below_one, below_one), with_sign_of(atanh_of(abs(a)), a))
#undef INGOT_FLOAT_FUNCTION

// From one exponential: its error, a division and a sum, within 3 units in the last place.
template <class T>
HWY_INLINE Number<T> cosh(Number<T> a) {
  if (!all_inside(a, sizeof(T) == 4 ? -88 : -700, sizeof(T) == 4 ? 88 : 700))
    return lane_by_lane<T>([](Element<T> x) { return cosh(x); }, a);
  const Number<T> e = exp(a);
  return e * T(0.5) + T(0.5) / e;
}

// 2ⁿ · e^(f log 2) for the nearest integer n: f log 2 is within ±0.35, so its rounding costs a quarter of a unit.
template <class T>
HWY_INLINE Number<T> exp2(Number<T> a) {
  constexpr double low = std::numeric_limits<T>::min_exponent, high = std::numeric_limits<T>::max_exponent - 1;
  if (!all_inside(a, low, high)) return lane_by_lane<T>([](Element<T> x) { return exp2(x); }, a);
  const hn::ScalableTag<T> d;
  const hn::Rebind<hwy::MakeSigned<T>, decltype(d)> integer;
  const Number<T> n = round(a);
  constexpr int mantissa = std::numeric_limits<T>::digits - 1;
  const auto bias = hn::Set(integer, std::numeric_limits<T>::max_exponent - 1);
  const auto power = hn::ShiftLeft<mantissa>(hn::Add(hn::ConvertTo(integer, n.v), bias));
  return exp((a - n) * T(0.6931471805599453)) * Number<T>(hn::BitCast(d, power));
}

template <class T>
HWY_INLINE Number<T> pow(Number<T> a, Number<T> b) {
  if constexpr (sizeof(T) == 4 && has_fma) {
    const hn::ScalableTag<T> d;
    const Log2 log = log2_in_two(a);
    const Number<T> near = fma(b, log.high, b * log.low);
    if (all_inside(a, least_normal<T>, greatest<T>) && all_inside(near, -125, 126)) return pow_inside(log, b, near);
    const Number<T> size = abs(a);
    if (all_inside(size, least_normal<T>, greatest<T>) && all_inside(b, -1e19, 1e19)) {
      const Number<T> result = pow_of(log2_in_two(size), b);
      if (hn::AllTrue(d, hn::Gt(a.v, hn::Zero(d)))) return result;
      // Below 0: an odd power has the base's sign, and only whole powers exist.
      const Number<T> half = b * T(0.5), power = where(round(half) == half, result, -result);
      return where(a < 0, where(round(b) == b, power, std::numeric_limits<T>::quiet_NaN()), result);
    }
  }
  return lane_by_lane<T>([](Element<T> x, Element<T> y) { return pow(x, y); }, a, b);
}

template <class T>
HWY_INLINE Number<T> atan2(Number<T> a, Number<T> b) {
  if constexpr (sizeof(T) == 4)
    if (all_inside(max(abs(a), abs(b)), std::numeric_limits<T>::denorm_min(), greatest<T>)) return atan2_of(a, b);
  return lane_by_lane<T>([](Element<T> x, Element<T> y) { return atan2(x, y); }, a, b);
}

template <class T>
HWY_INLINE Number<T> hypot(Number<T> a, Number<T> b) {
  if constexpr (sizeof(T) == 4 && has_halves)
    if (all_inside(a, -greatest<T>, greatest<T>) && all_inside(b, -greatest<T>, greatest<T>))
      return in_double([](Number<double> x, Number<double> y) HWY_ATTR { return sqrt(x * x + y * y); }, a, b);
  return lane_by_lane<T>([](Element<T> x, Element<T> y) { return hypot(x, y); }, a, b);
}

template <class T>
HWY_INLINE Number<T> logaddexp(Number<T> a, Number<T> b) {
  if (all_inside(a, -greatest<T>, greatest<T>) && all_inside(b, -greatest<T>, greatest<T>))
    return max(a, b) + log1p(exp(-abs(a - b)));
  return lane_by_lane<T>([](Element<T> x, Element<T> y) { return logaddexp(x, y); }, a, b);
}

#define INGOT_LANES(name)                                                                \
  template <class T>                                                                     \
  HWY_INLINE Number<T> name(Number<T> a, Number<T> b) {                                  \
    return lane_by_lane<T>([](Element<T> x, Element<T> y) { return name(x, y); }, a, b); \
  }
INGOT_LANES(nextafter)
INGOT_LANES(remainder)
INGOT_LANES(floor_divide)
#undef INGOT_LANES

template <class T>
HWY_INLINE Number<T> copysign(Number<T> a, Number<T> b) {
  return hn::CopySign(a.v, b.v);
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
