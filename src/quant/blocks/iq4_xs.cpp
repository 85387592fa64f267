// IQ4_XS: 256 elements in 136 bytes: f16 d, u16 of top scale bits (2j, 2j + 1), 4 bytes of low scale nibbles, then 16
// bytes of nibbles for each 32 as IQ4_NL's. x = (d·(scale − 32))·V[q].
#include "quant/blocks/block.h"
#include "quant/blocks/group_encode.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  const int tops = blocks::load<std::uint16_t>(in + 2);
  for (int j = 0; j < 8; ++j) {
    const float scale = d * static_cast<float>((nibble_at(in + 4, j) | (tops >> 2 * j & 3) << 4) - 32);
    for (int k = 0; k < 16; ++k) {
      const int pair = byte_at(in, 8 + 16 * j + k);
      x[32 * j + k] = scale * nonlinear[pair & 15];
      x[32 * j + k + 16] = scale * nonlinear[pair >> 4];
    }
  }
}

constexpr Field numbers[] = {{0, 2, 2}};

}  // namespace

const BlockFormat iq4_xs = block_format_of<Scheme::iq4_xs, decode, encode_iq4_xs>(numbers);

}  // namespace ingot::blocks
