// Q8_1: 32 elements in 36 bytes: f16 d, f16 s = d · sum of q, 32 × i8. x = q·d. Rows of activations in ggml's products.
#include "quant/blocks/block.h"

namespace ingot::blocks {
namespace {

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int k = 0; k < 32; ++k) x[k] = static_cast<float>(static_cast<std::int8_t>(in[4 + k])) * d;
}

constexpr Field numbers[] = {{0, 2, 2}};

}  // namespace

const BlockFormat q8_1 = block_format_of<Scheme::q8_1, decode>(numbers);

}  // namespace ingot::blocks
