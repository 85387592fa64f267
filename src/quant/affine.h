// Integer codes with scales and zero points: the definition for every column. ingot/ops/quantization.h has
// the formulas.
#pragma once

#include <cstdint>

#include "ingot/tensor.h"

namespace ingot {

/// The integers that codes of an affine scheme's dtype are.
struct CodeRange {
  int low, high;
};
constexpr CodeRange code_range(DType codes, bool narrow) noexcept {
  const int beyond = codes == DType::i2 ? 2 : codes == DType::i4 ? 8 : 128;
  return codes == DType::u8 ? CodeRange{narrow, 255} : CodeRange{narrow - beyond, beyond - 1};
}

/// Elements [begin, end) of an affine tensor, counted in row-major order, as f32.
void affine_decode(const Tensor& x, std::int64_t begin, std::int64_t end, float* out);
/// Elements [begin, end) of the row-major floating `x` as codes of the row-major `out`, lowest_code and above, by out's
/// scales and zero points. Ranges that share bytes of packed codes must not be written at once.
void affine_encode(const Tensor& x, const Tensor& out, int lowest_code, std::int64_t begin, std::int64_t end);

}  // namespace ingot
