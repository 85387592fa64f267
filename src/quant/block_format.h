// One row a scheme: how its blocks are made and read. Each format is one file of blocks/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ingot/encoding.h"

namespace ingot {

/// `count` numbers of `width` bytes from byte `at` of a block on.
struct BlockField {
  std::uint16_t at, width, count;
};

/// n elements (a multiple of the block), a row → blocks. Values are finite. `importance`: how much each column's
/// squared errors count, n numbers from 0 on; null: all alike. Formats without a search (Q8_0, ternary, FP4) have no
/// use for it.
using BlockEncoder = void (*)(const float* values, const float* importance, std::int64_t n, std::byte* blocks);

/// Arithmetic of a scheme over whole blocks of one row; the definition that other kernels must equal.
struct BlockFormat {
  /// Bytes equal to ggml's reference quantizer, but where there is a search: of the K-quants, IQ4_NL, IQ4_XS, and with
  /// importance; ours errs less (k_affine.h, k_symmetric.h). Null: cannot be encoded.
  BlockEncoder encode = nullptr;
  /// Blocks → n elements, in f32 arithmetic as ggml's. Null: carried only.
  void (*decode)(const std::byte* blocks, std::int64_t n, float* values) = nullptr;
  /// The numbers of a block that big-endian files hold swapped. Bytes and nibbles have no order.
  std::span<const BlockField> numbers = {};
};

/// All empty for a scheme that is only carried, and for I2_S, whose geometry is the whole tensor's (i2_s.h).
const BlockFormat& block_format(Scheme scheme) noexcept;

}  // namespace ingot
