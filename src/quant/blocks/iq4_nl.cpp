// IQ4_NL: 32 elements in 18 bytes: f16 d, 16 bytes of nibbles (byte k: element k low, k + 16 high). x = d·V[q].
#include "quant/blocks/block.h"
#include "quant/blocks/group_encode.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int k = 0; k < 16; ++k) {
    const int pair = byte_at(in, 2 + k);
    x[k] = d * nonlinear[pair & 15];
    x[k + 16] = d * nonlinear[pair >> 4];
  }
}

constexpr Field numbers[] = {{0, 2, 1}};

}  // namespace

const BlockFormat iq4_nl = block_format_of<Scheme::iq4_nl, decode, encode_iq4_nl>(numbers);

}  // namespace ingot::blocks
