// IQ3_S: 256 elements in 110 bytes: f16 d, 64 bytes of grid points of 4 elements each, 8 bytes with the points' ninth
// bits, 32 bytes of signs, 4 bytes of scale nibbles, one for 32 elements. x = d·(1 + 2·scale)·point·sign.
#include "quant/blocks/block.h"
#include "quant/blocks/grids.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int k = 0; k < 64; ++k) {
    const int point = byte_at(in, 2 + k) | (byte_at(in, 66 + k / 8) >> k % 8 & 1) << 8;
    const float scale = d * static_cast<float>(1 + 2 * nibble_at(in + 106, k / 8));
    put_signed(scale, grids::iq3_s[point], byte_at(in, 74 + k / 2) >> 4 * (k % 2), x + 4 * k);
  }
}

constexpr Field numbers[] = {{0, 2, 1}};

}  // namespace

const BlockFormat iq3_s = block_format_of<Scheme::iq3_s, decode>(numbers);

}  // namespace ingot::blocks
