// Encoders of formats with groups of 32 that are searched as the K-quants' groups are: IQ4_NL and IQ4_XS, and, where
// the importance of the columns is known, Q4_0 … Q5_1. Layouts: the files of the formats.
#pragma once

#include "quant/blocks/k_encode.h"
#include "quant/blocks/nonlinear.h"

namespace ingot::blocks {
namespace {

/// Levels are those of nonlinear.h.
struct NonlinearRule {
  float lowest, lowest_scale;
  int steps;

  /// The extreme element meets one of the outer levels, or what lies around them.
  INGOT_ALWAYS float target(const NonlinearRule&, int i) {
    constexpr float targets[] = {-127, -133, -130, -124, -121, -117, -112, 113, 107, 119, 125};
    return targets[i];
  }
  /// The nearest, the higher one of two.
  INGOT_ALWAYS Floats level(const NonlinearRule&, Floats x) {
    Floats found = all(nonlinear[0]);
    for (int i = 1; i < 16; ++i) found = x >= (nonlinear[i - 1] + nonlinear[i]) / 2 ? all(nonlinear[i]) : found;
    return found;
  }
};

/// The numbers of the levels.
INGOT_ALWAYS void put_levels(Floats x, std::uint8_t* codes) {
  Floats number{};
  for (int i = 1; i < 16; ++i) number += x >= (nonlinear[i - 1] + nonlinear[i]) / 2 ? all(1) : Floats{};
  put_bytes(number, codes);
}

/// Codes of 32 elements, byte k: element k low, k + 16 high.
INGOT_ALWAYS void put_halves(const std::uint8_t* codes, std::byte* out) {
  for (int k = 0; k < 16; ++k) out[k] = static_cast<std::byte>((codes[k] & 15) | (codes[k + 16] & 15) << 4);
}

/// Each group's scale by least squares over the levels that it gives.
INGOT_ALWAYS void refine(SymmetricGroups<32>& groups, int g, const NonlinearRule& rule) {
  const Floats s = at(groups.scale, g), inverse = s != 0 ? 1 / s : Floats{};
  Floats sum_ll{}, sum_lx{};
  for (int k = 0; k < 32; ++k) {
    const Floats x = at(groups.x[k], g), l = NonlinearRule::level(rule, x * inverse), wl = at(groups.w[k], g) * l;
    sum_ll += wl * l;
    sum_lx += wl * x;
  }
  put(groups.scale, g, sum_ll > 0 ? sum_lx / sum_ll : s);
}

[[maybe_unused]] void encode_iq4_nl(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  constexpr NonlinearRule rule{-127, 0, 10};
  for (; n > 0; n -= 512, x += 512, importance = behind(importance, 512)) {
    SymmetricGroups<32> groups;
    float room[512], importance_room[512];
    const float* from = padded(x, n, room);
    load_groups(from, groups.x);
    if (importance)
      weigh_by(padded(importance, n, importance_room), groups.x, block_variance<32>(groups.x, 2), groups.w);
    else
      weigh(groups);
    for (int g = 0; g < 16; g += lanes) {
      search(groups, g, rule);
      refine(groups, g, rule);
    }
    for (int g = 0; g < 16 && 32 * g < n; ++g, out += 18) {
      const Half d = half(groups.scale[g]);
      const float inverse = d.value != 0 ? 1 / d.value : 0;
      std::uint8_t codes[32];
      for (int k = 0; k < 32; k += lanes) put_levels(load(from + 32 * g + k) * inverse, codes + k);
      put_half(out, d);
      put_halves(codes, out + 2);
    }
  }
}

[[maybe_unused]] void encode_iq4_xs(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  constexpr NonlinearRule rule{-127, -32, 10};
  for (; n > 0; importance = behind(importance, 512)) {
    SymmetricGroups<32> groups;
    float room[512], importance_room[512];
    const float* from = padded(x, n, room);
    load_groups(from, groups.x);
    if (importance)
      weigh_by(padded(importance, n, importance_room), groups.x, block_variance<256>(groups.x, 2), groups.w);
    else
      weigh(groups);
    choose(groups, rule);
    for (int first = 0; first < 16 && n > 0; first += 8, n -= 256, x += 256, out += 136) {
      int tops = 0, low[8];
      for (int j = 0; j < 8; ++j) {
        const int g = first + j, code = static_cast<int>(groups.scale[g]) + 32;
        const float s = groups.d[g] * groups.scale[g], inverse = s != 0 ? 1 / s : 0;
        std::uint8_t codes[32];
        for (int k = 0; k < 32; k += lanes) put_levels(load(from + 32 * g + k) * inverse, codes + k);
        put_halves(codes, out + 8 + 16 * j);
        low[j] = code & 15;
        tops |= code >> 4 << 2 * j;
      }
      put_half(out, half(groups.d[first]));
      out[2] = static_cast<std::byte>(tops & 255);
      out[3] = static_cast<std::byte>(tops >> 8);
      for (int j = 0; j < 4; ++j) out[4 + j] = static_cast<std::byte>(low[2 * j] | low[2 * j + 1] << 4);
    }
  }
}

INGOT_ALWAYS void put_fifth_bits(const std::uint8_t* codes, std::byte* out) {
  for (int byte = 0; byte < 4; ++byte) {
    int bits = 0;
    for (int k = 0; k < 8; ++k) bits |= (codes[8 * byte + k] >> 4) << k;
    out[byte] = static_cast<std::byte>(bits);
  }
}

/// Q4_0, or Q5_0 with `Fifth`.
template <bool Fifth>
INGOT_ALWAYS void encode_symmetric(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  constexpr WholeRule rule = Fifth ? WholeRule{-16, 0, -0.9f, 0.15f, 12} : WholeRule{-8, 0, -0.9f, 0.15f, 12};
  constexpr int bytes = Fifth ? 22 : 18;
  Groups variance;
  for (float& of_group : variance.of) of_group = row_variance(x, n);
  for (; n > 0; n -= 512, x += 512, importance += 512) {
    SymmetricGroups<32> groups;
    float room[512], importance_room[512];
    const float* from = padded(x, n, room);
    load_groups(from, groups.x);
    weigh_by(padded(importance, n, importance_room), groups.x, variance, groups.w);
    for (int g = 0; g < 16; g += lanes) search(groups, g, rule);
    for (int g = 0; g < 16 && 32 * g < n; ++g, out += bytes) {
      const Half d = half(groups.scale[g]);
      const float inverse = d.value != 0 ? 1 / d.value : 0;
      std::uint8_t codes[32];
      for (int k = 0; k < 32; k += lanes)
        put_bytes(code_of(load(from + 32 * g + k) * inverse, rule.lowest, -rule.lowest - 1) - rule.lowest, codes + k);
      put_half(out, d);
      if (Fifth) put_fifth_bits(codes, out + 2);
      put_halves(codes, out + (Fifth ? 6 : 2));
    }
  }
}

/// Q4_1, or Q5_1 with `Fifth`.
template <bool Fifth>
INGOT_ALWAYS void encode_affine(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  constexpr AffineRule rule = Fifth ? AffineRule{31, 0, -3, 0.3f, 14, 3} : AffineRule{15, 0, -2, 0.15f, 20, 3};
  constexpr int bytes = Fifth ? 24 : 20;
  Groups variance;
  for (float& of_group : variance.of) of_group = row_variance(x, n);
  for (; n > 0; n -= 512, x += 512, importance += 512) {
    AffineGroups<32> groups;
    float room[512], importance_room[512];
    const float* from = padded(x, n, room);
    load_groups(from, groups.x);
    weigh_by(padded(importance, n, importance_room), groups.x, variance, groups.w);
    for (int g = 0; g < 16; g += lanes) search(groups, g, rule);
    for (int g = 0; g < 16 && 32 * g < n; ++g, out += bytes) {
      const Half d = half(groups.scale[g]), min = half(-groups.min[g]);
      const float inverse = d.value != 0 ? 1 / d.value : 0;
      std::uint8_t codes[32];
      for (int k = 0; k < 32; k += lanes)
        put_bytes(code_of((load(from + 32 * g + k) - min.value) * inverse, 0, rule.levels), codes + k);
      put_half(out, d);
      put_half(out + 2, min);
      if (Fifth) put_fifth_bits(codes, out + 4);
      put_halves(codes, out + (Fifth ? 8 : 4));
    }
  }
}

[[maybe_unused]] void encode_q4_0(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  encode_symmetric<false>(x, importance, n, out);
}
[[maybe_unused]] void encode_q5_0(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  encode_symmetric<true>(x, importance, n, out);
}
[[maybe_unused]] void encode_q4_1(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  encode_affine<false>(x, importance, n, out);
}
[[maybe_unused]] void encode_q5_1(const float* x, Importance importance, std::int64_t n, std::byte* out) {
  encode_affine<true>(x, importance, n, out);
}

}  // namespace
}  // namespace ingot::blocks
