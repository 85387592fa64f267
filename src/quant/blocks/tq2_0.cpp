// TQ2_0: 256 ternary elements in 66 bytes: two planes of 32 bytes, then f16 d. Byte m of plane p holds elements
// 128p + 32j + m in bits 2j, 2j + 1. x = (t − 1)·d, d = largest |x|.
#include "quant/blocks/block.h"

namespace ingot::blocks {
namespace {

void encode(const float* x, std::byte* out) {
  const float d = largest_magnitude(x, 256);
  const float id = inverse(d);
  std::uint8_t codes[256];  // first all of them, then all bytes: both loops become vectors
  for (int k = 0; k < 256; ++k) codes[k] = static_cast<std::uint8_t>(rounded_code(x[k] * id) + 1);
  for (int plane = 0; plane < 2; ++plane)
    for (int m = 0; m < 32; ++m) {
      const std::uint8_t* c = codes + 128 * plane + m;
      out[32 * plane + m] = static_cast<std::byte>(c[0] | c[32] << 2 | c[64] << 4 | c[96] << 6);
    }
  store_f16(out + 64, d);
}

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in + 64);
  for (int plane = 0; plane < 2; ++plane)
    for (int j = 0; j < 4; ++j)
      for (int m = 0; m < 32; ++m)
        x[128 * plane + 32 * j + m] = static_cast<float>((byte_at(in, 32 * plane + m) >> 2 * j & 3) - 1) * d;
}

constexpr Field numbers[] = {{64, 2, 1}};

}  // namespace

const BlockFormat tq2_0 = block_format_of<Scheme::tq2_0, decode, encode>(numbers);

}  // namespace ingot::blocks
