// Rows of softmax, log_softmax, layer_norm, rms_norm and rope.
#include <cmath>
#include <limits>

#include "backends/cpu/simd/norms.h"
#include "backends/cpu/simd/rows.h"
#include "backends/cpu/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/reduce.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

// The largest element; NaN where there is one. Four chains hide the latency of the comparison.
template <class T>
T row_max(const T* x, std::size_t n) {
  using N = Number<T>;
  const std::size_t step = lanes<T>();
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  N m0 = lowest, m1 = lowest, m2 = lowest, m3 = lowest;
  std::size_t i = 0;
  for (; i + 4 * step <= n; i += 4 * step) {
    m0 = max(m0, load(x + i));
    m1 = max(m1, load(x + i + step));
    m2 = max(m2, load(x + i + 2 * step));
    m3 = max(m3, load(x + i + 3 * step));
  }
  for (; i + step <= n; i += step) m0 = max(m0, load(x + i));
  m0 = max(max(m0, m1), max(m2, m3));
  HWY_ALIGN T parts[hn::MaxLanes(hn::ScalableTag<T>())];
  store(m0, parts);
  Element<T> result = lowest;
  for (std::size_t k = 0; k < step; ++k) result = max(result, Element<T>(parts[k]));
  for (; i < n; ++i) result = max(result, Element<T>(x[i]));
  return result.value;
}

template <class T>
HWY_INLINE T sum_of(Number<T> x) {
  const hn::ScalableTag<T> d;
  return hn::GetLane(hn::SumOfLanes(d, x.v));
}

template <class T>
void softmax_row(const T* x, T* out, std::size_t n) {
  const std::size_t step = lanes<T>();
  const Number<T> largest = row_max(x, n);
  Number<T> sum0 = 0, sum1 = 0;
  std::size_t i = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    const Number<T> e0 = exp(load(x + i) - largest), e1 = exp(load(x + i + step) - largest);
    store(e0, out + i);
    store(e1, out + i + step);
    sum0 = sum0 + e0;
    sum1 = sum1 + e1;
  }
  T tail = 0;
  for (; i < n; i += step) {
    const std::size_t count = std::min(step, n - i);
    const Number<T> e = exp(load_part(x + i, count) - largest);
    store_part(e, out + i, count);
    for (std::size_t k = 0; k < count; ++k) tail += out[i + k];
  }
  const Number<T> factor = T{1} / (sum_of<T>(sum0 + sum1) + tail);
  for (i = 0; i + step <= n; i += step) store(load(out + i) * factor, out + i);
  if (i < n) store_part(load_part(out + i, n - i) * factor, out + i, n - i);
}

template <class T>
void log_sum_exp_row(const T* x, std::size_t n, T* largest, T* log_sum) {
  const std::size_t step = lanes<T>();
  const Number<T> most = row_max(x, n);
  Number<T> sum0 = 0, sum1 = 0;
  std::size_t i = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    sum0 = sum0 + exp(load(x + i) - most);
    sum1 = sum1 + exp(load(x + i + step) - most);
  }
  HWY_ALIGN T parts[hn::MaxLanes(hn::ScalableTag<T>())];
  T tail = 0;
  for (; i < n; i += step) {
    const std::size_t count = std::min(step, n - i);
    store(exp(load_part(x + i, count) - most), parts);
    for (std::size_t k = 0; k < count; ++k) tail += parts[k];
  }
  *largest = hn::GetLane(most.v);
  *log_sum = std::log(sum_of<T>(sum0 + sum1) + tail);
}

template <class T>
void log_softmax_row(const T* x, T* out, std::size_t n) {
  const std::size_t step = lanes<T>();
  T largest, log_sum;
  log_sum_exp_row(x, n, &largest, &log_sum);
  std::size_t i = 0;
  for (; i + step <= n; i += step) store((load(x + i) - Number<T>(largest)) - Number<T>(log_sum), out + i);
  for (; i < n; ++i) out[i] = (x[i] - largest) - log_sum;
}

template <class T>
void layer_norm_row(const T* x, const T* weight, const T* bias, T* out, std::size_t n, double eps) {
  const std::size_t step = lanes<T>();
  Number<T> s0 = 0, s1 = 0;
  std::size_t i = 0;
  for (; i + 2 * step <= n; i += 2 * step) {
    s0 = s0 + load(x + i);
    s1 = s1 + load(x + i + step);
  }
  double sum = static_cast<double>(sum_of<T>(s0 + s1));
  for (; i < n; ++i) sum += static_cast<double>(x[i]);
  double mean = sum / static_cast<double>(n);
  const Number<T> shift = static_cast<T>(mean);
  s0 = 0, s1 = 0;
  for (i = 0; i + 2 * step <= n; i += 2 * step) {
    const Number<T> d0 = load(x + i) - shift, d1 = load(x + i + step) - shift;
    s0 = s0 + d0 * d0;
    s1 = s1 + d1 * d1;
  }
  double squares = static_cast<double>(sum_of<T>(s0 + s1));
  for (; i < n; ++i) {
    const double d = static_cast<double>(x[i]) - mean;
    squares += d * d;
  }
  if (sizeof(T) == 4 && !(squares > 1e-30 && squares < 1e38)) {
    // Squares near the ends of float's range, or a sum past it: again in double.
    sum = squares = 0;
    for (i = 0; i < n; ++i) sum += static_cast<double>(x[i]);
    mean = sum / static_cast<double>(n);
    for (i = 0; i < n; ++i) squares += (static_cast<double>(x[i]) - mean) * (static_cast<double>(x[i]) - mean);
  }
  const Number<T> middle = static_cast<T>(mean);
  const Number<T> factor = static_cast<T>(1 / std::sqrt(squares / static_cast<double>(n) + eps));
  for (i = 0; i + step <= n; i += step)
    store((load(x + i) - middle) * factor * load(weight + i) + load(bias + i), out + i);
  if (i < n)
    store_part((load_part(x + i, n - i) - middle) * factor * load_part(weight + i, n - i) + load_part(bias + i, n - i),
               out + i, n - i);
}

template <class T>
void rms_norm_row(const T* x, const T* weight, T* out, std::size_t n, double eps) {
  const hn::ScalableTag<T> d;
  const std::size_t step = lanes<T>();
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  std::size_t i = 0;
  for (; i + 4 * step <= n; i += 4 * step) {
    const auto x0 = load(x + i).v, x1 = load(x + i + step).v;
    const auto x2 = load(x + i + 2 * step).v, x3 = load(x + i + 3 * step).v;
    s0 = hn::MulAdd(x0, x0, s0);
    s1 = hn::MulAdd(x1, x1, s1);
    s2 = hn::MulAdd(x2, x2, s2);
    s3 = hn::MulAdd(x3, x3, s3);
  }
  for (; i + step <= n; i += step) {
    const auto x0 = load(x + i).v;
    s0 = hn::MulAdd(x0, x0, s0);
  }
  double squares = static_cast<double>(sum_of<T>(Number<T>(s0) + Number<T>(s1) + (Number<T>(s2) + Number<T>(s3))));
  for (; i < n; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  if (sizeof(T) == 4 && !(squares > 1e-30 && squares < 1e38)) {
    // Squares near the ends of float's range have lost bits or everything: summed again in double.
    squares = 0;
    for (i = 0; i < n; ++i) squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  const Number<T> factor = static_cast<T>(1 / std::sqrt(squares / static_cast<double>(n) + eps));
  for (i = 0; i + step <= n; i += step) store(load(x + i) * factor * load(weight + i), out + i);
  if (i < n) store_part(load_part(x + i, n - i) * factor * load_part(weight + i, n - i), out + i, n - i);
}

template <class T>
void rope_row(const T* x, T* out, std::size_t pairs, const T* cosines, const T* sines, bool interleaved) {
  const hn::ScalableTag<T> d;
  const std::size_t step = hn::Lanes(d);
  std::size_t i = 0;
  if (interleaved) {
    for (; i + step <= pairs; i += step) {
      hn::Vec<decltype(d)> a, b;
      hn::LoadInterleaved2(d, x + 2 * i, a, b);
      const auto c = hn::LoadU(d, cosines + i), s = hn::LoadU(d, sines + i);
      hn::StoreInterleaved2(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), hn::Add(hn::Mul(a, s), hn::Mul(b, c)), d,
                            out + 2 * i);
    }
    for (; i < pairs; ++i) {
      const T a = x[2 * i], b = x[2 * i + 1];
      out[2 * i] = a * cosines[i] - b * sines[i];
      out[2 * i + 1] = a * sines[i] + b * cosines[i];
    }
    return;
  }
  for (; i + step <= pairs; i += step) {
    const auto a = hn::LoadU(d, x + i), b = hn::LoadU(d, x + i + pairs);
    const auto c = hn::LoadU(d, cosines + i), s = hn::LoadU(d, sines + i);
    hn::StoreU(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), d, out + i);
    hn::StoreU(hn::Add(hn::Mul(a, s), hn::Mul(b, c)), d, out + i + pairs);
  }
  for (; i < pairs; ++i) {
    const T a = x[i], b = x[i + pairs];
    out[i] = a * cosines[i] - b * sines[i];
    out[i + pairs] = a * sines[i] + b * cosines[i];
  }
}

// HWY_EXPORT takes names, not template instances.
#define INGOT_ROWS(T, suffix)                                                                                \
  void softmax_##suffix(const T* x, T* out, std::size_t n) { softmax_row(x, out, n); }                       \
  void log_softmax_##suffix(const T* x, T* out, std::size_t n) { log_softmax_row(x, out, n); }               \
  void log_sum_exp_##suffix(const T* x, std::size_t n, T* largest, T* log_sum) {                             \
    log_sum_exp_row(x, n, largest, log_sum);                                                                 \
  }                                                                                                          \
  void layer_norm_##suffix(const T* x, const T* weight, const T* bias, T* out, std::size_t n, double eps) {  \
    layer_norm_row(x, weight, bias, out, n, eps);                                                            \
  }                                                                                                          \
  void rms_norm_##suffix(const T* x, const T* weight, T* out, std::size_t n, double eps) {                   \
    rms_norm_row(x, weight, out, n, eps);                                                                    \
  }                                                                                                          \
  void rope_##suffix(const T* x, T* out, std::size_t pairs, const T* cosines, const T* sines, bool layout) { \
    rope_row(x, out, pairs, cosines, sines, layout);                                                         \
  }
INGOT_ROWS(float, f32)
INGOT_ROWS(double, f64)
#undef INGOT_ROWS

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

// Hidden by name: GCC leaves explicit specializations visible whatever -fvisibility says.
#define INGOT_ROWS(T, suffix)                                                                                   \
  HWY_EXPORT(softmax_##suffix);                                                                                 \
  HWY_EXPORT(log_softmax_##suffix);                                                                             \
  HWY_EXPORT(log_sum_exp_##suffix);                                                                             \
  HWY_EXPORT(layer_norm_##suffix);                                                                              \
  HWY_EXPORT(rms_norm_##suffix);                                                                                \
  HWY_EXPORT(rope_##suffix);                                                                                    \
  template <>                                                                                                   \
  [[gnu::visibility("hidden")]]                                                                                 \
  void softmax_row<T>(const T* x, T* out, std::size_t n) {                                                      \
    HWY_DYNAMIC_DISPATCH(softmax_##suffix)(x, out, n);                                                          \
  }                                                                                                             \
  template <>                                                                                                   \
  [[gnu::visibility("hidden")]]                                                                                 \
  void log_softmax_row<T>(const T* x, T* out, std::size_t n) {                                                  \
    HWY_DYNAMIC_DISPATCH(log_softmax_##suffix)(x, out, n);                                                      \
  }                                                                                                             \
  template <>                                                                                                   \
  [[gnu::visibility("hidden")]]                                                                                 \
  void log_sum_exp_row<T>(const T* x, std::size_t n, T* largest, T* log_sum) {                                  \
    HWY_DYNAMIC_DISPATCH(log_sum_exp_##suffix)(x, n, largest, log_sum);                                         \
  }                                                                                                             \
  template <>                                                                                                   \
  [[gnu::visibility("hidden")]]                                                                                 \
  void layer_norm_row<T>(const T* x, const T* weight, const T* bias, T* out, std::size_t n, double eps) {       \
    HWY_DYNAMIC_DISPATCH(layer_norm_##suffix)(x, weight, bias, out, n, eps);                                    \
  }                                                                                                             \
  template <>                                                                                                   \
  [[gnu::visibility("hidden")]]                                                                                 \
  void rms_norm_row<T>(const T* x, const T* weight, T* out, std::size_t n, double eps) {                        \
    HWY_DYNAMIC_DISPATCH(rms_norm_##suffix)(x, weight, out, n, eps);                                            \
  }                                                                                                             \
  template <>                                                                                                   \
  [[gnu::visibility("hidden")]]                                                                                 \
  void rope_row<T>(const T* x, T* out, std::size_t pairs, const T* cosines, const T* sines, bool interleaved) { \
    HWY_DYNAMIC_DISPATCH(rope_##suffix)(x, out, pairs, cosines, sines, interleaved);                            \
  }
INGOT_ROWS(float, f32)
INGOT_ROWS(double, f64)
#undef INGOT_ROWS

}  // namespace ingot::cpu
#endif
