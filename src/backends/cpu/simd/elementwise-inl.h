// Per target: the rows of elementwise.def for one element type.
#include "core/visit.h"
#include "ops/elementwise.h"

#if defined(INGOT_SIMD_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INGOT_SIMD_ELEMENTWISE_INL_H_
#undef INGOT_SIMD_ELEMENTWISE_INL_H_
#else
#define INGOT_SIMD_ELEMENTWISE_INL_H_
#endif

#include "backends/cpu/simd/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

// A loop over scalars, which the compiler vectorises for the target: integers, and predicates of floats.
template <class T, int Arity, class Result, class F>
HWY_INLINE void scalar_loop(const void* const* in, void* to, std::size_t n, bool, F f) {
  const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[Arity > 1 ? 1 : 0]),
          *c = static_cast<const T*>(in[Arity > 2 ? 2 : 0]);
  auto* out = static_cast<Result*>(to);
  for (std::size_t i = 0; i < n; ++i) out[i] = f(Element<T>(a[i]), Element<T>(b[i]), Element<T>(c[i])).value;
}

template <class T, int Arity, class F>
HWY_INLINE void value_loop(const void* const* in, void* to, std::size_t n, bool stream, F f) {
  if constexpr (std::is_integral_v<T>) {
    scalar_loop<T, Arity, T>(in, to, n, stream, f);
  } else {
    const T *a = static_cast<const T*>(in[0]), *b = static_cast<const T*>(in[Arity > 1 ? 1 : 0]),
            *c = static_cast<const T*>(in[Arity > 2 ? 2 : 0]);
    T* out = static_cast<T*>(to);
    const hn::ScalableTag<T> d;
    const std::size_t step = lanes<T>();
    std::size_t i = 0;
    for (; i + step <= n; i += step) {
      const Number<T> result = f(load(a + i), load(b + i), load(c + i));
      if (stream)
        hn::Stream(result.v, d, out + i);
      else
        hn::StoreU(result.v, d, out + i);
    }
    if (i == n) return;
    n -= i;
    store_part<T>(f(load_part(a + i, n), load_part(b + i, n), load_part(c + i, n)), out + i, n);
  }
}

template <class T>
ElementwiseRow elementwise_of(ElementwiseOp op) {
  switch (op) {
#define INGOT_CASE(name, takes, loop, expression, a, b, c)                                                  \
  case ElementwiseOp::name:                                                                                 \
    if constexpr (computes<T>(Takes::takes))                                                                \
      return [](const void* const* in, void* to, std::size_t n, bool stream) HWY_ATTR {                     \
        loop(in, to, n, stream,                                                                             \
             [](auto a, [[maybe_unused]] auto b, [[maybe_unused]] auto c) HWY_ATTR { return expression; }); \
      };                                                                                                    \
    break;
#define INGOT_VALUE(name, takes, arity, expression, a, b, c) \
  INGOT_CASE(name, takes, (value_loop<T, arity>), expression, a, b, c)
#define INGOT_UNARY(name, takes, value, ...) INGOT_VALUE(name, takes, 1, value, x, unused1, unused2)
#define INGOT_BINARY(name, takes, value, ...) INGOT_VALUE(name, takes, 2, value, a, b, unused)
#define INGOT_TERNARY(name, takes, value, ...) INGOT_VALUE(name, takes, 3, value, a, b, c)
#define INGOT_BACKWARD(name, gradient, doc) INGOT_VALUE(name, floating, 2, gradient, g, x, unused)
#define INGOT_UNARY_PREDICATE(name, takes, value, ...) \
  INGOT_CASE(name, takes, (scalar_loop<T, 1, bool>), value, x, unused1, unused2)
#define INGOT_BINARY_PREDICATE(name, takes, value, ...) \
  INGOT_CASE(name, takes, (scalar_loop<T, 2, bool>), value, a, b, unused)
#include "ingot/ops/elementwise.def"
#undef INGOT_VALUE
#undef INGOT_CASE
    case ElementwiseOp::count_: break;
  }
  return nullptr;
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
