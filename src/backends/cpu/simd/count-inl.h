// Per target: how many elements are not zero, whether any is, whether all are.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "backends/cpu/simd/reductions.h"

#if defined(INGOT_SIMD_COUNT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INGOT_SIMD_COUNT_INL_H_
#undef INGOT_SIMD_COUNT_INL_H_
#else
#define INGOT_SIMD_COUNT_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Counters of the elements' own width fill vectors; they hold 128 of any width. As many columns as the kernel asks for
// in one call, so that memory is read as one stream. The compiler vectorises the loops.
constexpr std::size_t rows_at_once = 128, columns_at_once = 1024;
template <class T>
using Word = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                                   std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

// Zeros are counted: NaN is none, but ordered comparisons for inequality do not see it.
template <class T>
void count_row(const void* from, std::size_t n, const void*, void* acc) {
  const hn::ScalableTag<T> d;
  const T* x = static_cast<const T*>(from);
  const std::size_t step = hn::Lanes(d);
  std::size_t zeros = 0, i = 0;
  for (; i + step <= n; i += step) zeros += hn::CountTrue(d, hn::Eq(hn::LoadU(d, x + i), hn::Zero(d)));
  for (; i < n; ++i) zeros += x[i] == T{0};
  *static_cast<std::int64_t*>(acc) = static_cast<std::int64_t>(n - zeros);
}

template <class T>
void count_columns(const void* from, std::ptrdiff_t stride, std::size_t rows, const void*, bool fresh, void* acc,
                   std::size_t n) {
  const T* x = static_cast<const T*>(from);
  auto* out = static_cast<std::int64_t*>(acc);
  if (fresh) std::fill_n(out, n, 0);
  for (std::size_t j = 0; j < n; j += columns_at_once) {
    const std::size_t wide = std::min(columns_at_once, n - j);
    for (std::size_t first = 0; first < rows; first += rows_at_once) {
      Word<T> count[columns_at_once];
      std::fill_n(count, wide, Word<T>{0});
      for (std::size_t r = first; r < std::min(rows, first + rows_at_once); ++r) {
        const T* row = x + static_cast<std::ptrdiff_t>(r) * stride + j;
        for (std::size_t k = 0; k < wide; ++k) count[k] = static_cast<Word<T>>(count[k] + (row[k] != T{0}));
      }
      for (std::size_t k = 0; k < wide; ++k) out[j + k] += static_cast<std::int64_t>(count[k]);
    }
  }
}

// any and all: the bits of several elements joined, a float's without its sign. Their disjunction is 0 where all are 0,
// their minimum where one is.
template <class T>
constexpr Word<T> magnitude(T x) {
  if constexpr (std::is_floating_point_v<T>)
    return std::bit_cast<Word<T>>(x) << 1;
  else
    return static_cast<Word<T>>(x);
}
template <bool All, class W>
constexpr W together(W a, W b) {
  return All ? std::min(a, b) : static_cast<W>(a | b);
}
template <bool All, class V>
HWY_INLINE V together_lanes(V a, V b) {
  if constexpr (All)
    return hn::Min(a, b);
  else
    return hn::Or(a, b);
}
template <class T>
HWY_INLINE hn::Vec<hn::ScalableTag<Word<T>>> magnitudes(const T* x) {
  const auto bits = hn::LoadU(hn::ScalableTag<Word<T>>(), reinterpret_cast<const Word<T>*>(x));
  if constexpr (std::is_floating_point_v<T>)
    return hn::ShiftLeft<1>(bits);
  else
    return bits;
}

// 0 or, where it is so, n: what a count of the elements would be told apart by.
template <class T, bool All>
void whether_row(const void* from, std::size_t n, const void*, void* acc) {
  const hn::ScalableTag<Word<T>> d;
  const T* x = static_cast<const T*>(from);
  const std::size_t step = hn::Lanes(d);
  const auto tells = [&](auto bits) HWY_ATTR {
    const auto zero = hn::Eq(bits, hn::Zero(d));
    return All ? !hn::AllFalse(d, zero) : !hn::AllTrue(d, zero);
  };
  bool known = false;
  if (n < step) {
    for (std::size_t i = 0; i < n && !known; ++i) known = (magnitude(x[i]) == 0) == All;
  } else {
    // One aligned vector after the other, the ends twice: memory comes a tenth slower to loads across cache lines, and
    // as much again to groups of four.
    known = tells(magnitudes(x)) || tells(magnitudes(x + n - step));
    const std::size_t begin = step - reinterpret_cast<std::uintptr_t>(x) / sizeof(T) % step;
    for (std::size_t i = begin; i + step <= n && !known; i += step) known = tells(magnitudes(x + i));
  }
  *static_cast<std::int64_t*>(acc) = known == All ? 0 : static_cast<std::int64_t>(n);
}

template <class T, bool All>
void whether_columns(const void* from, std::ptrdiff_t stride, std::size_t rows, const void*, bool fresh, void* acc,
                     std::size_t n) {
  using W = Word<T>;
  const hn::ScalableTag<W> d;
  const T* x = static_cast<const T*>(from);
  const std::size_t step = hn::Lanes(d);
  auto* out = static_cast<std::int64_t*>(acc);
  if (fresh) std::fill_n(out, n, 0);
  for (std::size_t j = 0; j < n; j += columns_at_once) {
    const std::size_t wide = std::min(columns_at_once, n - j);
    W joined[columns_at_once];
    std::fill_n(joined, wide, static_cast<W>(All ? ~W{0} : W{0}));
    // The last vector's lanes, some of them others' too, stay in a register: what spans two stores is read slowly.
    auto last = hn::Set(d, static_cast<W>(All ? ~W{0} : W{0}));
    for (std::size_t r = 0; r < rows; ++r) {
      const T* row = x + static_cast<std::ptrdiff_t>(r) * stride + j;
      std::size_t k = 0;
      for (; k + step <= wide; k += step)
        hn::StoreU(together_lanes<All>(hn::LoadU(d, joined + k), magnitudes(row + k)), d, joined + k);
      if (wide >= step)
        last = together_lanes<All>(last, magnitudes(row + wide - step));
      else
        for (; k < wide; ++k) joined[k] = together<All>(joined[k], magnitude(row[k]));
    }
    if (wide >= step)
      hn::StoreU(together_lanes<All>(hn::LoadU(d, joined + wide - step), last), d, joined + wide - step);
    for (std::size_t k = 0; k < wide; ++k) out[j + k] += joined[k] == 0 ? 0 : static_cast<std::int64_t>(rows);
  }
}

inline void combine_counts(void* to, const void* from, std::size_t n) {
  auto* a = static_cast<std::int64_t*>(to);
  const auto* b = static_cast<const std::int64_t*>(from);
  for (std::size_t j = 0; j < n; ++j) a[j] += b[j];
}

template <class T>
Reduction count_of(ReduceOp op) {
  if (op == ReduceOp::any) return {whether_row<T, false>, whether_columns<T, false>, combine_counts, nullptr};
  if (op == ReduceOp::all) return {whether_row<T, true>, whether_columns<T, true>, combine_counts, nullptr};
  return {count_row<T>, count_columns<T>, combine_counts, nullptr};
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
