// Weights held in their own order, as compressed-tensors and FP8 checkpoints do: W[r, c] = scale·(code(r, c) − zero)
// with scale and zero of a grid.
#pragma once

#include "formats/huggingface/quantized/quantized.h"

namespace ingot::huggingface::quantized {

struct RowMajor {
  std::int64_t rows = 0, columns = 0;
  Tensor codes;   // i8 or f8_e4m3 (rows, columns), or i32 rows of packed words
  int bits = 8;   // of packed codes, which are offset by 2^(bits − 1)
  Tensor scales;  // any shape of grid_rows · grid_columns
  Tensor zeros;   // i8 of the scales' shape; packed along the rows (i32) where the codes are; undefined: 0
  std::int64_t grid_columns = 1;
  std::int64_t block_rows = 1, block_columns = 1;
  std::shared_ptr<const std::vector<std::int32_t>> group_of;  // of each column; null: neighbours

  /// Rows first … last, computed in f32 and rounded once.
  Tensor decode(std::int64_t first, std::int64_t last, DType dtype) const;
};

/// The rule of `config` that fits a weight's codes and the shape of its scales. Throws invalid_file naming `scales`.
const WeightRule& matching_rule(const Tensors& tensors, const NamedTensor& scales, std::int64_t rows,
                                std::int64_t columns, bool is_float, int bits);

/// Sets the grid of `weight` to that of `rule`.
void set_grid(RowMajor& weight, const WeightRule& rule);

/// "compressed-tensors 4-bit, group 128", "fp8 e4m3, blocks of 128 x 128".
std::string scheme_text(std::string_view method, const WeightRule& rule);

}  // namespace ingot::huggingface::quantized
