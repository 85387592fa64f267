// Linear algebra.
#pragma once

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// (…, m, k) × (…, k, n) → (…, m, n) with broadcast batches; vectors as in NumPy. Floating dtypes; f16 and bf16
/// accumulate in f32.
Tensor matmul(const Tensor& a, const Tensor& b);

}  // namespace ingot
