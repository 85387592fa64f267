// Q5_0: 32 elements in 22 bytes: f16 d, u32 of fifth bits (bit e: element e), 16 bytes of nibbles (byte k: element k
// low, k + 16 high). x = (q − 16)·d, d = M / −16 with M the element of largest magnitude.
#include <algorithm>

#include "quant/blocks.h"

namespace ingot {

void encode_q5_0(const float* values, std::int64_t n, std::byte* out) {
  using namespace blocks;
  for (std::int64_t i = 0; i < n; i += 32, out += 22) {
    const float* x = values + i;
    const float d = extreme(x, 32) / -16;
    const float id = inverse(d);
    std::uint32_t fifth = 0;
    const auto quantized = [&](int e) {
      const int q = std::min(31, code(x[e] * id + 16.5f));
      fifth |= static_cast<std::uint32_t>(q >> 4) << e;
      return q & 15;
    };
    for (int k = 0; k < 16; ++k) out[6 + k] = static_cast<std::byte>(quantized(k) | quantized(k + 16) << 4);
    store_f16(out, d);
    std::memcpy(out + 2, &fifth, 4);
  }
}

void decode_q5_0(const std::byte* in, std::int64_t n, float* values) {
  using namespace blocks;
  for (std::int64_t i = 0; i < n; i += 32, in += 22) {
    const float d = load_f16(in);
    std::uint32_t fifth;
    std::memcpy(&fifth, in + 2, 4);
    const auto high = [&fifth](int e) { return static_cast<int>(fifth >> e & 1u) << 4; };
    for (int k = 0; k < 16; ++k) {
      const int pair = byte_at(in, 6 + k);
      values[i + k] = static_cast<float>(((pair & 15) | high(k)) - 16) * d;
      values[i + k + 16] = static_cast<float>(((pair >> 4) | high(k + 16)) - 16) * d;
    }
  }
}

}  // namespace ingot
