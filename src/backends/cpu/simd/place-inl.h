// Per target: where the largest or the smallest of a row's elements is.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "ops/reductions.h"

#if defined(INGOT_SIMD_PLACE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef INGOT_SIMD_PLACE_INL_H_
#undef INGOT_SIMD_PLACE_INL_H_
#else
#define INGOT_SIMD_PLACE_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
std::size_t first_nan(const T* x, std::size_t i) {
  while (x[i] == x[i]) ++i;
  return i;
}

template <bool Smallest, class D>
HWY_INLINE hn::TFromD<D> best_lane(D d, hn::Vec<D> v) {
  using T = hn::TFromD<D>;
  if constexpr (sizeof(T) >= 4) {
    return hn::GetLane(Smallest ? hn::MinOfLanes(d, v) : hn::MaxOfLanes(d, v));
  } else {
    HWY_ALIGN T lanes[hn::MaxLanes(d)];
    hn::Store(v, d, lanes);
    return Smallest ? *std::min_element(lanes, lanes + hn::Lanes(d)) : *std::max_element(lanes, lanes + hn::Lanes(d));
  }
}

// The first place of the best element, or of NaN. Every lane of four vectors keeps its best and the group of four that
// had it, counted in the elements' own width: n is at most 256 groups. The last group may overlap the one before it.
template <class T, bool Smallest>
std::size_t place_row(const void* from, std::size_t n) {
  const hn::ScalableTag<T> d;
  const hn::ScalableTag<hwy::MakeUnsigned<T>> du;
  using Group = hwy::MakeUnsigned<T>;
  const T* x = static_cast<const T*>(from);
  const std::size_t step = hn::Lanes(d), group = 4 * step;
  if (step == 1 || n < group) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (x[i] != x[i]) return i;
      if (Smallest ? x[i] < x[best] : x[i] > x[best]) best = i;
    }
    return best;
  }
  const auto better = [](auto a, auto b) HWY_ATTR { return Smallest ? hn::Lt(a, b) : hn::Gt(a, b); };
  auto best0 = hn::Set(d, Smallest ? highest_of<T> : lowest_of<T>), best1 = best0, best2 = best0, best3 = best0;
  auto had0 = hn::Zero(du), had1 = had0, had2 = had0, had3 = had0, now = had0;
  const auto take = [&](auto& best, auto& had, auto v) HWY_ATTR {
    const auto is = better(v, best);
    best = hn::IfThenElse(is, v, best);
    had = hn::IfThenElse(hn::RebindMask(du, is), now, had);
  };
  const auto at = [&](std::size_t number) { return std::min(number * group, n - group); };
  for (std::size_t number = 0; number * group < n; ++number) {
    const T* p = x + at(number);
    const auto v0 = hn::LoadU(d, p), v1 = hn::LoadU(d, p + step), v2 = hn::LoadU(d, p + 2 * step),
               v3 = hn::LoadU(d, p + 3 * step);
    if constexpr (std::is_floating_point_v<T>)
      if (!hn::AllFalse(d, hn::Or(hn::Or(hn::IsNaN(v0), hn::IsNaN(v1)), hn::Or(hn::IsNaN(v2), hn::IsNaN(v3)))))
        return first_nan(x, at(number));
    take(best0, had0, v0);
    take(best1, had1, v1);
    take(best2, had2, v2);
    take(best3, had3, v3);
    now = hn::Add(now, hn::Set(du, Group{1}));
  }
  const auto join = [](auto a, auto b) HWY_ATTR { return Smallest ? hn::Min(a, b) : hn::Max(a, b); };
  const auto all = hn::Set(d, best_lane<Smallest>(d, join(join(best0, best1), join(best2, best3))));
  const auto group_of = [&](auto best, auto had) HWY_ATTR {
    const auto none = hn::Set(du, std::numeric_limits<Group>::max());
    return hn::IfThenElse(hn::RebindMask(du, hn::Eq(best, all)), had, none);
  };
  std::size_t i = at(best_lane<true>(du, hn::Min(hn::Min(group_of(best0, had0), group_of(best1, had1)),
                                                 hn::Min(group_of(best2, had2), group_of(best3, had3)))));
  while (true) {
    const auto found = hn::FindFirstTrue(d, hn::Eq(hn::LoadU(d, x + i), all));
    if (found >= 0) return i + static_cast<std::size_t>(found);
    i += step;
  }
}

/// Reduction::place.
template <class T>
constexpr auto place_of(ReduceOp op) -> std::size_t (*)(const void*, std::size_t) {
  return op == ReduceOp::max ? place_row<T, false> : op == ReduceOp::min ? place_row<T, true> : nullptr;
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
