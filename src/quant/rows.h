// Encoded tensors row by row: where a row lies, how it becomes floats and back.
#pragma once

#include <cstdint>
#include <string_view>

#include "ingot/tensor.h"
#include "quant/block_format.h"

namespace ingot {

/// Product of the outer dimensions: how many rows a tensor of rank ≥ 1 has.
std::int64_t row_count(const Tensor& x);
/// First element of row i (of the flattened outer dimensions) in elements from x.bytes(); any outer strides.
std::int64_t row_offset(const Tensor& x, std::int64_t i) noexcept;
/// First byte of row i of an encoded tensor whose blocks lie in rows (every scheme but I2_S and the affine ones).
const std::byte* encoded_row(const Tensor& x, std::int64_t i);

/// Whether tensors of a block scheme or I2_S can be made: affine codes are made by a rule of their own (affine.h).
bool has_encoder(Scheme scheme) noexcept;
/// Whether decode_rows() knows the scheme; others are only carried.
bool has_decoder(Scheme scheme) noexcept;

/// Rows [begin, end) of an encoded tensor as f32, one after the other. Throws NotImplemented naming a scheme that is
/// only carried.
void decode_rows(const Tensor& x, std::int64_t begin, std::int64_t end, float* out);

/// x itself if it is row-major and aligned, else a copy.
Tensor row_major(const Tensor& x);
/// n elements of a row-major floating tensor, from element `begin` on, as f32 (f64 rounds).
void load_floats(const Tensor& x, std::int64_t begin, std::int64_t n, float* out);

/// The largest |x| as f32 of a row-major floating tensor. Throws invalid_argument, naming the operation, `name` and
/// the flat index of the first element that is NaN or infinite, or becomes infinite in f32.
float largest_finite(const Tensor& x, const char* operation, std::string_view name);

/// Rows [begin, end) of the row-major floating `x` into the row-major encoded `out`, whose blocks `encode` makes
/// (unused for I2_S). `importance`: null, or f32 of x's shape with rows that are contiguous.
void encode_rows(const Tensor& x, const Tensor& out, std::int64_t begin, std::int64_t end, BlockEncoder encode,
                 const Tensor* importance);

}  // namespace ingot
