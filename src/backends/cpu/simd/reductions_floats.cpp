// Reductions over float and double.
#include "backends/cpu/simd/reductions.h"
#include "backends/cpu/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/reductions_floats.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/count-inl.h"
#include "backends/cpu/simd/place-inl.h"
#include "backends/cpu/simd/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

// Lane k with lane k + half, for ever smaller halves. In vectors: comparing scalars would be guessed wrong, and the
// next block's loads would wait.
template <class T, class F>
HWY_INLINE T join_lanes(Number<T> v, [[maybe_unused]] F f) {
#if HWY_TARGET != HWY_SCALAR
  using N = Number<T>;
  const hn::ScalableTag<T> d;
  constexpr std::size_t block = 16 / sizeof(T), all = hn::MaxLanes(d);
  if constexpr (all >= 4 * block) v = f.combine(v, N(hn::ConcatLowerUpper(d, v.v, v.v)));
  if constexpr (all >= 2 * block) v = f.combine(v, N(hn::SwapAdjacentBlocks(v.v)));
  if constexpr (block == 4) {
    v = f.combine(v, N(hn::Shuffle1032(v.v)));
    v = f.combine(v, N(hn::Shuffle2301(v.v)));
  } else {
    v = f.combine(v, N(hn::Shuffle01(v.v)));
  }
#endif
  return hn::GetLane(v.v);
}

// Four chains hide the latency of one addition.
template <class T, class F>
HWY_INLINE Number<T> reduce_piece(const T* x, std::size_t n, Number<T> c, T initial, F f) {
  using N = Number<T>;
  const hn::ScalableTag<T> d;
  const std::size_t step = lanes<T>();
  N a0 = initial, a1 = initial, a2 = initial, a3 = initial;
  std::size_t i = 0;
  for (; i + 4 * step <= n; i += 4 * step) {
    a0 = f.combine(a0, f.element(load(x + i), c));
    a1 = f.combine(a1, f.element(load(x + i + step), c));
    a2 = f.combine(a2, f.element(load(x + i + 2 * step), c));
    a3 = f.combine(a3, f.element(load(x + i + 3 * step), c));
  }
  for (; i + step <= n; i += step) a0 = f.combine(a0, f.element(load(x + i), c));
  if (i < n) {
    const N last = f.element(load_part(x + i, n - i), c);
    a1 = f.combine(a1, N(hn::IfThenElse(hn::FirstN(d, n - i), last.v, hn::Set(d, initial))));
  }
  return f.combine(f.combine(a0, a1), f.combine(a2, a3));
}

// Pieces of reduced_together elements as a balanced tree of vectors: reading stops for no lanes to be joined, which
// cost a sum of much memory a tenth of its speed.
template <class T, class F>
Number<T> reduce_pieces(const T* x, std::size_t n, Number<T> c, T initial, F f) {
  if (n <= reduced_together) return reduce_piece(x, n, c, initial, f);
  const std::size_t half = std::bit_floor(n - 1);
  const Number<T> first = reduce_pieces(x, half, c, initial, f);
  return f.combine(first, reduce_pieces(x + half, n - half, c, initial, f));
}

// Extremes, which may take elements twice, begin with the vector that ends a part of a cache line: others' memory often
// starts 16 bytes into one, and loads across lines cost a tenth. A sum's order must not depend on the address.
template <class T, class F>
HWY_INLINE void reduce_row(const void* from, std::size_t n, const void* center, void* acc, T initial, F f) {
  const Number<T> c = center ? *static_cast<const T*>(center) : T{0};
  const T* x = static_cast<const T*>(from);
  if (f.exact && n >= lanes<T>()) {
    const std::size_t step = lanes<T>(), skip = step - reinterpret_cast<std::uintptr_t>(x) / sizeof(T) % step;
    const Number<T> head = f.element(load(x), c);
    *static_cast<T*>(acc) = join_lanes<T>(f.combine(head, reduce_pieces(x + skip, n - skip, c, initial, f)), f);
  } else {
    *static_cast<T*>(acc) = join_lanes<T>(reduce_pieces(x, n, c, initial, f), f);
  }
}

// One row after the other: results stay in the L1 cache, and memory is read as one stream (four at once take 1.7 times
// as long on a Zen 4).
template <class T, class F>
HWY_INLINE void reduce_columns(const void* from, std::ptrdiff_t stride, std::size_t rows, const void* center,
                               bool fresh, void* acc, std::size_t n, T initial, F f) {
  using N = Number<T>;
  const T *x = static_cast<const T*>(from), *c = static_cast<const T*>(center);
  T* out = static_cast<T*>(acc);
  const std::size_t step = lanes<T>();
  if (fresh) std::fill_n(out, n, initial);
  for (; rows > 0; --rows, x += stride) {
    std::size_t j = 0;
    for (; j + step <= n; j += step)
      store(f.combine(load(out + j), f.element(load(x + j), c ? load(c + j) : N(T{0}))), out + j);
    if (j == n) continue;
    const N shift = c ? load_part(c + j, n - j) : N(T{0});
    store_part(f.combine(load_part(out + j, n - j), f.element(load_part(x + j, n - j), shift)), out + j, n - j);
  }
}

template <class T, class F>
HWY_INLINE void combine_rows(void* to, const void* from, std::size_t n, F f) {
  T* a = static_cast<T*>(to);
  const T* b = static_cast<const T*>(from);
  const std::size_t step = lanes<T>();
  std::size_t j = 0;
  for (; j + step <= n; j += step) store(f.combine(load(a + j), load(b + j)), a + j);
  for (; j < n; ++j) a[j] = f.combine(Element<T>(a[j]), Element<T>(b[j])).value;
}

#define INGOT_REDUCTION(name, takes, initial, value, combination) \
  struct name##_expressions {                                     \
    static constexpr bool exact = is_extreme(ReduceOp::name);     \
    template <class V>                                            \
    HWY_INLINE V element(V x, [[maybe_unused]] V c) const {       \
      return value;                                               \
    }                                                             \
    template <class V>                                            \
    HWY_INLINE V combine(V a, V b) const {                        \
      return combination;                                         \
    }                                                             \
  };
#include "ops/reductions.def"

template <class T>
Reduction reduction_of(ReduceOp op) {
  [[maybe_unused]] constexpr T lowest = lowest_of<T>, highest = highest_of<T>;
  switch (op) {
#define INGOT_REDUCTION(name, takes, initial, ...)                                                                  \
  case ReduceOp::name: {                                                                                            \
    static constexpr T start = initial;                                                                             \
    return {[](const void* x, std::size_t n, const void* c, void* acc)                                              \
                HWY_ATTR { reduce_row<T>(x, n, c, acc, start, name##_expressions{}); },                             \
            [](const void* x, std::ptrdiff_t stride, std::size_t rows, const void* c, bool fresh, void* acc,        \
               std::size_t n)                                                                                       \
                HWY_ATTR { reduce_columns<T>(x, stride, rows, c, fresh, acc, n, start, name##_expressions{}); },    \
            [](void* a, const void* b, std::size_t n) HWY_ATTR { combine_rows<T>(a, b, n, name##_expressions{}); }, \
            place_of<T>(ReduceOp::name)};                                                                           \
  }
#include "ops/reductions.def"
    default: return count_of<T>(op);
  }
}

Reduction select_floats(ReduceOp op, DType dtype) {
  return dtype == DType::f64 ? reduction_of<double>(op) : reduction_of<float>(op);
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(select_floats);

Reduction reduction_floats(ReduceOp op, DType dtype) { return HWY_DYNAMIC_DISPATCH(select_floats)(op, dtype); }

}  // namespace ingot::cpu
#endif
