// IQ3_XXS: 256 elements in 98 bytes: f16 d, 64 bytes of grid points of 4 elements each, then for each 32 elements a u32
// of signs and scale as IQ2_XXS's. x = d·(½ + scale)·½·point·sign.
#include "quant/blocks/block.h"
#include "quant/blocks/grids.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int j = 0; j < 8; ++j) {
    const auto word = load<std::uint32_t>(in + 66 + 4 * j);
    const float scale = d * (0.5f + static_cast<float>(word >> 28)) * 0.5f;
    for (int l = 0; l < 4; ++l) {
      const int signs = even_signs(word >> 7 * l & 127), o = 4 * j + l;
      put_signed(scale, grids::iq3_xxs[byte_at(in, 2 + 2 * o)], signs, x + 8 * o);
      put_signed(scale, grids::iq3_xxs[byte_at(in, 3 + 2 * o)], signs >> 4, x + 8 * o + 4);
    }
  }
}

constexpr Field numbers[] = {{0, 2, 1}, {66, 4, 8}};

}  // namespace

const BlockFormat iq3_xxs = block_format_of<Scheme::iq3_xxs, decode>(numbers);

}  // namespace ingot::blocks
