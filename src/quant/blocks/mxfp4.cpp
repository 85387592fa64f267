// MXFP4 (OCP Microscaling Formats 1.0): 32 elements in 17 bytes: E, a power of two of bias 127, and 16 bytes of nibbles
// (byte k: element k low, k + 16 high). x = F[q]·2^(E − 128), F being twice the values of E2M1.
#include <cmath>

#include "quant/blocks/block.h"
#include "quant/blocks/e2m1.h"

namespace ingot::blocks {
namespace {

// 2^(E − 128): E 0 and 1 give subnormal numbers.
float scale_of(unsigned e) noexcept { return std::bit_cast<float>(e < 2 ? 0x00200000u << e : (e - 1) << 23); }

// E is two below the largest magnitude's exponent, so that it falls into 4 … 8; each code is the first that is nearest.
void encode(const float* x, std::byte* out) {
  const float largest = largest_magnitude(x, 32);
  // Below 2^-125 E would be negative; ggml's conversion wraps around.
  const auto e =
      static_cast<std::uint8_t>(largest > 0 ? static_cast<int>(std::floor(std::log2(largest))) - 2 + 127 : 0);
  const float d = scale_of(e);
  out[0] = static_cast<std::byte>(e);
  for (int k = 0; k < 16; ++k)
    out[1 + k] = static_cast<std::byte>(nearest_e2m1(x[k], d) | nearest_e2m1(x[k + 16], d) << 4);
}

void decode(const std::byte* in, float* x) {
  const float d = scale_of(std::to_integer<unsigned>(in[0]));
  for (int k = 0; k < 16; ++k) {
    const int pair = byte_at(in, 1 + k);
    x[k] = d * twice_e2m1[pair & 15];
    x[k + 16] = d * twice_e2m1[pair >> 4];
  }
}

}  // namespace

const BlockFormat mxfp4 = block_format_of<Scheme::mxfp4, decode, encode>();

}  // namespace ingot::blocks
