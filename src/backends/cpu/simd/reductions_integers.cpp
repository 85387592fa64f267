// Reductions over integers, and over bool as u8, in loops that the compiler vectorises.
#include "backends/cpu/simd/reductions.h"
#include "backends/cpu/simd/targets.h"
#include "ops/element.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/reductions_integers.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/count-inl.h"
#include "backends/cpu/simd/place-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

// combine(a, element): integers need no second operand.
template <class T, class A, class F>
HWY_INLINE void reduce_row(const void* from, std::size_t n, void* acc, A initial, F combine) {
  const T* x = static_cast<const T*>(from);
  A result = initial;
  for (std::size_t i = 0; i < n; ++i) result = combine(Element<A>(result), Element<A>(static_cast<A>(x[i]))).value;
  *static_cast<A*>(acc) = result;
}

template <class T, class A, class F>
HWY_INLINE void reduce_columns(const void* from, std::ptrdiff_t stride, std::size_t rows, bool fresh, void* acc,
                               std::size_t n, A initial, F combine) {
  const T* x = static_cast<const T*>(from);
  A* HWY_RESTRICT out = static_cast<A*>(acc);
  if (fresh) std::fill_n(out, n, initial);
  for (std::size_t r = 0; r < rows; ++r, x += stride)
    for (std::size_t j = 0; j < n; ++j) out[j] = combine(Element<A>(out[j]), Element<A>(static_cast<A>(x[j]))).value;
}

template <class A, class F>
HWY_INLINE void combine_rows(void* to, const void* from, std::size_t n, F combine) {
  A* HWY_RESTRICT a = static_cast<A*>(to);
  const A* b = static_cast<const A*>(from);
  for (std::size_t j = 0; j < n; ++j) a[j] = combine(Element<A>(a[j]), Element<A>(b[j])).value;
}

#define INGOT_REDUCTION(name, takes, initial, value, combination) \
  struct name##_expression {                                      \
    template <class V>                                            \
    HWY_INLINE V operator()(V a, V b) const {                     \
      return combination;                                         \
    }                                                             \
  };
#include "ops/reductions.def"

template <class T>
Reduction reduction_of(ReduceOp op) {
  using Sum = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;
  switch (op) {
#define INGOT_REDUCTION(name, takes, initial, ...)                                                                   \
  case ReduceOp::name:                                                                                               \
    if constexpr (computes<T>(Takes::takes)) {                                                                       \
      using A = std::conditional_t<ReduceOp::name == ReduceOp::max || ReduceOp::name == ReduceOp::min, T, Sum>;      \
      [[maybe_unused]] constexpr A lowest = lowest_of<A>, highest = highest_of<A>;                                   \
      static constexpr A start = initial;                                                                            \
      return {[](const void* x, std::size_t n, const void*, void* acc)                                               \
                  HWY_ATTR { reduce_row<T, A>(x, n, acc, start, name##_expression{}); },                             \
              [](const void* x, std::ptrdiff_t stride, std::size_t rows, const void*, bool fresh, void* acc,         \
                 std::size_t n)                                                                                      \
                  HWY_ATTR { reduce_columns<T, A>(x, stride, rows, fresh, acc, n, start, name##_expression{}); },    \
              [](void* a, const void* b, std::size_t n) HWY_ATTR { combine_rows<A>(a, b, n, name##_expression{}); }, \
              place_of<T>(ReduceOp::name)};                                                                          \
    }                                                                                                                \
    break;
#include "ops/reductions.def"
    default: return count_of<T>(op);
  }
  return {};
}

Reduction select_integers(ReduceOp op, DType dtype) {
  switch (dtype) {
    case DType::bool_:
    case DType::u8: return reduction_of<std::uint8_t>(op);
    case DType::u16: return reduction_of<std::uint16_t>(op);
    case DType::u32: return reduction_of<std::uint32_t>(op);
    case DType::u64: return reduction_of<std::uint64_t>(op);
    case DType::i8: return reduction_of<std::int8_t>(op);
    case DType::i16: return reduction_of<std::int16_t>(op);
    case DType::i32: return reduction_of<std::int32_t>(op);
    default: return reduction_of<std::int64_t>(op);
  }
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(select_integers);

Reduction reduction_integers(ReduceOp op, DType dtype) { return HWY_DYNAMIC_DISPATCH(select_integers)(op, dtype); }

}  // namespace ingot::cpu
#endif
