// One row a scheme: how its blocks are made and read. Each format is one file of this folder.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ingot/encoding.h"

namespace ingot {

/// Scalar arithmetic of a scheme over whole blocks of one row; the definition that vector kernels must equal.
struct BlockFormat {
  /// n elements (a multiple of the block) → blocks, bytes equal to ggml's reference quantizer. Values are finite.
  /// Null: cannot be encoded.
  void (*encode)(const float* values, std::int64_t n, std::byte* blocks) = nullptr;
  /// Blocks → n elements, in f32 arithmetic as ggml's. Null: carried only.
  void (*decode)(const std::byte* blocks, std::int64_t n, float* values) = nullptr;
};

/// Both functions null for a scheme that is only carried.
const BlockFormat& block_format(Scheme scheme) noexcept;

}  // namespace ingot
