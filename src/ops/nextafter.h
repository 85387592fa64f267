// nextafter of f16 and bf16, by their codes.
#pragma once

#include "ingot/tensor.h"

namespace ingot {

/// The next number of the dtype, f16 or bf16, from a towards b, which have that dtype and broadcast.
Tensor nextafter_16_bit(const Tensor& a, const Tensor& b);

}  // namespace ingot
