// The K-quants' encoders: rows → blocks. Layouts: the files of the formats.
#pragma once

#include "quant/blocks/k_affine.h"
#include "quant/blocks/k_symmetric.h"
#include "quant/blocks/k_weights.h"

namespace ingot::blocks {
namespace {

/// Q4_K and Q5_K, two blocks at a time: ggml's weights, |x| + the group's root mean square.
INGOT_ALWAYS void weigh(AffineGroups<32>& groups) {
  Groups& mean = groups.sum_w;
  for (int g = 0; g < 16; g += lanes) {
    Floats squares{};
    for (const Groups& x : groups.x) squares += at(x, g) * at(x, g);
    put(mean, g, squares);
  }
  for (float& square : mean.of) square = __builtin_sqrtf(square / 32);
  for (int g = 0; g < 16; g += lanes)
    for (int k = 0; k < 32; ++k) put(groups.w[k], g, magnitude_of(at(groups.x[k], g)) + at(mean, g));
}

/// Eight six-bit scales and minima in 12 bytes (k_scales.h).
INGOT_ALWAYS void put_scales(const std::uint8_t* scale, const std::uint8_t* min, std::byte* out) {
  for (int j = 0; j < 4; ++j) {
    out[j] = static_cast<std::byte>(scale[j] | (scale[j + 4] >> 4) << 6);
    out[j + 4] = static_cast<std::byte>(min[j] | (min[j + 4] >> 4) << 6);
    out[j + 8] = static_cast<std::byte>((scale[j + 4] & 15) | (min[j + 4] & 15) << 4);
  }
}

/// Byte 32p + m: elements 64p + m low, 64p + 32 + m high.
INGOT_ALWAYS void put_nibbles(const std::uint8_t* codes, std::byte* out) {
  for (int p = 0; p < 4; ++p)
    for (int m = 0; m < 32; ++m)
      out[32 * p + m] = static_cast<std::byte>((codes[64 * p + m] & 15) | (codes[64 * p + 32 + m] & 15) << 4);
}

/// Two bits each: byte 32p + m holds elements 128p + 32j + m in bits 2j, 2j + 1.
INGOT_ALWAYS void put_planes(const std::uint8_t* codes, std::byte* out) {
  for (int p = 0; p < 2; ++p)
    for (int m = 0; m < 32; ++m) {
      const std::uint8_t* c = codes + 128 * p + m;
      out[32 * p + m] = static_cast<std::byte>((c[0] & 3) | (c[32] & 3) << 2 | (c[64] & 3) << 4 | (c[96] & 3) << 6);
    }
}

/// Bit e / 32 of byte e % 32: whether `bit` of the code is set.
INGOT_ALWAYS void put_high_bits(const std::uint8_t* codes, int bit, std::byte* out) {
  for (int m = 0; m < 32; ++m) {
    int byte = 0;
    for (int j = 0; j < 8; ++j) byte |= (codes[32 * j + m] >> bit & 1) << j;
    out[m] = static_cast<std::byte>(byte);
  }
}

/// n / 256 blocks of Q4_K, or Q5_K with `Fifth`.
template <bool Fifth>
INGOT_ALWAYS void encode_q45_k(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  // Importance that varies much moves the best step far from the range's.
  const AffineRule rule = importance ? Fifth ? AffineRule{31, 63, -2, 0.2f, 15} : AffineRule{15, 63, -2, 0.15f, 20}
                          : Fifth ? AffineRule{31, 63, -2, 0.35f, 7}
                                     : AffineRule{15, 63, -2, 0.25f, 11};
  constexpr int bytes = Fifth ? 176 : 144;
  while (n > 0) {
    AffineGroups<32> groups;
    float room[512], importance_room[512];
    const float* from = padded(x, n, room);
    load_groups(from, groups.x);
    if (importance)
      weigh_by(padded(importance, n, importance_room), groups.x, block_variance<256>(groups.x, 2), groups.w);
    else
      weigh(groups);
    choose(groups, rule);
    std::uint8_t codes[512];
    put_codes(groups, rule, from, codes);
    importance = behind(importance, 512);
    for (int block = 0; block < 2 && n > 0; ++block, n -= 256, x += 256, out += bytes) {
      std::uint8_t scale[8], min[8];
      for (int j = 0; j < 8; ++j) {
        scale[j] = static_cast<std::uint8_t>(groups.scale[8 * block + j]);
        min[j] = static_cast<std::uint8_t>(groups.min[8 * block + j]);
      }
      put_half(out, half(groups.d[8 * block]));
      put_half(out + 2, half(groups.dmin[8 * block]));
      put_scales(scale, min, out + 4);
      if (Fifth) put_high_bits(codes + 256 * block, 4, out + 16);
      put_nibbles(codes + 256 * block, out + (Fifth ? 48 : 16));
    }
  }
}

[[maybe_unused]] void encode_q4_k(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  encode_q45_k<false>(x, importance, n, out);
}
[[maybe_unused]] void encode_q5_k(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  encode_q45_k<true>(x, importance, n, out);
}

[[maybe_unused]] void encode_q2_k(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  const AffineRule rule = importance ? AffineRule{3, 15, -0.9f, 0.1f, 18} : AffineRule{3, 15, -0.5f, 0.2f, 7};
  for (; n > 0; n -= 256, x += 256, importance = behind(importance, 256), out += 84) {
    AffineGroups<16> groups;
    load_groups(x, groups.x);
    if (importance)
      weigh_by(importance, groups.x, block_variance<256>(groups.x, 1), groups.w);
    else
      for (int g = 0; g < 16; g += lanes)
        for (int k = 0; k < 16; ++k) put(groups.w[k], g, magnitude_of(at(groups.x[k], g)));
    choose(groups, rule);
    std::uint8_t codes[256];
    put_codes(groups, rule, x, codes);
    for (int g = 0; g < 16; ++g)
      out[g] = static_cast<std::byte>(static_cast<int>(groups.scale[g]) | static_cast<int>(groups.min[g]) << 4);
    put_planes(codes, out + 16);
    put_half(out + 80, half(groups.d[0]));
    put_half(out + 82, half(groups.dmin[0]));
  }
}

/// Weighted by x².
template <int Size>
INGOT_ALWAYS void weigh(SymmetricGroups<Size>& groups) {
  for (int g = 0; g < 16; g += lanes)
    for (int k = 0; k < Size; ++k) put(groups.w[k], g, at(groups.x[k], g) * at(groups.x[k], g));
}

[[maybe_unused]] void encode_q3_k(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  const WholeRule rule = importance ? WholeRule{-4, -32, -0.9f, 0.15f, 12} : WholeRule{-4, -32, -0.75f, 0.75f, 2};
  for (; n > 0; n -= 256, x += 256, importance = behind(importance, 256), out += 110) {
    SymmetricGroups<16> groups;
    load_groups(x, groups.x);
    if (importance)
      weigh_by(importance, groups.x, block_variance<256>(groups.x, 2), groups.w);
    else
      weigh(groups);
    choose(groups, rule);
    std::uint8_t codes[256];
    put_codes(groups, rule, x, codes);
    put_high_bits(codes, 2, out);
    put_planes(codes, out + 32);
    int scale[16];
    for (int g = 0; g < 16; ++g) scale[g] = static_cast<int>(groups.scale[g]) + 32;
    for (int j = 0; j < 8; ++j) out[96 + j] = static_cast<std::byte>((scale[j] & 15) | (scale[j + 8] & 15) << 4);
    for (int j = 0; j < 4; ++j)
      out[104 + j] = static_cast<std::byte>(scale[j] >> 4 | scale[j + 4] >> 4 << 2 | scale[j + 8] >> 4 << 4 |
                                            scale[j + 12] >> 4 << 6);
    put_half(out + 108, half(groups.d[0]));
  }
}

[[maybe_unused]] void encode_q6_k(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  constexpr WholeRule rule{-32, -128, -5, 1, 5};
  for (; n > 0; n -= 256, x += 256, importance = behind(importance, 256), out += 210) {
    SymmetricGroups<16> groups;
    load_groups(x, groups.x);
    if (importance)
      load_groups(importance, groups.w);  // as it is: ggml's rule for this format
    else
      weigh(groups);
    choose(groups, rule);
    std::uint8_t codes[256], top[256];
    put_codes(groups, rule, x, codes);
    for (int h = 0; h < 2; ++h)
      for (int m = 0; m < 64; ++m)
        out[64 * h + m] = static_cast<std::byte>((codes[128 * h + m] & 15) | (codes[128 * h + 64 + m] & 15) << 4);
    for (int e = 0; e < 256; ++e) top[e] = codes[e] >> 4;
    put_planes(top, out + 128);
    for (int g = 0; g < 16; ++g) out[192 + g] = static_cast<std::byte>(static_cast<int>(groups.scale[g]));
    put_half(out + 208, half(groups.d[0]));
  }
}

}  // namespace
}  // namespace ingot::blocks
