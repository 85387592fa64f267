// Scales of Q3_K, Q6_K and IQ4_XS: x ≈ d·scale·level, levels and scales of either sign; and of formats whose groups
// have a scale each (Q4_0, Q5_0, IQ4_NL).
//
// Per group, ggml's search (make_qx_quants): levels for steps around the one that brings the extreme element to the
// lowest level, the scale by least squares. Then, for the block, what ggml leaves out: every scale is tried one code up
// and down with the elements recoded, and d is solved for by least squares; the better outcome is kept.
#pragma once

#include "quant/blocks/k_lanes.h"

namespace ingot::blocks {
namespace {

/// Levels are the whole numbers lowest … −lowest − 1.
struct WholeRule {
  float lowest;
  float lowest_scale;  // code of a scale; the greatest is −lowest_scale − 1
  float first, step;   // the search's steps: (lowest − first − step·i) / extreme element
  int steps;

  INGOT_ALWAYS float target(const WholeRule& rule, int i) {
    return rule.lowest - (rule.first + rule.step * static_cast<float>(i));
  }
  INGOT_ALWAYS Floats level(const WholeRule& rule, Floats x) { return code_of(x, rule.lowest, -rule.lowest - 1); }
};

template <int Size>
struct SymmetricGroups {
  Groups x[Size], w[Size];
  Groups curvature;  // half the second derivative of a group's error by its scale
  // The outcome: codes of the scales, and d of each group's block.
  Groups scale, d;
};

/// Per group: x ≈ scale·level.
template <int Size, class Rule>
INGOT_ALWAYS void search(SymmetricGroups<Size>& groups, int g, const Rule& rule) {
  Floats most{}, extreme{};
  for (const Groups& column : groups.x) {
    const Floats x = at(column, g), size = magnitude_of(x);
    const Ints larger = size > most;
    most = larger ? size : most;
    extreme = larger ? x : extreme;
  }
  Floats best{}, scale = extreme / rule.lowest, curvature{};
  for (int i = 0; i <= rule.steps; ++i) {
    const Floats inverse = Rule::target(rule, i) / extreme;
    Floats sum_ll{}, sum_lx{};
    for (int k = 0; k < Size; ++k) {
      const Floats x = at(groups.x[k], g), l = Rule::level(rule, x * inverse);
      const Floats wl = at(groups.w[k], g) * l;
      sum_ll += wl * l;
      sum_lx += wl * x;
    }
    const Floats s = sum_lx / sum_ll, gain = s * sum_lx;
    const Ints better = gain > best;
    best = better ? gain : best;
    scale = better ? s : scale;
    curvature = better ? sum_ll : curvature;
  }
  put(groups.scale, g, scale);
  put(groups.curvature, g, curvature);
}

/// Codes and d of a block's scales, the largest of which is `most`: for each of a few steps of the codes, d by least
/// squares. Scales of one size and both signs would lose to the codes' uneven ends otherwise.
template <int Size, class Rule>
INGOT_ALWAYS void round_scales(SymmetricGroups<Size>& groups, int first, float most, const Rule& rule) {
  constexpr int of_block = 256 / Size;
  float best = -1, codes[of_block] = {};
  for (int i = 0; i < 4; ++i) {
    const float to_scale = most != 0 ? (rule.lowest_scale + 0.5f * static_cast<float>(i)) / most : 0;
    float a = 0, p = 0, tried[of_block];
    for (int g = 0; g < of_block; ++g) {
      const float scale = groups.scale[first + g], code = nearest(scale * to_scale), c = groups.curvature[first + g];
      tried[g] = code < -rule.lowest_scale - 1 ? code : -rule.lowest_scale - 1;
      a += c * tried[g] * tried[g];
      p += c * tried[g] * scale;
    }
    const float gain = a > 0 ? p * p / a : 0;
    if (!(gain > best)) continue;
    best = gain;
    for (int g = 0; g < of_block; ++g) codes[g] = tried[g];
    for (int g = 0; g < of_block; ++g) groups.d[first + g] = half(a > 0 ? p / a : 0).value;
  }
  for (int g = 0; g < of_block; ++g) groups.scale[first + g] = codes[g];
}

/// Every scale one code up and down, elements recoded.
template <int Size, class Rule>
INGOT_ALWAYS void settle(SymmetricGroups<Size>& groups, int g, const Rule& rule) {
  constexpr float around[] = {0, 1, -1};
  const Floats scale0 = at(groups.scale, g), d = at(groups.d, g);
  Floats scale{}, error = all(__builtin_inff());
  for (const float step : around) {
    const Floats code = lower(higher(scale0 + step, all(rule.lowest_scale)), all(-rule.lowest_scale - 1));
    const Floats s = d * code, inverse = s != 0 ? 1 / s : Floats{};
    Floats sum{};
    for (int k = 0; k < Size; ++k) {
      const Floats x = at(groups.x[k], g), miss = s * Rule::level(rule, x * inverse) - x;
      sum += at(groups.w[k], g) * miss * miss;
    }
    const Ints better = sum < error;
    error = better ? sum : error;
    scale = better ? code : scale;
  }
  put(groups.scale, g, scale);
}

template <int Size, class Rule>
INGOT_ALWAYS void choose(SymmetricGroups<Size>& groups, const Rule& rule) {
  constexpr int of_block = 256 / Size;
  for (int g = 0; g < 16; g += lanes) search(groups, g, rule);
  for (int first = 0; first < 16; first += of_block) {
    float most = 0;
    for (int g = first; g < first + of_block; ++g)
      most = __builtin_fabsf(groups.scale[g]) > __builtin_fabsf(most) ? groups.scale[g] : most;
    round_scales(groups, first, most, rule);
  }
  // d by least squares over the block's codes.
  Groups ll, lx;
  for (int g = 0; g < 16; g += lanes) {
    const Floats s = at(groups.d, g) * at(groups.scale, g), inverse = s != 0 ? 1 / s : Floats{};
    Floats sum_ll{}, sum_lx{};
    for (int k = 0; k < Size; ++k) {
      const Floats x = at(groups.x[k], g), l = Rule::level(rule, x * inverse);
      const Floats wl = at(groups.w[k], g) * l;
      sum_ll += wl * l;
      sum_lx += wl * x;
    }
    put(ll, g, sum_ll);
    put(lx, g, sum_lx);
  }
  for (int first = 0; first < 16; first += of_block) {
    float a = 0, p = 0;
    for (int g = first; g < first + of_block; ++g) {
      a += groups.scale[g] * groups.scale[g] * ll[g];
      p += groups.scale[g] * lx[g];
    }
    if (!(a > 0)) continue;
    for (int g = first; g < first + of_block; ++g) groups.d[g] = half(p / a).value;
  }
  for (int g = 0; g < 16; g += lanes) settle(groups, g, rule);
}

/// The codes of all elements, less the lowest.
template <int Size>
INGOT_ALWAYS void put_codes(const SymmetricGroups<Size>& groups, const WholeRule& rule, const float* x,
                            std::uint8_t* codes) {
  for (int g = 0; g < 16; ++g) {
    const float s = groups.d[g] * groups.scale[g], inverse = s != 0 ? 1 / s : 0;
    for (int k = Size * g; k < Size * (g + 1); k += lanes)
      put_bytes(code_of(load(x + k) * inverse, rule.lowest, -rule.lowest - 1) - rule.lowest, codes + k);
  }
}

}  // namespace
}  // namespace ingot::blocks
