// NVFP4: 64 elements in 36 bytes: a scale byte for each 16 (E4M3 without its sign), then for each 16 elements 8 bytes
// of nibbles (byte k: element k low, k + 8 high). x = F[q]·(scale / 2), F being twice the values of E2M1.
#include <algorithm>

#include "quant/blocks/block.h"
#include "quant/blocks/e2m1.h"

namespace ingot::blocks {
namespace {

// Half of the number: 4 bits of exponent, bias 7; 3 of mantissa. 127 is 0.
float half_scale(int code) noexcept {
  if (code == 127) return 0;
  const int exponent = code >> 3 & 15, mantissa = code & 7;
  return 0.5f * (exponent == 0 ? static_cast<float>(mantissa) * 0x1p-9f
                               : static_cast<float>(8 + mantissa) * (1.0f / 1024) * static_cast<float>(1 << exponent));
}

// Rounded half up; below 2^-6 the mantissa alone, and at 448 it ends.
int scale_code(float x) noexcept {
  if (!(x > 0)) return 0;
  x = std::min(x, 448.0f);
  const auto bits = std::bit_cast<std::uint32_t>(x);
  int exponent = static_cast<int>(bits >> 23) - 127 + 7, mantissa = static_cast<int>(bits >> 20 & 7);
  if (exponent <= 0) return std::min(7, static_cast<int>(x * 512 + 0.5f));
  mantissa += static_cast<int>(bits >> 19 & 1);
  if (mantissa == 8) {
    mantissa = 0;
    ++exponent;
  }
  return exponent >= 15 ? 0x7E : exponent << 3 | mantissa;
}

void encode(const float* x, std::byte* out) {
  for (int group = 0; group < 4; ++group, x += 16) {
    const int code = scale_code(largest_magnitude(x, 16) / 6);
    const float d = half_scale(code);
    out[group] = static_cast<std::byte>(code);
    for (int k = 0; k < 8; ++k)
      out[4 + 8 * group + k] = static_cast<std::byte>(nearest_e2m1(x[k], d) | nearest_e2m1(x[k + 8], d) << 4);
  }
}

void decode(const std::byte* in, float* x) {
  for (int group = 0; group < 4; ++group, x += 16) {
    const float d = half_scale(byte_at(in, group));
    for (int k = 0; k < 8; ++k) {
      const int pair = byte_at(in, 4 + 8 * group + k);
      x[k] = d * twice_e2m1[pair & 15];
      x[k + 8] = d * twice_e2m1[pair >> 4];
    }
  }
}

}  // namespace

const BlockFormat nvfp4 = block_format_of<Scheme::nvfp4, decode, encode>();

}  // namespace ingot::blocks
