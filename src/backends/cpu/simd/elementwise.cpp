// Rows of elementwise operations and of float conversions.
#include "backends/cpu/simd/rows.h"
#include "backends/cpu/simd/targets.h"
#include "core/visit.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/elementwise.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

// Floats run in vectors of Number; integers as loops over Scalar, which the compiler vectorises for the target.
template <class T, class F>
void unary_loop(const void* from, void* to, std::size_t n, F f) {
  const T* x = static_cast<const T*>(from);
  T* out = static_cast<T*>(to);
  if constexpr (std::is_integral_v<T>) {
    for (std::size_t i = 0; i < n; ++i) out[i] = f(Scalar<T>(x[i])).value;
  } else {
    const std::size_t step = lanes<T>();
    std::size_t i = 0;
    for (; i + step <= n; i += step) store<T>(f(load(x + i)), out + i);
    if (i < n) store_part<T>(f(load_part(x + i, n - i)), out + i, n - i);
  }
}

template <class T, class F>
void binary_loop(const void* left, bool a_steps, const void* right, bool b_steps, void* to, std::size_t n, F f) {
  const T *a = static_cast<const T*>(left), *b = static_cast<const T*>(right);
  T* out = static_cast<T*>(to);
  if constexpr (std::is_integral_v<T>) {
    if (a_steps && b_steps)
      for (std::size_t i = 0; i < n; ++i) out[i] = f(Scalar<T>(a[i]), Scalar<T>(b[i])).value;
    else if (a_steps)
      for (std::size_t i = 0; i < n; ++i) out[i] = f(Scalar<T>(a[i]), Scalar<T>(*b)).value;
    else
      for (std::size_t i = 0; i < n; ++i) out[i] = f(Scalar<T>(*a), Scalar<T>(b_steps ? b[i] : *b)).value;
  } else {
    using N = Number<Computed<T>>;
    const std::size_t step = lanes<T>();
    // One loop body for the three ways of stepping; each operand is a load or a vector set once.
    const auto run = [&](auto get_a, auto get_b) HWY_ATTR {
      std::size_t i = 0;
      for (; i + step <= n; i += step) store<T>(f(get_a(i, step), get_b(i, step)), out + i);
      if (i < n) store_part<T>(f(get_a(i, n - i), get_b(i, n - i)), out + i, n - i);
    };
    const auto stream = [step](const T* p) HWY_ATTR {
      return [p, step](std::size_t i, std::size_t count)
                 HWY_ATTR { return count == step ? load(p + i) : load_part(p + i, count); };
    };
    const auto constant = [](const T* p) HWY_ATTR {
      T copies[hn::MaxLanes(hn::ScalableTag<Computed<T>>())];
      for (T& copy : copies) copy = *p;
      const N value = load(copies);
      return [value](std::size_t, std::size_t) HWY_ATTR { return value; };
    };
    if (a_steps && b_steps)
      run(stream(a), stream(b));
    else if (a_steps)
      run(stream(a), constant(b));
    else if (b_steps)
      run(constant(a), stream(b));
    else
      run(constant(a), constant(b));
  }
}

template <class T>
inline constexpr bool takes(DTypeClass dtypes) {
  return dtypes == DTypeClass::numeric || !std::is_integral_v<T>;
}

template <class T>
UnaryRow unary_of(UnaryOp op) {
  switch (op) {
#define INGOT_UNARY(name, dtypes, value, gradient)                                                \
  case UnaryOp::name:                                                                             \
    if constexpr (takes<T>(DTypeClass::dtypes)) {                                                 \
      return [](const void* from, void* to, std::size_t n)                                        \
                 HWY_ATTR { unary_loop<T>(from, to, n, [](auto x) HWY_ATTR { return value; }); }; \
    }                                                                                             \
    break;
#include "ops/elementwise.def"
  }
  return nullptr;
}

template <class T>
BinaryRow binary_of(BinaryOp op) {
  switch (op) {
#define INGOT_BINARY(name, dtypes, value, gradient_a, gradient_b)                                                    \
  case BinaryOp::name:                                                                                               \
    if constexpr (takes<T>(DTypeClass::dtypes)) {                                                                    \
      return [](const void* left, bool a_steps, const void* right, bool b_steps, void* to, std::size_t n) HWY_ATTR { \
        binary_loop<T>(left, a_steps, right, b_steps, to, n, [](auto a, auto b) HWY_ATTR { return value; });         \
      };                                                                                                             \
    }                                                                                                                \
    break;
#include "ops/elementwise.def"
  }
  return nullptr;
}

UnaryRow select_unary(UnaryOp op, DType dtype) {
  return visit_arithmetic(dtype, info(op).name, [&]<class T>(T) { return unary_of<T>(op); });
}

BinaryRow select_binary(BinaryOp op, DType dtype) {
  return visit_arithmetic(dtype, info(op).name, [&]<class T>(T) { return binary_of<T>(op); });
}

template <class From, class To>
void convert_loop(const void* from, void* to, std::size_t n) {
  const From* x = static_cast<const From*>(from);
  To* out = static_cast<To*>(to);
  if constexpr (std::is_same_v<Computed<From>, Computed<To>>) {
    const std::size_t step = lanes<From>();
    std::size_t i = 0;
    for (; i + step <= n; i += step) store<To>(load(x + i), out + i);
    if (i < n) store_part<To>(load_part(x + i, n - i), out + i, n - i);
  } else {
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<To>(x[i]);  // f32 ↔ f64
  }
}

ConvertRow select_convert(DType from, DType to) {
  const auto key = [](DType a, DType b) { return static_cast<int>(a) * dtype_count + static_cast<int>(b); };
  const int pair = key(from, to);
  if (pair == key(DType::f16, DType::f32)) return convert_loop<Float16, float>;
  if (pair == key(DType::bf16, DType::f32)) return convert_loop<BFloat16, float>;
  if (pair == key(DType::f32, DType::f16)) return convert_loop<float, Float16>;
  if (pair == key(DType::f32, DType::bf16)) return convert_loop<float, BFloat16>;
  if (pair == key(DType::f16, DType::bf16)) return convert_loop<Float16, BFloat16>;
  if (pair == key(DType::bf16, DType::f16)) return convert_loop<BFloat16, Float16>;
  if (pair == key(DType::f32, DType::f64)) return convert_loop<float, double>;
  if (pair == key(DType::f64, DType::f32)) return convert_loop<double, float>;
  return nullptr;
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(select_unary);
HWY_EXPORT(select_binary);
HWY_EXPORT(select_convert);

UnaryRow unary_row(UnaryOp op, DType dtype) { return HWY_DYNAMIC_DISPATCH(select_unary)(op, dtype); }
BinaryRow binary_row(BinaryOp op, DType dtype) { return HWY_DYNAMIC_DISPATCH(select_binary)(op, dtype); }
ConvertRow convert_row(DType from, DType to) { return HWY_DYNAMIC_DISPATCH(select_convert)(from, to); }

}  // namespace ingot::cpu
#endif
