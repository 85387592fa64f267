// The target shape of view and reshape.
#pragma once

#include "ingot/tensor.h"

namespace ingot {

/// `requested` with its -1 (at most one) filled in. Throws shape_mismatch, naming `operation`, where the element counts
/// differ, and invalid_argument where -1 could be any size.
Shape resolve_shape(const Tensor& x, const Shape& requested, const char* operation);

}  // namespace ingot
