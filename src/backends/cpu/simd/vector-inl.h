// Per target: a vector of floats as a number (the vocabulary of elementwise.def), and loads and stores that convert
// f16 and bf16. Included by files that foreach_target.h compiles once for each instruction set.
#include <cstring>
#include <type_traits>

#include "ingot/float_types.h"
#include "ops/element.h"

#if defined(INGOT_SIMD_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INGOT_SIMD_VECTOR_INL_H_
#undef INGOT_SIMD_VECTOR_INL_H_
#else
#define INGOT_SIMD_VECTOR_INL_H_
#endif

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct Number {
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  using M = hn::Mask<D>;
  V v;

  HWY_INLINE Number(V x) : v(x) {}  // NOLINT(google-explicit-constructor)
  template <class N>
    requires std::is_arithmetic_v<N>
  HWY_INLINE Number(N x) : v(hn::Set(D(), static_cast<T>(x))) {}  // NOLINT(google-explicit-constructor)

  friend HWY_INLINE Number operator+(Number a, Number b) { return hn::Add(a.v, b.v); }
  friend HWY_INLINE Number operator-(Number a, Number b) { return hn::Sub(a.v, b.v); }
  friend HWY_INLINE Number operator*(Number a, Number b) { return hn::Mul(a.v, b.v); }
  friend HWY_INLINE Number operator/(Number a, Number b) { return hn::Div(a.v, b.v); }
  friend HWY_INLINE Number operator-(Number a) { return hn::Neg(a.v); }

  /// What a comparison gives.
  struct Truth {
    M m;
    friend HWY_INLINE Truth operator&(Truth a, Truth b) { return {hn::And(a.m, b.m)}; }
    friend HWY_INLINE Truth operator|(Truth a, Truth b) { return {hn::Or(a.m, b.m)}; }
    friend HWY_INLINE Truth operator!=(Truth a, Truth b) { return {hn::Xor(a.m, b.m)}; }
    friend HWY_INLINE Number where(Truth condition, Number a, Number b) {
      return hn::IfThenElse(condition.m, a.v, b.v);
    }
  };
  friend HWY_INLINE Truth operator<(Number a, Number b) { return {hn::Lt(a.v, b.v)}; }
  friend HWY_INLINE Truth operator<=(Number a, Number b) { return {hn::Le(a.v, b.v)}; }
  friend HWY_INLINE Truth operator>(Number a, Number b) { return {hn::Gt(a.v, b.v)}; }
  friend HWY_INLINE Truth operator>=(Number a, Number b) { return {hn::Ge(a.v, b.v)}; }
  friend HWY_INLINE Truth operator==(Number a, Number b) { return {hn::Eq(a.v, b.v)}; }
  friend HWY_INLINE Truth operator!=(Number a, Number b) {
    return {hn::Or(hn::Ne(a.v, b.v), hn::Or(hn::IsNaN(a.v), hn::IsNaN(b.v)))};
  }

  // NaN is found by IsNaN: Ne is an ordered comparison on x86, false for NaN with itself.
  // As NumPy's maximum, NaN of both sides is handed on, and b where they are equal. x86's own maximum gives b for a NaN
  // on any side and for equals; others differ.
  friend HWY_INLINE Number max(Number a, Number b) {
#if HWY_TARGET <= HWY_SSE2  // x86's
    return hn::IfThenElse(hn::IsNaN(a.v), a.v, hn::Max(a.v, b.v));
#else
    return hn::IfThenElse(hn::Or(hn::IsNaN(a.v), hn::Gt(a.v, b.v)), a.v, b.v);
#endif
  }
  friend HWY_INLINE Number min(Number a, Number b) {
#if HWY_TARGET <= HWY_SSE2  // x86's
    return hn::IfThenElse(hn::IsNaN(a.v), a.v, hn::Min(a.v, b.v));
#else
    return hn::IfThenElse(hn::Or(hn::IsNaN(a.v), hn::Lt(a.v, b.v)), a.v, b.v);
#endif
  }
  friend HWY_INLINE Number sqrt(Number a) { return hn::Sqrt(a.v); }
  friend HWY_INLINE Number abs(Number a) { return hn::Abs(a.v); }
  // Highway's Exp ends at 104 (f32) and 706 (f64) and gives 0 for NaN. Above the clamp the result is infinite (f32) or
  // scaled from half the argument (f64, finite up to 709.78).
  friend HWY_INLINE Number exp(Number a) {
    const D d;
    V result;
    if constexpr (sizeof(T) == 4) {
      result = hn::Exp(d, hn::Min(a.v, hn::Set(d, T(104))));
    } else {
      const V half = hn::Exp(d, hn::Mul(hn::Min(a.v, hn::Set(d, T(720))), hn::Set(d, T(0.5))));
      result = hn::IfThenElse(hn::Gt(a.v, hn::Set(d, T(700))), hn::Mul(half, half),
                              hn::Exp(d, hn::Min(a.v, hn::Set(d, T(700)))));
    }
    return hn::IfThenElse(hn::IsNaN(a.v), a.v, result);
  }
};

// Storage type S → the type it is computed in.
template <class S>
using Computed = std::conditional_t<std::is_same_v<S, Float16> || std::is_same_v<S, BFloat16>, float, S>;

HWY_INLINE auto widen(BFloat16, const std::uint16_t* p) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::uint16_t, decltype(d)> half;
  const hn::Rebind<std::uint32_t, decltype(d)> whole;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(whole, hn::LoadU(half, p))));
}

// As to_bfloat16(float).
HWY_INLINE void narrow(BFloat16, hn::Vec<hn::ScalableTag<float>> v, std::uint16_t* p) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<std::uint16_t, decltype(d)> half;
  const hn::Rebind<std::uint32_t, decltype(d)> whole;
  const auto u = hn::BitCast(whole, v);
  const auto odd = hn::And(hn::ShiftRight<16>(u), hn::Set(whole, 1u));
  const auto rounded = hn::ShiftRight<16>(hn::Add(u, hn::Add(odd, hn::Set(whole, 0x7FFFu))));
  const auto quiet = hn::Or(hn::ShiftRight<16>(u), hn::Set(whole, 0x40u));
  const auto bits = hn::IfThenElse(hn::RebindMask(whole, hn::IsNaN(v)), quiet, rounded);
  hn::StoreU(hn::TruncateTo(half, bits), half, p);
}

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
HWY_INLINE auto widen(Float16, const std::uint16_t* p) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  const hn::Rebind<std::uint16_t, decltype(d)> bits;
  return hn::PromoteTo(d, hn::BitCast(half, hn::LoadU(bits, p)));
}
HWY_INLINE void narrow(Float16, hn::Vec<hn::ScalableTag<float>> v, std::uint16_t* p) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  const hn::Rebind<std::uint16_t, decltype(d)> bits;
  hn::StoreU(hn::BitCast(bits, hn::DemoteTo(half, v)), bits, p);
}
#else  // Highway's emulation truncates and knows no infinities: the scalar conversions are the better ones.
HWY_INLINE auto widen(Float16, const std::uint16_t* p) {
  const hn::ScalableTag<float> d;
  HWY_ALIGN float buffer[hn::MaxLanes(d)];
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) buffer[i] = to_float(Float16{p[i]});
  return hn::Load(d, buffer);
}
HWY_INLINE void narrow(Float16, hn::Vec<hn::ScalableTag<float>> v, std::uint16_t* p) {
  const hn::ScalableTag<float> d;
  HWY_ALIGN float buffer[hn::MaxLanes(d)];
  hn::Store(v, d, buffer);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) p[i] = to_float16(buffer[i]).bits;
}
#endif

/// A full vector of S at `p`, which needs no alignment beyond S's.
template <class S>
HWY_INLINE Number<Computed<S>> load(const S* p) {
  if constexpr (std::is_same_v<S, Computed<S>>)
    return hn::LoadU(hn::ScalableTag<S>(), p);
  else
    return widen(S{}, reinterpret_cast<const std::uint16_t*>(p));
}
template <class S>
HWY_INLINE void store(Number<Computed<S>> x, S* p) {
  if constexpr (std::is_same_v<S, Computed<S>>)
    hn::StoreU(x.v, hn::ScalableTag<S>(), p);
  else
    narrow(S{}, x.v, reinterpret_cast<std::uint16_t*>(p));
}

template <class S>
HWY_INLINE std::size_t lanes() {
  return hn::Lanes(hn::ScalableTag<Computed<S>>());
}

/// The last n < lanes elements; the other lanes are zero.
template <class S>
HWY_INLINE Number<Computed<S>> load_part(const S* p, std::size_t n) {
  if constexpr (std::is_same_v<S, Computed<S>>) {
    const hn::ScalableTag<S> d;
    return hn::MaskedLoad(hn::FirstN(d, n), d, p);
  }
  HWY_ALIGN S buffer[hn::MaxLanes(hn::ScalableTag<Computed<S>>())] = {};
  std::memcpy(buffer, p, n * sizeof(S));
  return load(buffer);
}
template <class S>
HWY_INLINE void store_part(Number<Computed<S>> x, S* p, std::size_t n) {
  if constexpr (std::is_same_v<S, Computed<S>>) {
    const hn::ScalableTag<S> d;
    return hn::BlendedStore(x.v, hn::FirstN(d, n), d, p);
  }
  HWY_ALIGN S buffer[hn::MaxLanes(hn::ScalableTag<Computed<S>>())];
  store(x, buffer);
  std::memcpy(p, buffer, n * sizeof(S));
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
