// Q1_0: 128 elements in 18 bytes: f16 d, a bit each from the lowest up: d where it is set, −d where not.
#include "quant/blocks/block.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int e = 0; e < 128; ++e) x[e] = byte_at(in, 2 + e / 8) >> e % 8 & 1 ? d : -d;
}

constexpr Field numbers[] = {{0, 2, 1}};

}  // namespace

const BlockFormat q1_0 = block_format_of<Scheme::q1_0, decode>(numbers);

}  // namespace ingot::blocks
