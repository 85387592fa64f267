// Weights held as their transposes, as GPTQ and AWQ do: W[n, k] = scale[g, n]·(code(k, n) − zero[g, n]) for input k of
// group g and output n.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "formats/huggingface/quantized/bits.h"
#include "formats/huggingface/quantized/quantized.h"

namespace ingot::huggingface::quantized {

struct InputMajor {
  std::int64_t in = 0, out = 0;
  Tensor scales;                                              // (groups, out), floating
  std::shared_ptr<const std::vector<std::int32_t>> group_of;  // of each input

  /// Inputs decoded together, and outputs: 16 words of a file's row are a cache line.
  static constexpr std::int64_t inputs = 32, outputs = 16;
  using Codes = std::array<std::array<std::int32_t, outputs>, inputs>;
};

/// Rows first … last of W in the scales' dtype, where codes and zeros have fewer than 2^9 values: each product is exact
/// before it is rounded. `zero(g, n)`; `codes(k, count, n, width, q)` fills q[i][j] with the code of (k + i, n + j).
template <class Zero, class Codes>
Tensor decode_rows(const InputMajor& w, std::int64_t first, std::int64_t last, Zero&& zero, Codes&& codes) {
  const std::int64_t groups = w.scales.size(0), width = last - first;
  const Tensor scales = contiguous(astype(w.scales.slice(1, first, last), DType::f32));
  const auto* scale = scales.data<float>();
  std::vector<std::int32_t> zeros(static_cast<std::size_t>(groups * width));
  for (std::int64_t g = 0; g < groups; ++g)
    for (std::int64_t n = 0; n < width; ++n) zeros[static_cast<std::size_t>(g * width + n)] = zero(g, first + n);
  return decoded_rows(
      first, last, w.in, w.scales.dtype(), InputMajor::outputs, [&](std::int64_t begin, std::int64_t end, float* out) {
        InputMajor::Codes q;
        for (std::int64_t k = 0; k < w.in; k += InputMajor::inputs) {
          const std::int64_t count = std::min(InputMajor::inputs, w.in - k);
          codes(k, count, begin, end - begin, q);
          for (std::int64_t i = 0; i < count; ++i) {
            const std::int64_t at = (*w.group_of)[static_cast<std::size_t>(k + i)] * width + begin - first;
            const auto& row = q[static_cast<std::size_t>(i)];
            for (std::int64_t j = 0; j < end - begin; ++j)
              out[j * w.in + k + i] = scale[at + j] * static_cast<float>(row[static_cast<std::size_t>(j)] -
                                                                         zeros[static_cast<std::size_t>(at + j)]);
          }
        }
      });
}

/// Groups of `group_size` neighbours among `in` inputs; one for all where it is −1.
inline std::shared_ptr<const std::vector<std::int32_t>> neighbours(std::int64_t in, std::int64_t group_size) {
  auto groups = std::make_shared<std::vector<std::int32_t>>(static_cast<std::size_t>(in));
  if (group_size > 0)
    for (std::int64_t k = 0; k < in; ++k)
      (*groups)[static_cast<std::size_t>(k)] = static_cast<std::int32_t>(k / group_size);
  return groups;
}

}  // namespace ingot::huggingface::quantized
