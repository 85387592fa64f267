// IQ1_M: 256 elements in 56 bytes: 32 bytes of grid points of 8 elements each, 16 bytes with a nibble for each 8: the
// point's top three bits, the shift's sign; 4 × u16 of three-bit scales, one for 16 elements, whose top nibbles are the
// f16 d, lowest first. x = d·(2·scale + 1)·(point ± ⅛).
#include "quant/blocks/block.h"
#include "quant/blocks/grids.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  std::uint16_t scales[4];
  std::memcpy(scales, in + 48, 8);
  unsigned d_bits = 0;
  for (int i = 0; i < 4; ++i) d_bits |= (scales[i] >> 12u) << 4 * i;
  const float d = to_float(std::bit_cast<Float16>(static_cast<std::uint16_t>(d_bits)));
  for (int o = 0; o < 32; ++o) {
    const int nibble = nibble_at(in + 32, o), point = byte_at(in, o) | (nibble & 7) << 8;
    const float scale = d * static_cast<float>(2 * (scales[o / 8] >> 3 * (o / 2 % 4) & 7) + 1);
    put_shifted(scale, grids::iq1[point], nibble & 8 ? -0.125f : 0.125f, x + 8 * o);
  }
}

constexpr Field numbers[] = {{48, 2, 4}};

}  // namespace

const BlockFormat iq1_m = block_format_of<Scheme::iq1_m, decode>(numbers);

}  // namespace ingot::blocks
