// Q2_0: 64 elements in 18 bytes: f16 d, two bits each from the lowest up. x = (q − 1)·d.
#include "quant/blocks/block.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int e = 0; e < 64; ++e) x[e] = static_cast<float>((byte_at(in, 2 + e / 4) >> 2 * (e % 4) & 3) - 1) * d;
}

constexpr Field numbers[] = {{0, 2, 1}};

}  // namespace

const BlockFormat q2_0 = block_format_of<Scheme::q2_0, decode>(numbers);

}  // namespace ingot::blocks
