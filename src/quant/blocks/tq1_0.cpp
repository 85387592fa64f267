// TQ1_0: 256 ternary elements in 54 bytes, five base-3 digits a byte: x = (t − 1)·d, d = largest |x|.
// Bytes 0–31 hold elements 32n + m (byte m, digit n), bytes 32–47 hold 160 + 16n + m, bytes 48–51 hold 240 + 4n + m
// (n < 4), then f16 d. A byte is ceil(v·256/243) of the base-3 number v, so that digits come out by multiplying by 3.
#include "quant/blocks/block.h"

namespace ingot::blocks {
namespace {

struct Stretch {
  int byte, bytes, element, digits;
};
constexpr Stretch stretches[] = {{0, 32, 0, 5}, {32, 16, 160, 5}, {48, 4, 240, 4}};

void encode(const float* x, std::byte* out) {
  const float d = largest_magnitude(x, 256);
  const float id = inverse(d);
  for (const Stretch& s : stretches)
    for (int m = 0; m < s.bytes; ++m) {
      int v = 0;
      for (int digit = 0; digit < 5; ++digit)
        v = 3 * v + (digit < s.digits ? rounded_code(x[s.element + digit * s.bytes + m] * id) + 1 : 0);
      out[s.byte + m] = static_cast<std::byte>((256 * v + 242) / 243);
    }
  store_f16(out + 52, d);
}

void decode(const std::byte* in, float* x) {
  constexpr int powers[] = {1, 3, 9, 27, 81};
  const float d = load_f16(in + 52);
  for (const Stretch& s : stretches)
    for (int digit = 0; digit < s.digits; ++digit)
      for (int m = 0; m < s.bytes; ++m) {
        const int t = ((byte_at(in, s.byte + m) * powers[digit] & 255) * 3) >> 8;
        x[s.element + digit * s.bytes + m] = static_cast<float>(t - 1) * d;
      }
}

constexpr Field numbers[] = {{52, 2, 1}};

}  // namespace

const BlockFormat tq1_0 = block_format_of<Scheme::tq1_0, decode, encode>(numbers);

}  // namespace ingot::blocks
