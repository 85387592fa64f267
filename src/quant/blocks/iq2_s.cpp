// IQ2_S: 256 elements in 82 bytes: f16 d, 32 bytes of grid points of 8 elements each, 32 bytes of signs, 8 bytes with
// the points' top two bits, 8 bytes of scale nibbles, one for 16 elements. x = d·(½ + scale)·¼·point·sign.
#include "quant/blocks/block.h"
#include "quant/blocks/grids.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int o = 0; o < 32; ++o) {
    const int point = byte_at(in, 2 + o) | (byte_at(in, 66 + o / 4) >> 2 * (o % 4) & 3) << 8;
    const float scale = d * (0.5f + static_cast<float>(nibble_at(in + 74, o / 2))) * 0.25f;
    put_signed(scale, grids::iq2_s[point], byte_at(in, 34 + o), x + 8 * o);
  }
}

constexpr Field numbers[] = {{0, 2, 1}};

}  // namespace

const BlockFormat iq2_s = block_format_of<Scheme::iq2_s, decode>(numbers);

}  // namespace ingot::blocks
