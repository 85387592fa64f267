// IQ1_S: 256 elements in 50 bytes: f16 d, 32 bytes of grid points of 8 elements each, and for each 32 elements a u16:
// the points' top three bits from the lowest up, three bits of scale, the shift's sign. x = d·(2·scale + 1)·(point ±
// ⅛).
#include "quant/blocks/block.h"
#include "quant/blocks/grids.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int o = 0; o < 32; ++o) {
    const int word = load<std::uint16_t>(in + 34 + 2 * (o / 4));
    const int point = byte_at(in, 2 + o) | (word >> 3 * (o % 4) & 7) << 8;
    const float scale = d * static_cast<float>(2 * (word >> 12 & 7) + 1);
    put_shifted(scale, grids::iq1[point], word >> 15 ? -0.125f : 0.125f, x + 8 * o);
  }
}

constexpr Field numbers[] = {{0, 2, 1}, {34, 2, 8}};

}  // namespace

const BlockFormat iq1_s = block_format_of<Scheme::iq1_s, decode>(numbers);

}  // namespace ingot::blocks
