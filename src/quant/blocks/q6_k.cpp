// Q6_K: 256 elements in 210 bytes: 128 bytes of low nibbles (byte 64h + m: elements 128h + m low, 128h + 64 + m high),
// 64 bytes of top bits in planes as Q2_K's, 16 × i8 scales, f16 d. x = (d·scale)·(q − 32), one scale for 16 elements.
#include "quant/blocks/block.h"
#include "quant/blocks/k_encode.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in + 208);
  for (int e = 0; e < 256; ++e) {
    const int low = byte_at(in, 64 * (e / 128) + e % 64) >> (e % 128 < 64 ? 0 : 4) & 15;
    const float scale = d * static_cast<float>(static_cast<std::int8_t>(in[192 + e / 16]));
    x[e] = scale * static_cast<float>((low | plane_code(in + 128, e) << 4) - 32);
  }
}

constexpr Field numbers[] = {{208, 2, 1}};

}  // namespace

const BlockFormat q6_k = block_format_of<Scheme::q6_k, decode, encode_q6_k>(numbers);

}  // namespace ingot::blocks
