// Q4_0: 32 elements in 18 bytes: f16 d, 16 bytes of nibbles (byte k: element k low, k + 16 high). x = (q − 8)·d,
// d = M / −8 with M the element of largest magnitude.
#include <algorithm>

#include "quant/blocks.h"

namespace ingot {

void encode_q4_0(const float* values, std::int64_t n, std::byte* out) {
  using namespace blocks;
  for (std::int64_t i = 0; i < n; i += 32, out += 18) {
    const float* x = values + i;
    const float d = extreme(x, 32) / -8;
    const float id = inverse(d);
    const auto quantized = [id](float value) { return std::min(15, code(value * id + 8.5f)); };
    store_f16(out, d);
    for (int k = 0; k < 16; ++k) out[2 + k] = static_cast<std::byte>(quantized(x[k]) | quantized(x[k + 16]) << 4);
  }
}

void decode_q4_0(const std::byte* in, std::int64_t n, float* values) {
  using namespace blocks;
  for (std::int64_t i = 0; i < n; i += 32, in += 18) {
    const float d = load_f16(in);
    for (int k = 0; k < 16; ++k) {
      const int pair = byte_at(in, 2 + k);
      values[i + k] = static_cast<float>((pair & 15) - 8) * d;
      values[i + k + 16] = static_cast<float>((pair >> 4) - 8) * d;
    }
  }
}

}  // namespace ingot
