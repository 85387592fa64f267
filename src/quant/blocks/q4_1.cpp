// Q4_1: 32 elements in 20 bytes: f16 d, f16 m, 16 bytes of nibbles (byte k: element k low, k + 16 high). x = q·d + m,
// m = least x, d = (greatest − least) / 15.
#include <algorithm>

#include "quant/blocks/block.h"
#include "quant/blocks/group_encode.h"

namespace ingot::blocks {
namespace {

void encode(const float* x, std::byte* out) {
  const auto [min, max] = range(x, 32);
  const float d = (max - min) / 15;
  const float id = inverse(d);
  const auto quantized = [id, least = min](float value) { return std::min(15, code((value - least) * id + 0.5f)); };
  store_f16(out, d);
  store_f16(out + 2, min);
  for (int k = 0; k < 16; ++k) out[4 + k] = static_cast<std::byte>(quantized(x[k]) | quantized(x[k + 16]) << 4);
}

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in), m = load_f16(in + 2);
  for (int k = 0; k < 16; ++k) {
    const int pair = byte_at(in, 4 + k);
    x[k] = static_cast<float>(pair & 15) * d + m;
    x[k + 16] = static_cast<float>(pair >> 4) * d + m;
  }
}

constexpr Field numbers[] = {{0, 2, 2}};

}  // namespace

const BlockFormat q4_1 = block_format_of<Scheme::q4_1, decode, encode, encode_q4_1>(numbers);

}  // namespace ingot::blocks
