// How much a shape in a file takes, before anything believes it.
#pragma once

#include <cstdint>
#include <optional>

#include "ingot/shape.h"

namespace ingot {

/// Bits of row-major elements of `bits` each. None where they cannot be counted, or where strides could not: that is
/// judged as if sizes of 0 were 1, whichever axis they are on, because strides are products of the others.
std::optional<std::uint64_t> extent_bits(const Shape& shape, int bits) noexcept;

}  // namespace ingot
