// IQ2_XS: 256 elements in 74 bytes: f16 d, 32 × u16 (for 8 elements each: 9 bits of grid point, 7 sign bits), 8 bytes
// of scale nibbles, one for 16 elements. x = d·(½ + scale)·¼·point·sign.
#include "quant/blocks/block.h"
#include "quant/blocks/grids.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int o = 0; o < 32; ++o) {
    const auto word = load<std::uint16_t>(in + 2 + 2 * o);
    const float scale = d * (0.5f + static_cast<float>(nibble_at(in + 66, o / 2))) * 0.25f;
    put_signed(scale, grids::iq2_xs[word & 511u], even_signs(word >> 9), x + 8 * o);
  }
}

constexpr Field numbers[] = {{0, 2, 33}};

}  // namespace

const BlockFormat iq2_xs = block_format_of<Scheme::iq2_xs, decode>(numbers);

}  // namespace ingot::blocks
