#include "formats/extent.h"

#include <algorithm>
#include <utility>

namespace ingot {

std::optional<std::uint64_t> extent_bits(const Shape& shape, int bits) noexcept {
  std::uint64_t spanned = 1, total = 0;
  bool overflow = false, empty = false;
  for (const std::int64_t dim : shape) {
    overflow |= __builtin_mul_overflow(spanned, static_cast<std::uint64_t>(std::max<std::int64_t>(dim, 1)), &spanned);
    empty |= dim == 0;
  }
  overflow |= !std::in_range<std::int64_t>(spanned);
  overflow |= __builtin_mul_overflow(spanned, static_cast<std::uint64_t>(bits), &total);
  if (overflow) return {};
  return empty ? 0 : total;
}

}  // namespace ingot
