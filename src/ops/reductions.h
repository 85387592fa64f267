// The rows of reductions.def as an enum, and what they accumulate in.
#pragma once

#include <cstdint>
#include <limits>

#include "ingot/dtype.h"

namespace ingot {

enum class ReduceOp : std::uint8_t {
#define INGOT_REDUCTION(name, ...) name,
#define INGOT_COUNT(name, result) name,
#include "ops/reductions.def"
};

// Chosen, not computed: elements may be taken in any order, or twice.
constexpr bool is_extreme(ReduceOp op) noexcept {
  return op == ReduceOp::max || op == ReduceOp::min || op == ReduceOp::max_abs || op == ReduceOp::min_abs;
}
constexpr bool is_count(ReduceOp op) noexcept {
  switch (op) {
#define INGOT_COUNT(name, result) case ReduceOp::name:
#include "ops/reductions.def"
    return true;
    default: return false;
  }
}

/// The dtype partial results have: f32 for f16 and bf16; 64 bits for sums and products of integers, which wrap, and for
/// counts; else that of the elements.
inline DType accumulator(ReduceOp op, DType dtype) noexcept {
  if (is_count(op)) return DType::i64;
  if (is_floating(dtype)) return dtype == DType::f64 ? DType::f64 : DType::f32;
  if (op == ReduceOp::max || op == ReduceOp::min) return dtype;
  return kind(dtype) == Kind::unsigned_integer ? DType::u64 : DType::i64;
}

template <class T>
inline constexpr T lowest_of =
    std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
template <class T>
inline constexpr T highest_of =
    std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();

}  // namespace ingot
