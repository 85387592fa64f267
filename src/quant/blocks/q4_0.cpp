// Q4_0: 32 elements in 18 bytes: f16 d, 16 bytes of nibbles (byte k: element k low, k + 16 high). x = (q − 8)·d,
// d = M / −8 with M the element of largest magnitude.
#include <algorithm>

#include "quant/blocks/block.h"
#include "quant/blocks/group_encode.h"

namespace ingot::blocks {
namespace {

void encode(const float* x, std::byte* out) {
  const float d = extreme(x, 32) / -8;
  const float id = inverse(d);
  const auto quantized = [id](float value) { return std::min(15, code(value * id + 8.5f)); };
  store_f16(out, d);
  for (int k = 0; k < 16; ++k) out[2 + k] = static_cast<std::byte>(quantized(x[k]) | quantized(x[k + 16]) << 4);
}

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  for (int k = 0; k < 16; ++k) {
    const int pair = byte_at(in, 2 + k);
    x[k] = static_cast<float>((pair & 15) - 8) * d;
    x[k + 16] = static_cast<float>((pair >> 4) - 8) * d;
  }
}

constexpr Field numbers[] = {{0, 2, 1}};

}  // namespace

const BlockFormat q4_0 = block_format_of<Scheme::q4_0, decode, encode, encode_q4_0>(numbers);

}  // namespace ingot::blocks
