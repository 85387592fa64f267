// Q5_K: 256 elements in 176 bytes: f16 d, f16 dmin, 12 bytes of scales and minima (k_scales.h), 32 bytes of fifth bits
// (byte e % 32, bit e / 32), 128 bytes of nibbles as Q4_K's. x = (d·scale)·q − dmin·min, one pair for 32 elements.
#include "quant/blocks/block.h"
#include "quant/blocks/k_encode.h"
#include "quant/blocks/k_scales.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in), dmin = load_f16(in + 2);
  for (int j = 0; j < 8; ++j) {
    const auto [scale_code, min_code] = scale_and_min(in + 4, j);
    const float scale = d * static_cast<float>(scale_code), min = dmin * static_cast<float>(min_code);
    const std::byte* q = in + 48 + 32 * (j / 2);
    for (int m = 0; m < 32; ++m) {
      const int fifth = byte_at(in, 16 + m) >> j & 1;
      x[32 * j + m] = scale * static_cast<float>((byte_at(q, m) >> 4 * (j % 2) & 15) | fifth << 4) - min;
    }
  }
}

constexpr Field numbers[] = {{0, 2, 2}};

}  // namespace

const BlockFormat q5_k = block_format_of<Scheme::q5_k, decode, encode_q5_k>(numbers);

}  // namespace ingot::blocks
