// Q2_K: 256 elements in 84 bytes: 16 bytes of scales and minima (low and high nibble, one each for 16 elements), 64
// bytes of two-bit codes in planes (byte 32p + m: elements 128p + 32j + m in bits 2j, 2j + 1), f16 d, f16 dmin.
// x = (d·scale)·q − dmin·min.
#include "quant/blocks/block.h"
#include "quant/blocks/k_encode.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in + 80), dmin = load_f16(in + 82);
  for (int group = 0; group < 16; ++group) {
    const int pair = byte_at(in, group);
    const float scale = d * static_cast<float>(pair & 15), min = dmin * static_cast<float>(pair >> 4);
    for (int e = 16 * group; e < 16 * group + 16; ++e) x[e] = scale * static_cast<float>(plane_code(in + 16, e)) - min;
  }
}

constexpr Field numbers[] = {{80, 2, 2}};

}  // namespace

const BlockFormat q2_k = block_format_of<Scheme::q2_k, decode, encode_q2_k>(numbers);

}  // namespace ingot::blocks
