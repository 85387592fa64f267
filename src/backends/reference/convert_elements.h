// Conversion of one strided row between any two of the 17 dtypes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ingot/dtype.h"

namespace ingot {

/// Element `from_index` + i·`from_step` of `from` → element `to_index` + i·`to_step` of `to`, for i in 0 … n−1.
/// Addresses need no alignment; packed i4 and i2 are counted in elements from the low bits of the first byte.
using ConvertElements = void (*)(const std::byte* from, std::int64_t from_index, std::int64_t from_step, std::byte* to,
                                 std::int64_t to_index, std::int64_t to_step, std::int64_t n);

ConvertElements convert_elements(DType from, DType to) noexcept;

}  // namespace ingot
