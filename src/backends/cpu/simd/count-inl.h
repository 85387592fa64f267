// Per target: how many elements are not zero.
#include <algorithm>
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

// Counters of the elements' own width fill vectors; they hold 128 of any width. The compiler vectorises the loops.
constexpr std::size_t counted_at_once = 128;
template <class T>
using Counter =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

template <class T>
void count_columns(const void* from, std::ptrdiff_t stride, std::size_t rows, const void*, bool fresh, void* acc,
                   std::size_t n) {
  const T* x = static_cast<const T*>(from);
  auto* out = static_cast<std::int64_t*>(acc);
  if (fresh) std::fill_n(out, n, 0);
  for (std::size_t j = 0; j < n; j += counted_at_once) {
    const std::size_t wide = std::min(counted_at_once, n - j);
    for (std::size_t first = 0; first < rows; first += counted_at_once) {
      Counter<T> count[counted_at_once] = {};
      for (std::size_t r = first; r < std::min(rows, first + counted_at_once); ++r) {
        const T* row = x + static_cast<std::ptrdiff_t>(r) * stride + j;
        for (std::size_t k = 0; k < wide; ++k) count[k] = static_cast<Counter<T>>(count[k] + (row[k] != T{0}));
      }
      for (std::size_t k = 0; k < wide; ++k) out[j + k] += static_cast<std::int64_t>(count[k]);
    }
  }
}

inline void combine_counts(void* to, const void* from, std::size_t n) {
  auto* a = static_cast<std::int64_t*>(to);
  const auto* b = static_cast<const std::int64_t*>(from);
  for (std::size_t j = 0; j < n; ++j) a[j] += b[j];
}

template <class T>
Reduction count_of() {
  return {count_row<T>, count_columns<T>, combine_counts};
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
