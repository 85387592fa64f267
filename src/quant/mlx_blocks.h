// Between MLX's matrices and GGUF's blocks without rounding, where both hold the same numbers: only codes move, and
// zeros may change their sign.
#pragma once

#include "ingot/encoding.h"
#include "quant/mlx.h"

namespace ingot {

/// The MLX scheme that holds a block scheme's numbers: affine (scales and biases in f16, groups of 32) for Q4_0, Q4_1,
/// Q5_0, Q5_1 and Q8_0; mxfp4 and nvfp4 for their namesakes. None for others.
std::optional<MlxScheme> mlx_scheme_of(Scheme scheme) noexcept;

/// n elements, a multiple of the block. False where a bias passes f16 or a scale byte is one that MLX reads otherwise.
bool mlx_from_blocks(Scheme scheme, const std::byte* blocks, std::int64_t n, const MlxParts& out);

/// Which block schemes hold what was seen.
class BlocksOfMlx {
 public:
  /// `columns`: elements of a row.
  BlocksOfMlx(MlxScheme scheme, DType dtype, std::int64_t columns);
  /// n elements. Codes are read where a scale alone would not fit: it does not count if all of its group are 0.
  void see(const std::byte* codes, const std::byte* scales, const std::byte* biases, std::int64_t n);
  void merge(const BlocksOfMlx& other) noexcept;
  /// The smallest that holds everything seen; none where some number would be rounded.
  std::optional<Scheme> scheme() const noexcept;

 private:
  MlxScheme from_;
  DType dtype_;
  bool symmetric_, with_minimum_;  // the scheme whose bias follows from the scale, and the one that stores it
};

/// n elements as blocks of a scheme that BlocksOfMlx found.
void blocks_from_mlx(Scheme to, MlxScheme from, DType dtype, const std::byte* codes, const std::byte* scales,
                     const std::byte* biases, std::int64_t n, std::byte* out);

}  // namespace ingot
