// Q8_0: 32 elements in 34 bytes: f16 d, 32 × i8. x = q·d, d = largest |x| / 127.
#include "quant/blocks.h"

namespace ingot {

void encode_q8_0(const float* values, std::int64_t n, std::byte* out) {
  using namespace blocks;
  for (std::int64_t i = 0; i < n; i += 32, out += 34) {
    const float* x = values + i;
    const float d = largest_magnitude(x, 32) / 127;
    const float id = inverse(d);
    store_f16(out, d);
    for (int k = 0; k < 32; ++k) out[2 + k] = static_cast<std::byte>(rounded_code(x[k] * id));
  }
}

void decode_q8_0(const std::byte* in, std::int64_t n, float* values) {
  using namespace blocks;
  for (std::int64_t i = 0; i < n; i += 32, in += 34) {
    const float d = load_f16(in);
    for (int k = 0; k < 32; ++k) values[i + k] = static_cast<float>(static_cast<std::int8_t>(in[2 + k])) * d;
  }
}

}  // namespace ingot
