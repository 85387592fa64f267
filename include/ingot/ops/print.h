// Tensors as text, the way NumPy 2.4 prints arrays: aligned columns, the shortest digits that name each float among its
// dtype's numbers, edges only of large tensors.
#pragma once

#include <string>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

struct PrintOptions {
  int precision = 8;              // most digits behind the point; the shortest form may have fewer
  std::int64_t threshold = 1000;  // more elements than this: edges only
  std::int64_t edgeitems = 3;     // of each axis, at either end
  int linewidth = 75;
  bool suppress = false;  // no exponents for small numbers
};

/// NumPy's str: "[[0.  0.5]\n [1.  nan]]". A 0-d tensor is printed in full. bf16 and the 8-bit floats, which NumPy has
/// not, are printed as f16; i4 and i2 as integers; encoded tensors as what they decode to.
/// Throws invalid_argument for a negative precision or edgeitems below 1.
std::string to_string(const Tensor& x, const PrintOptions& options = {});
/// NumPy's repr with dtype and device: "Tensor([1, 2], dtype=int64, device='cpu')"; the shape follows where elements
/// are left out. Of an encoded tensor only what it is: "Tensor(shape=(32, 64), dtype=float32, encoding='Q8_0', …)".
std::string repr(const Tensor& x, const PrintOptions& options = {});

/// The array API's name of a dtype, or ml_dtypes' where it has none: "float32", "float8_e4m3fn", …
std::string_view array_api_name(DType dtype) noexcept;

}  // namespace ingot
