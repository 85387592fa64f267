// Changing how elements are held: casts and block formats.
#pragma once

#include <string_view>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// Elements converted to `dtype`: to floats rounded once to nearest even; floats to integers truncated (outside the
/// range the nearest integer, NaN gives 0); integers to integers modulo 2^bits; to bool: not zero. An encoded tensor is
/// decoded first. Returns x itself where nothing changes and `copy` is false.
Tensor astype(const Tensor& x, DType dtype, bool copy = false);
/// Every 2-D or higher scheme of encoding.h that can be encoded: `x` (floating, last dimension a multiple of the
/// block) in blocks. Throws invalid_argument, naming `name` and the element's flat index, for NaN and infinity before
/// anything is written. `packing` matters to I2_S alone.
Tensor quantize(const Tensor& x, Scheme scheme, std::string_view name = "tensor", Packing packing = Packing::i2s_x86);
/// The elements of an encoded tensor as f32. Throws NotImplemented naming a scheme that is only carried.
Tensor dequantize(const Tensor& x);

}  // namespace ingot
