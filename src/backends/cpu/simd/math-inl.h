// Per target: the functions of elementwise.def over vectors. Highway's where they have one, on the range that its
// documentation gives; a vector with a number outside it (infinities, NaN, the ends) goes through libm lane by lane,
// and so does a function that Highway has not.
#include "backends/cpu/simd/vector-inl.h"

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
inline constexpr double greatest = std::numeric_limits<T>::max();
template <class T>
inline constexpr double least_normal = std::numeric_limits<T>::min();

// name, Highway's function, low, high: both ends included. Odd functions keep the sign of zero, which Highway's lose.
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
INGOT_VECTOR_FUNCTION(cos, Cos, -39000, 39000, result)
INGOT_VECTOR_FUNCTION(asin, Asin, -1, 1, with_sign_of(result, a))
INGOT_VECTOR_FUNCTION(acos, Acos, -1, 1, result)
INGOT_VECTOR_FUNCTION(atan, Atan, -greatest<T>, greatest<T>, with_sign_of(result, a))
INGOT_VECTOR_FUNCTION(tanh, Tanh, -greatest<T>, greatest<T>, with_sign_of(result, a))
INGOT_VECTOR_FUNCTION(sinh, Sinh, (sizeof(T) == 4 ? -88 : -700), (sizeof(T) == 4 ? 88 : 700), with_sign_of(result, a))
#undef INGOT_VECTOR_FUNCTION

#define INGOT_LANES(name)                                            \
  template <class T>                                                 \
  HWY_INLINE Number<T> name(Number<T> a) {                           \
    return lane_by_lane<T>([](Element<T> x) { return name(x); }, a); \
  }
INGOT_LANES(exp2)
INGOT_LANES(tan)
INGOT_LANES(cosh)
INGOT_LANES(asinh)
INGOT_LANES(acosh)
INGOT_LANES(atanh)
INGOT_LANES(erf)
#undef INGOT_LANES

#define INGOT_LANES(name)                                                                \
  template <class T>                                                                     \
  HWY_INLINE Number<T> name(Number<T> a, Number<T> b) {                                  \
    return lane_by_lane<T>([](Element<T> x, Element<T> y) { return name(x, y); }, a, b); \
  }
INGOT_LANES(pow)
INGOT_LANES(hypot)
INGOT_LANES(atan2)
INGOT_LANES(nextafter)
INGOT_LANES(remainder)
INGOT_LANES(floor_divide)
INGOT_LANES(logaddexp)
#undef INGOT_LANES

template <class T>
HWY_INLINE Number<T> copysign(Number<T> a, Number<T> b) {
  return hn::CopySign(a.v, b.v);
}

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

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
