// Q4_K: 256 elements in 144 bytes: f16 d, f16 dmin, 12 bytes of scales and minima (k_scales.h), 128 bytes of nibbles
// (byte 32p + m: elements 64p + m low, 64p + 32 + m high). x = (d·scale)·q − dmin·min, one pair for 32 elements.
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
    const std::byte* q = in + 16 + 32 * (j / 2);
    for (int m = 0; m < 32; ++m) x[32 * j + m] = scale * static_cast<float>(byte_at(q, m) >> 4 * (j % 2) & 15) - min;
  }
}

constexpr Field numbers[] = {{0, 2, 2}};

}  // namespace

const BlockFormat q4_k = block_format_of<Scheme::q4_k, decode, encode_q4_k>(numbers);

}  // namespace ingot::blocks
