// The table of cases: the layouts, dtypes and numbers that every operation is tried on (tests/unit/ops_table/).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "core/int128.h"
#include "core/visit.h"
#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "ops/elementwise.h"
#include "support/random.h"
#include "support/sanitized.h"

namespace ingot::testing {

// Holds every integer dtype.
using Wide = Int128;

/// Where a tensor's elements lie.
enum class Pattern { contiguous, transposed, stepped, reversed, stretched, unaligned };
// Under sanitizers a layout of each kind.
#ifdef INGOT_SANITIZE
inline constexpr int more_threads[] = {7};
inline constexpr Pattern all_patterns[] = {Pattern::contiguous, Pattern::transposed, Pattern::reversed};
#else
inline constexpr int more_threads[] = {2, 7};
inline constexpr Pattern all_patterns[] = {Pattern::contiguous, Pattern::transposed, Pattern::stepped,
                                           Pattern::reversed,   Pattern::stretched,  Pattern::unaligned};
#endif
inline const char* to_string(Pattern pattern) {
  constexpr const char* names[] = {"contiguous", "transposed", "stepped", "reversed", "stretched", "unaligned"};
  return names[static_cast<int>(pattern)];
}

#ifdef INGOT_SANITIZE
inline constexpr DType floating_dtypes[] = {DType::bf16, DType::f32};
inline constexpr DType integer_dtypes[] = {DType::u8, DType::i64};
#else
inline constexpr DType floating_dtypes[] = {DType::f16, DType::bf16, DType::f32, DType::f64};
inline constexpr DType integer_dtypes[] = {DType::u8, DType::u16, DType::u32, DType::u64,
                                           DType::i8, DType::i16, DType::i32, DType::i64};
#endif

/// Numbers of every size and the special ones, now and then.
inline double any_number(Random& random) {
  switch (random.below(40)) {
    case 0: return std::numeric_limits<double>::quiet_NaN();
    case 1: return HUGE_VAL;
    case 2: return -HUGE_VAL;
    case 3: return -0.0;
    case 4: return 1e-40;
    case 5: return -6e-8;
    case 6: return 3e38;
    case 7: return 0;
    case 8: return -87 - 30 * random.uniform();
    case 9: return 80 + 30 * random.uniform();
    default: return random.normal() * std::ldexp(1, static_cast<int>(random.below(6)) - 2);
  }
}
inline double normal_number(Random& random) { return random.normal(); }

/// A tensor of `shape` whose elements lie in `pattern`, drawn by `draw` (integers: from all bits).
inline Tensor make_tensor(Random& random, const Shape& shape, DType dtype, Pattern pattern,
                          double (*draw)(Random&) = normal_number) {
  Shape base = shape;
  const int last = shape.rank() - 1;
  if (last < 0 && pattern != Pattern::unaligned) pattern = Pattern::contiguous;
  if (last == 0 && pattern == Pattern::transposed) pattern = Pattern::stepped;
  if (pattern == Pattern::transposed) std::swap(base[last], base[last - 1]);
  if (pattern == Pattern::stepped) base[last] = 3 * base[last] + 1;
  if (pattern == Pattern::stretched && base[0] > 0) base[0] = 1;
  const std::size_t lead = pattern == Pattern::unaligned ? 1 : 0;
  const auto bytes = static_cast<std::size_t>((base.numel() * bit_width(dtype) + 7) / 8);
  const auto storage = Storage::allocate(bytes + lead);
  std::byte* data = bytes + lead ? storage->mutable_data() + lead : nullptr;
  if (bit_width(dtype) < 8) {
    for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<std::byte>(random.bits());
  } else {
    visit_numeric(dtype, "make_tensor", [&]<class T>(T) {
      for (std::int64_t i = 0; i < base.numel(); ++i) {
        T value;
        if constexpr (std::is_same_v<T, bool>)
          value = random.below(2) == 1;
        else if constexpr (std::is_integral_v<T>)
          value = static_cast<T>(random.bits() >> random.below(64));  // of every size
        else
          value = from_double<T>(draw(random));
        std::memcpy(data + static_cast<std::size_t>(i) * sizeof(T), &value, sizeof value);
      }
    });
  }
  Tensor x = Tensor::view_of(storage, lead, base, dtype);
  if (pattern == Pattern::transposed) x = x.transpose(-1, -2);
  if (pattern == Pattern::stepped) x = x.slice(last, 1, std::numeric_limits<std::int64_t>::max(), 3);
  if (pattern == Pattern::reversed)
    for (int axis = 0; axis <= last; ++axis) x = x.slice(axis, -1, -base[axis] - 1, -1);
  if (pattern == Pattern::stretched) x = x.expand(shape);
  return x;
}

/// Elements in row-major order, read one by one through shape, strides and offset.
template <class Value>
std::vector<Value> read(const Tensor& x, Value (*value)(DType, const std::byte*, std::int64_t)) {
  std::vector<Value> values;
  values.reserve(static_cast<std::size_t>(x.numel()));
  const std::byte* base = x.storage()->data() + x.meta().byte_offset;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    std::int64_t rest = i, at = x.meta().offset;
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      at += rest % x.shape()[axis] * x.strides()[axis];
      rest /= x.shape()[axis];
    }
    values.push_back(value(x.dtype(), base, at));
  }
  return values;
}

inline int packed_element(DType dtype, const std::byte* base, std::int64_t at) {
  const int bits = bit_width(dtype), per_byte = 8 / bits;
  const int raw = std::to_integer<int>(base[at / per_byte]) >> (at % per_byte * bits) & ((1 << bits) - 1);
  return raw >= 1 << (bits - 1) ? raw - (1 << bits) : raw;
}

inline std::vector<double> doubles(const Tensor& x) {
  return read<double>(x, [](DType dtype, const std::byte* base, std::int64_t at) -> double {
    if (bit_width(dtype) < 8) return packed_element(dtype, base, at);
    return visit_numeric(dtype, "doubles", [&]<class T>(T element) {
      std::memcpy(&element, base + at * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
      return to_double(element);
    });
  });
}

inline std::vector<Wide> integers(const Tensor& x) {
  return read<Wide>(x, [](DType dtype, const std::byte* base, std::int64_t at) -> Wide {
    if (bit_width(dtype) < 8) return packed_element(dtype, base, at);
    return visit_numeric(dtype, "integers", [&]<class T>(T element) -> Wide {
      std::memcpy(&element, base + at * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
      if constexpr (std::is_integral_v<T>)
        return element;
      else
        return 0;
    });
  });
}

/// 2^−mantissa: twice the relative error of one rounding.
inline double epsilon(DType dtype) {
  switch (dtype) {
    case DType::f16: return 0x1p-10;
    case DType::bf16: return 0x1p-7;
    case DType::f64: return 0x1p-52;
    default: return 0x1p-23;
  }
}
/// One in the last place of `x` held as `dtype`.
inline double ulp(DType dtype, double x) {
  const int least = dtype == DType::f16 ? -14 : dtype == DType::f64 ? -1022 : -126;
  const int exponent = x == 0 || !std::isfinite(x) ? least : std::max(std::ilogb(x), least);
  return std::ldexp(epsilon(dtype), exponent);
}
/// The epsilon of what the cpu column computes `dtype` in.
inline double working_epsilon(DType dtype) { return dtype == DType::f64 ? 0x1p-52 : 0x1p-23; }

}  // namespace ingot::testing
