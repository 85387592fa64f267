// IQ2_XXS: 256 elements in 66 bytes: f16 d, then for each 32 elements four bytes, the grid points of 8 elements each,
// and a u32: 7 sign bits for each 8 from the lowest up, 4 bits of scale on top. x = d·(½ + scale)·¼·point·sign.
#include "quant/blocks/block.h"
#include "quant/blocks/grids.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int j = 0; j < 8; ++j) {
    const std::byte* points = in + 2 + 8 * j;
    const auto word = load<std::uint32_t>(points + 4);
    const float scale = d * (0.5f + static_cast<float>(word >> 28)) * 0.25f;
    for (int l = 0; l < 4; ++l)
      put_signed(scale, grids::iq2_xxs[byte_at(points, l)], even_signs(word >> 7 * l & 127), x + 32 * j + 8 * l);
  }
}

constexpr Field numbers[] = {{0, 2, 1},  {6, 4, 1},  {14, 4, 1}, {22, 4, 1}, {30, 4, 1},
                             {38, 4, 1}, {46, 4, 1}, {54, 4, 1}, {62, 4, 1}};

}  // namespace

const BlockFormat iq2_xxs = block_format_of<Scheme::iq2_xxs, decode>(numbers);

}  // namespace ingot::blocks
