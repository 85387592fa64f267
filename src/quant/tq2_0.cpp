// TQ2_0: 256 ternary elements in 66 bytes: two planes of 32 bytes, then f16 d. Byte m of plane p holds elements
// 128p + 32j + m in bits 2j, 2j + 1. x = (t − 1)·d, d = largest |x|.
#include "quant/blocks.h"

namespace ingot {

void encode_tq2_0(const float* values, std::int64_t n, std::byte* out) {
  using namespace blocks;
  for (std::int64_t i = 0; i < n; i += 256, out += 66) {
    const float* x = values + i;
    const float d = largest_magnitude(x, 256);
    const float id = inverse(d);
    for (int plane = 0; plane < 2; ++plane)
      for (int m = 0; m < 32; ++m) {
        int byte = 0;
        for (int j = 0; j < 4; ++j) byte |= (rounded_code(x[128 * plane + 32 * j + m] * id) + 1) << 2 * j;
        out[32 * plane + m] = static_cast<std::byte>(byte);
      }
    store_f16(out + 64, d);
  }
}

void decode_tq2_0(const std::byte* in, std::int64_t n, float* values) {
  using namespace blocks;
  for (std::int64_t i = 0; i < n; i += 256, in += 66) {
    const float d = load_f16(in + 64);
    for (int plane = 0; plane < 2; ++plane)
      for (int j = 0; j < 4; ++j)
        for (int m = 0; m < 32; ++m)
          values[i + 128 * plane + 32 * j + m] = static_cast<float>((byte_at(in, 32 * plane + m) >> 2 * j & 3) - 1) * d;
  }
}

}  // namespace ingot
