// Scales of Q3_K and Q6_K: x ≈ d·scale·code, codes and scales of either sign, weighted by x².
//
// Per group, ggml's search (make_qx_quants): codes for steps around the one that brings the extreme element to the
// lowest code, the scale by least squares. Then, for the block, what ggml leaves out: every scale is tried one code up
// and down with the elements recoded, and d is solved for by least squares; the better outcome is kept.
#pragma once

#include "quant/blocks/k_lanes.h"

namespace ingot::blocks {
namespace {

struct SymmetricRule {
  float lowest;        // code; the greatest is −lowest − 1
  float lowest_scale;  // code of a scale; the greatest is −lowest_scale − 1
  float first, step;   // the search's steps: (lowest − first − step·i) / extreme element
  int steps;
};

struct SymmetricGroups {
  Groups x[16], w[16];
  // The outcome: codes of the scales, and d.
  Groups scale;
  float d;
};

INGOT_ALWAYS void search(SymmetricGroups& groups, int g, const SymmetricRule& rule) {
  Floats most{}, extreme{};
  for (const Groups& column : groups.x) {
    const Floats x = at(column, g), size = magnitude_of(x);
    const Ints larger = size > most;
    most = larger ? size : most;
    extreme = larger ? x : extreme;
  }
  Floats best{}, scale{};
  for (int i = 0; i <= rule.steps; ++i) {
    const Floats inverse = (rule.lowest - (rule.first + rule.step * static_cast<float>(i))) / extreme;
    Floats sum_ll{}, sum_lx{};
    for (int k = 0; k < 16; ++k) {
      const Floats x = at(groups.x[k], g), l = code_of(x * inverse, rule.lowest, -rule.lowest - 1);
      const Floats wl = at(groups.w[k], g) * l;
      sum_ll += wl * l;
      sum_lx += wl * x;
    }
    const Floats s = sum_lx / sum_ll, gain = s * sum_lx;
    const Ints better = gain > best;
    best = better ? gain : best;
    scale = better ? s : scale;
  }
  put(groups.scale, g, scale);
}

/// Every scale one code up and down, elements recoded.
INGOT_ALWAYS void settle(SymmetricGroups& groups, int g, const SymmetricRule& rule) {
  constexpr float around[] = {0, 1, -1};
  const Floats scale0 = at(groups.scale, g);
  Floats scale{}, error = all(__builtin_inff());
  for (const float step : around) {
    const Floats code = lower(higher(scale0 + step, all(rule.lowest_scale)), all(-rule.lowest_scale - 1));
    const Floats s = groups.d * code, inverse = s != 0 ? 1 / s : Floats{};
    Floats sum{};
    for (int k = 0; k < 16; ++k) {
      const Floats x = at(groups.x[k], g), miss = s * code_of(x * inverse, rule.lowest, -rule.lowest - 1) - x;
      sum += at(groups.w[k], g) * miss * miss;
    }
    const Ints better = sum < error;
    error = better ? sum : error;
    scale = better ? code : scale;
  }
  put(groups.scale, g, scale);
}

INGOT_ALWAYS void choose(SymmetricGroups& groups, const SymmetricRule& rule) {
  for (int g = 0; g < 16; g += lanes) search(groups, g, rule);
  float most = 0;
  for (int g = 0; g < 16; ++g) most = __builtin_fabsf(groups.scale[g]) > __builtin_fabsf(most) ? groups.scale[g] : most;
  groups.d = half(most / rule.lowest_scale).value;
  const float to_scale = most != 0 ? rule.lowest_scale / most : 0;
  for (int g = 0; g < 16; ++g) {
    const float code = nearest(groups.scale[g] * to_scale);
    groups.scale[g] = code < -rule.lowest_scale - 1 ? code : -rule.lowest_scale - 1;
  }
  // d by least squares over the block's codes.
  Groups ll, lx;
  for (int g = 0; g < 16; g += lanes) {
    const Floats s = groups.d * at(groups.scale, g), inverse = s != 0 ? 1 / s : Floats{};
    Floats sum_ll{}, sum_lx{};
    for (int k = 0; k < 16; ++k) {
      const Floats x = at(groups.x[k], g), l = code_of(x * inverse, rule.lowest, -rule.lowest - 1);
      const Floats wl = at(groups.w[k], g) * l;
      sum_ll += wl * l;
      sum_lx += wl * x;
    }
    put(ll, g, sum_ll);
    put(lx, g, sum_lx);
  }
  float a = 0, p = 0;
  for (int g = 0; g < 16; ++g) {
    a += groups.scale[g] * groups.scale[g] * ll[g];
    p += groups.scale[g] * lx[g];
  }
  if (a > 0) groups.d = half(p / a).value;
  for (int g = 0; g < 16; g += lanes) settle(groups, g, rule);
}

/// The codes of all elements, less the lowest.
INGOT_ALWAYS void put_codes(const SymmetricGroups& groups, const SymmetricRule& rule, const float* x,
                            std::uint8_t* codes) {
  for (int g = 0; g < 16; ++g) {
    const float s = groups.d * groups.scale[g], inverse = s != 0 ? 1 / s : 0;
    for (int k = 16 * g; k < 16 * (g + 1); k += lanes)
      put_bytes(code_of(load(x + k) * inverse, rule.lowest, -rule.lowest - 1) - rule.lowest, codes + k);
  }
}

}  // namespace
}  // namespace ingot::blocks
