// Q5_0: 32 elements in 22 bytes: f16 d, u32 of fifth bits (bit e: element e), 16 bytes of nibbles (byte k: element k
// low, k + 16 high). x = (q − 16)·d, d = M / −16 with M the element of largest magnitude.
#include <algorithm>

#include "quant/blocks/block.h"
#include "quant/blocks/group_encode.h"

namespace ingot::blocks {
namespace {

void encode(const float* x, std::byte* out) {
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

void decode(const std::byte* in, float* x) {
  const float d = load_f16(in);
  std::uint32_t fifth;
  std::memcpy(&fifth, in + 2, 4);
  const auto high = [&fifth](int e) { return static_cast<int>(fifth >> e & 1u) << 4; };
  for (int k = 0; k < 16; ++k) {
    const int pair = byte_at(in, 6 + k);
    x[k] = static_cast<float>(((pair & 15) | high(k)) - 16) * d;
    x[k + 16] = static_cast<float>(((pair >> 4) | high(k + 16)) - 16) * d;
  }
}

constexpr Field numbers[] = {{0, 2, 1}, {2, 4, 1}};

}  // namespace

const BlockFormat q5_0 = block_format_of<Scheme::q5_0, decode, encode, encode_q5_0>(numbers);

}  // namespace ingot::blocks
