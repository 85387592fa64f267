// What dtypes are and become: casts, limits, promotion.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ingot/ops/operand.h"

namespace [[gnu::visibility("default")]] ingot {

/// Elements converted to `dtype`: to floats rounded once to nearest even; floats to integers truncated (outside the
/// range the nearest integer, NaN gives 0); integers to integers modulo 2^bits; to bool: not zero. An encoded tensor is
/// decoded first. Returns x itself where nothing changes and `copy` is false.
Tensor astype(const Tensor& x, DType dtype, bool copy = false);

/// The limits of a floating dtype. Throws dtype_mismatch for another.
struct FloatLimits {
  int bits;
  double eps;              // from 1 to the next larger number
  double max, min;         // the largest finite number and its negative
  double smallest_normal;  // the smallest positive number with all digits
};
FloatLimits finfo(DType dtype);
/// The limits of an integer dtype, i4 and i2 included. Throws dtype_mismatch for another.
struct IntegerLimits {
  int bits;
  std::uint64_t max;
  std::int64_t min;
};
IntegerLimits iinfo(DType dtype);

/// Whether promotion (promote_types) takes `from` to `to`: what an operation may do without being asked.
bool can_cast(DType from, DType to) noexcept;
/// The dtype that operations compute in: the tensors' promoted one, or for a number of a higher kind its own. Throws
/// invalid_argument for no operands, dtype_mismatch for dtypes that do not promote.
DType result_type(std::span<const Operand* const> operands);
/// Whether `dtype` is of the array API's kind: "bool", "signed integer", "unsigned integer", "integral" (both), "real
/// floating", "complex floating" (none is) or "numeric" (all but bool). Throws invalid_argument for another.
bool isdtype(DType dtype, std::string_view kind);

}  // namespace ingot
