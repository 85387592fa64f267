// Q3_K: 256 elements in 110 bytes: 32 bytes of high bits (byte e % 32, bit e / 32), 64 bytes of two-bit codes in planes
// as Q2_K's, 12 bytes of 16 six-bit scales (byte j % 8: low or, from j = 8 on, high nibble of scale j; byte 8 + j % 4:
// its top bits from bit 2 (j / 4) up), f16 d. x = (d·(scale − 32))·(q + 4·high − 4).
#include "quant/blocks/block.h"
#include "quant/blocks/k_encode.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const std::byte* scales = in + 96;
  const float d = load_f16(in + 108);
  for (int j = 0; j < 16; ++j) {
    const int low = byte_at(scales, j % 8) >> 4 * (j / 8) & 15, top = byte_at(scales, 8 + j % 4) >> 2 * (j / 4) & 3;
    const float scale = d * static_cast<float>((low | top << 4) - 32);
    for (int e = 16 * j; e < 16 * j + 16; ++e) {
      const int high = byte_at(in, e % 32) >> e / 32 & 1;
      x[e] = scale * static_cast<float>(plane_code(in + 32, e) + 4 * high - 4);
    }
  }
}

constexpr Field numbers[] = {{108, 2, 1}};

}  // namespace

const BlockFormat q3_k = block_format_of<Scheme::q3_k, decode, encode_q3_k>(numbers);

}  // namespace ingot::blocks
