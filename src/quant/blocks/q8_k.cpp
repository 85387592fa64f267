// Q8_K: 256 elements in 292 bytes: f32 d, 256 × i8, 16 × i16 sums of 16. x = d·q. Rows of activations in ggml's
// products.
#include "quant/blocks/block.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load<float>(in);
  for (int k = 0; k < 256; ++k) x[k] = d * static_cast<float>(static_cast<std::int8_t>(in[4 + k]));
}

constexpr Field numbers[] = {{0, 4, 1}, {260, 2, 16}};

}  // namespace

const BlockFormat q8_k = block_format_of<Scheme::q8_k, decode>(numbers);

}  // namespace ingot::blocks
