// Q8_0: 32 elements in 34 bytes: f16 d, 32 × i8. x = q·d, d = largest |x| / 127.
#include "quant/blocks/block.h"

namespace ingot::blocks {
namespace {

void encode(const float* x, std::byte* out) {
  const float d = largest_magnitude(x, 32) / 127;
  const float id = inverse(d);
  store_f16(out, d);
  for (int k = 0; k < 32; ++k) out[2 + k] = static_cast<std::byte>(rounded_code(x[k] * id));
}

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int k = 0; k < 32; ++k) x[k] = static_cast<float>(static_cast<std::int8_t>(in[2 + k])) * d;
}

constexpr Field numbers[] = {{0, 2, 1}};

}  // namespace

const BlockFormat q8_0 = block_format_of<Scheme::q8_0, decode, encode>(numbers);

}  // namespace ingot::blocks
