// I2_S (bitnet.cpp): ternary elements, four a byte over the flattened matrix, then a tail of 32 bytes that begins with
// the f32 scale of the whole tensor. x = (code − 1)·scale.
//
// Files come in three packings without saying which (bits 7-6 hold the first of the four elements):
//   i2s_x86   128 elements → 32 bytes; byte k: elements k, 32 + k, 64 + k, 96 + k
//   i2s_arm    64 elements → 16 bytes; byte k: elements k, 16 + k, 32 + k, 48 + k
//   i2s_rows  byte (row / 4)·columns + column: rows 4r … 4r + 3
#pragma once

#include <cstddef>
#include <cstdint>

#include "ingot/tensor.h"

namespace ingot {

/// A matrix in one packing, seen as rows · columns elements in row-major order.
struct I2sLayout {
  Packing packing = Packing::i2s_x86;
  std::int64_t rows = 0, columns = 0;

  std::int64_t elements() const noexcept { return rows * columns; }
  std::size_t code_bytes() const noexcept { return static_cast<std::size_t>(elements()) / 4; }
};

inline constexpr std::size_t i2s_tail_bytes = 32;

/// The layout of `shape`, outer dimensions flattened to rows. Throws shape_mismatch, naming `operation`, where the
/// elements are not a multiple of 128 (x86) or 64 (arm), or the rows of 4 (rows).
I2sLayout i2s_layout(const Shape& shape, Packing packing, const char* operation);

/// The scale bitnet.cpp takes: the largest |x|.
float i2s_scale(const float* values, std::int64_t n) noexcept;
/// The code of an element: |x| < 1e-6 is 0.
int i2s_code(float x) noexcept;

/// Codes 0 … 3 of elements [begin, begin + n) of the flattened matrix, one a byte.
void i2s_unpack(const I2sLayout& layout, const std::byte* bytes, std::int64_t begin, std::int64_t n,
                std::uint8_t* codes) noexcept;
/// The inverse. begin and n are multiples of 128 (x86), 64 (arm), 4·columns (rows).
void i2s_pack(const I2sLayout& layout, const std::uint8_t* codes, std::int64_t begin, std::int64_t n,
              std::byte* bytes) noexcept;
/// The 32 bytes behind the codes: the scale, then zeros.
void i2s_write_tail(const I2sLayout& layout, float scale, std::byte* bytes) noexcept;

/// Elements [begin, begin + n) of the flattened matrix.
void i2s_decode(const I2sLayout& layout, const std::byte* bytes, float scale, std::int64_t begin, std::int64_t n,
                float* values) noexcept;

/// Rows [first, last) of the flattened outer dimensions, with a tail of their own; x itself, as a matrix, for all rows.
/// Their first element begins a byte group of the packing, and so does the element behind their last.
Tensor i2s_rows(const Tensor& x, std::int64_t first, std::int64_t last);

/// The same elements in another packing; x itself where it has that packing already.
Tensor repack_i2s(const Tensor& x, Packing packing);

}  // namespace ingot
