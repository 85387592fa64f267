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

// The first place of *value, or of NaN where it is that; n where there is none.
template <class T>
std::size_t find_row(const void* from, std::size_t n, const void* value) {
  const hn::ScalableTag<T> d;
  const T* x = static_cast<const T*>(from);
  const T wanted = *static_cast<const T*>(value);
  const std::size_t step = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + step <= n; i += step) {
    const auto here = hn::LoadU(d, x + i);
    auto hit = hn::Eq(here, hn::Set(d, wanted));
    if constexpr (std::is_floating_point_v<T>)
      if (wanted != wanted) hit = hn::IsNaN(here);
    const auto first = hn::FindFirstTrue(d, hit);
    if (first >= 0) return i + static_cast<std::size_t>(first);
  }
  while (i < n && x[i] != wanted && (wanted == wanted || x[i] == x[i])) ++i;
  return i;
}

// Counters of the elements' own width fill vectors; they hold 128 of any width. As many columns as the kernel asks for
// in one call, so that memory is read as one stream. The compiler vectorises the loops.
constexpr std::size_t rows_at_once = 128, columns_at_once = 1024;
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
  for (std::size_t j = 0; j < n; j += columns_at_once) {
    const std::size_t wide = std::min(columns_at_once, n - j);
    for (std::size_t first = 0; first < rows; first += rows_at_once) {
      Counter<T> count[columns_at_once];
      std::fill_n(count, wide, Counter<T>{0});
      for (std::size_t r = first; r < std::min(rows, first + rows_at_once); ++r) {
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
  return {count_row<T>, count_columns<T>, combine_counts, find_row<T>};
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
