// MLX's quantized matrices: codes in one tensor of 32-bit words, a scale for each group of a row in another, and in the
// affine mode a bias for each group in a third. Source: MLX 0.32, mlx/ops.cpp (quantize, dequantize) and
// mlx/backend/cpu/quantized.cpp. Bytes equal those of `mlx[cpu]`.
//
//   affine          w = q·s + β      element k in bits k·b … of the row's little-endian bit stream; s, β: f16, bf16,
//   f32 mxfp4, nvfp4    w = E2M1(q)·s    nibbles, the low one first; s: a byte, 2^(E − 127) or E4M3 mxfp8           w =
//   E4M3(q)·s    bytes;                      s: a byte, 2^(E − 127)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ingot/dtype.h"

namespace ingot {

enum class MlxMode : std::uint8_t { affine, mxfp4, mxfp8, nvfp4 };

std::string_view to_string(MlxMode mode) noexcept;
std::optional<MlxMode> mlx_mode_from_string(std::string_view name) noexcept;

struct MlxScheme {
  MlxMode mode = MlxMode::affine;
  int bits = 4, group = 64;  // elements that share a scale

  bool operator==(const MlxScheme&) const = default;
  /// "mlx affine 4-bit, group 64".
  std::string describe() const;
  /// Whether MLX has it: affine bits 2, 3, 4, 5, 6, 8 in groups of 32, 64, 128; one width and group for other modes.
  bool exists() const noexcept;
  /// Bytes of the codes of n elements, a multiple of the group.
  std::int64_t code_bytes(std::int64_t n) const noexcept { return n / 8 * bits; }
};

/// What MLX takes for a mode where nothing is said.
MlxScheme mlx_default(MlxMode mode) noexcept;

/// Where the parts of n elements lie or go. Null: not wanted (encoding).
struct MlxParts {
  std::byte *codes = nullptr, *scales = nullptr, *biases = nullptr;
};

/// n elements (a multiple of the group; finite, below 2^127) that are exact in `dtype` (f16, bf16 or f32), in which MLX
/// does some of the arithmetic. Scales and biases of the affine mode are of that dtype too. A scale that E8M0 cannot
/// hold for being too small, which MLX wraps around, becomes 2^-127.
void mlx_encode(MlxScheme scheme, DType dtype, const float* x, std::int64_t n, const MlxParts& out);

/// As mx.dequantize decodes to f32 with scales and biases in f32: neither the product nor the sum is rounded to fewer
/// bits. `dtype` is that of scales and biases, at any alignment.
void mlx_decode(MlxScheme scheme, DType dtype, const std::byte* codes, const std::byte* scales, const std::byte* biases,
                std::int64_t n, float* out);

/// n codes (a multiple of 8) ↔ n·bits/8 bytes of a little-endian bit stream.
void mlx_pack(int bits, const std::uint8_t* codes, std::int64_t n, std::byte* out) noexcept;
void mlx_unpack(int bits, const std::byte* in, std::int64_t n, std::uint8_t* codes) noexcept;

/// Scale or bias i, of f16, bf16 or f32 at any alignment.
float mlx_load(DType dtype, const std::byte* at, std::int64_t i);

}  // namespace ingot
