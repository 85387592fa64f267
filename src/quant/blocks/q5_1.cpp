// Q5_1: 32 elements in 24 bytes: f16 d, f16 m, u32 of fifth bits (bit e: element e), 16 bytes of nibbles (byte k:
// element k low, k + 16 high). x = q·d + m, m = least x, d = (greatest − least) / 31.
#include <algorithm>

#include "quant/blocks/block.h"
#include "quant/blocks/group_encode.h"

namespace ingot::blocks {
namespace {

void encode(const float* x, std::byte* out) {
  const auto [min, max] = range(x, 32);
  const float d = (max - min) / 31;
  const float id = inverse(d);
  std::uint32_t fifth = 0;
  const auto quantized = [&, least = min](int e) {
    const int q = std::min(31, code((x[e] - least) * id + 0.5f));
    fifth |= static_cast<std::uint32_t>(q >> 4) << e;
    return q & 15;
  };
  for (int k = 0; k < 16; ++k) out[8 + k] = static_cast<std::byte>(quantized(k) | quantized(k + 16) << 4);
  store_f16(out, d);
  store_f16(out + 2, min);
  std::memcpy(out + 4, &fifth, 4);
}

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in), m = load_f16(in + 2);
  std::uint32_t fifth;
  std::memcpy(&fifth, in + 4, 4);
  const auto high = [&fifth](int e) { return static_cast<int>(fifth >> e & 1u) << 4; };
  for (int k = 0; k < 16; ++k) {
    const int pair = byte_at(in, 8 + k);
    x[k] = static_cast<float>((pair & 15) | high(k)) * d + m;
    x[k + 16] = static_cast<float>((pair >> 4) | high(k + 16)) * d + m;
  }
}

constexpr Field numbers[] = {{0, 2, 2}, {4, 4, 1}};

}  // namespace

const BlockFormat q5_1 = block_format_of<Scheme::q5_1, decode, encode, encode_q5_1>(numbers);

}  // namespace ingot::blocks
