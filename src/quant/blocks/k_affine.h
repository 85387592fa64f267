// Scales and minima of Q2_K, Q4_K and Q5_K: x ≈ d·scale·code − dmin·min.
//
// Per group, ggml's search (make_qkx2_quants): codes for a series of steps around the range's, each followed by the
// weighted least squares for scale and minimum. Then, for the block, what ggml leaves out: every scale and minimum is
// tried one code up and down with the elements recoded, and d and dmin are solved for by least squares; the better
// outcome is kept.
#pragma once

#include "quant/blocks/k_lanes.h"

namespace ingot::blocks {
namespace {

struct AffineRule {
  float levels;       // the greatest code
  float scale_codes;  // the greatest code of a scale or minimum
  float first, step;  // the search's steps: (levels + first + step·i) / range
  int steps;
  int refinements = 0;  // then so many times the codes of the best scale and minimum are fitted again
};

template <int Size>
struct AffineGroups {
  Groups x[Size], w[Size];  // w: weights of the squared errors
  Groups sum_w, sum_wx;
  // The outcome: d and dmin of each group's block, and the codes of its scale and minimum.
  Groups d, dmin, scale, min;
};

/// Determinants below this part of their first product are rounding errors: codes that are all equal leave scale and
/// minimum open.
constexpr float regular = 1e-5f;

/// Weighted sums over a group's codes l.
struct CodeSums {
  Floats l{}, ll{}, lx{};
};

template <int Size>
INGOT_ALWAYS CodeSums sums_of_codes(const AffineGroups<Size>& groups, int g, float levels, Floats inverse, Floats min) {
  CodeSums sums;
  for (int k = 0; k < Size; ++k) {
    const Floats x = at(groups.x[k], g), l = code_of((x + min) * inverse, 0, levels), wl = at(groups.w[k], g) * l;
    sums.l += wl;
    sums.ll += wl * l;
    sums.lx += wl * x;
  }
  return sums;
}

/// Per group: x ≈ scale·code − min.
template <int Size>
INGOT_ALWAYS void search(AffineGroups<Size>& groups, int g, const AffineRule& rule) {
  Floats low = at(groups.x[0], g), high = low, squares{}, sum_w{}, sum_wx{};
  for (int k = 0; k < Size; ++k) {
    const Floats x = at(groups.x[k], g), w = at(groups.w[k], g);
    low = lower(low, x);
    high = higher(high, x);
    sum_w += w;
    sum_wx += w * x;
    squares += w * x * x;
  }
  low = lower(low, Floats{});
  const Ints flat = high == low;
  Floats scale = (high - low) / rule.levels, min = -low, best = all(__builtin_inff());
  for (int i = 0; i <= rule.steps + rule.refinements; ++i) {
    const Floats inverse =
        i <= rule.steps ? (rule.levels + (rule.first + rule.step * static_cast<float>(i))) / (high + min) : 1 / scale;
    const CodeSums sums = sums_of_codes(groups, g, rule.levels, inverse, min);
    const Floats determinant = sum_w * sums.ll - sums.l * sums.l;
    const Floats reciprocal = 1 / determinant;
    Floats s = (sum_w * sums.lx - sum_wx * sums.l) * reciprocal;
    Floats m = (sums.l * sums.lx - sums.ll * sum_wx) * reciprocal;
    const Ints below = m < 0;
    s = below ? sums.lx / sums.ll : s;
    m = below ? Floats{} : m;
    const Floats error = squares + s * (s * sums.ll - 2 * (m * sums.l + sums.lx)) + m * (m * sum_w + 2 * sum_wx);
    const Ints better = (determinant > regular * sum_w * sums.ll) & (error < best);
    best = better ? error : best;
    scale = better ? s : scale;
    min = better ? m : min;
  }
  put(groups.scale, g, flat ? Floats{} : scale);
  put(groups.min, g, min);
  put(groups.sum_w, g, sum_w);
  put(groups.sum_wx, g, sum_wx);
}

/// Every scale and minimum one code up and down, elements recoded.
template <int Size>
INGOT_ALWAYS void settle(AffineGroups<Size>& groups, int g, const AffineRule& rule) {
  constexpr float around[][2] = {{0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, -1}, {1, -1}, {-1, 1}};
  const Floats d = at(groups.d, g), dmin = at(groups.dmin, g);
  const Floats scale0 = at(groups.scale, g), min0 = at(groups.min, g);
  Floats scale{}, min{}, error = all(__builtin_inff());
  for (const auto& step : around) {
    const Floats scale_code = lower(higher(scale0 + step[0], Floats{}), all(rule.scale_codes));
    const Floats min_code = lower(higher(min0 + step[1], Floats{}), all(rule.scale_codes));
    const Floats s = d * scale_code, m = dmin * min_code, inverse = s > 0 ? 1 / s : Floats{};
    Floats sum{};
    for (int k = 0; k < Size; ++k) {
      const Floats shifted = at(groups.x[k], g) + m, miss = s * code_of(shifted * inverse, 0, rule.levels) - shifted;
      sum += at(groups.w[k], g) * miss * miss;
    }
    const Ints better = sum < error;
    error = better ? sum : error;
    scale = better ? scale_code : scale;
    min = better ? min_code : min;
  }
  put(groups.scale, g, scale);
  put(groups.min, g, min);
}

template <int Size>
INGOT_ALWAYS void choose(AffineGroups<Size>& groups, const AffineRule& rule) {
  constexpr int of_block = 256 / Size;
  for (int g = 0; g < 16; g += lanes) search(groups, g, rule);
  for (int first = 0; first < 16; first += of_block) {
    float most_s = 0, most_m = 0;
    for (int g = first; g < first + of_block; ++g) {
      most_s = groups.scale[g] > most_s ? groups.scale[g] : most_s;
      most_m = groups.min[g] > most_m ? groups.min[g] : most_m;
    }
    const float to_scale = most_s > 0 ? rule.scale_codes / most_s : 0;
    const float to_min = most_m > 0 ? rule.scale_codes / most_m : 0;
    for (int g = first; g < first + of_block; ++g) {
      groups.d[g] = half(most_s / rule.scale_codes).value;
      groups.dmin[g] = half(most_m / rule.scale_codes).value;
      groups.scale[g] = nearest(groups.scale[g] * to_scale);
      groups.min[g] = nearest(groups.min[g] * to_min);
    }
  }
  Groups l, ll, lx;
  for (int g = 0; g < 16; g += lanes) {
    const Floats s = at(groups.d, g) * at(groups.scale, g), m = at(groups.dmin, g) * at(groups.min, g);
    const CodeSums sums = sums_of_codes(groups, g, rule.levels, s > 0 ? 1 / s : Floats{}, m);
    put(l, g, sums.l);
    put(ll, g, sums.ll);
    put(lx, g, sums.lx);
  }
  for (int first = 0; first < 16; first += of_block) {
    float a = 0, b = 0, c = 0, p = 0, q = 0;
    for (int g = first; g < first + of_block; ++g) {
      const float s = groups.scale[g], m = groups.min[g];
      a += s * s * ll[g];
      b += s * m * l[g];
      c += m * m * groups.sum_w[g];
      p += s * lx[g];
      q += m * groups.sum_wx[g];
    }
    const float determinant = a * c - b * b;
    const bool solvable = determinant > regular * a * c;
    const float d = solvable ? (p * c - q * b) / determinant : p / a;
    const float dmin = solvable ? (p * b - q * a) / determinant : groups.dmin[first];
    if (!(d > 0 && dmin >= 0)) continue;
    for (int g = first; g < first + of_block; ++g) {
      groups.d[g] = half(d).value;
      groups.dmin[g] = half(dmin).value;
    }
  }
  for (int g = 0; g < 16; g += lanes) settle(groups, g, rule);
}

/// The codes of all elements.
template <int Size>
INGOT_ALWAYS void put_codes(const AffineGroups<Size>& groups, const AffineRule& rule, const float* x,
                            std::uint8_t* codes) {
  for (int g = 0; g < 16; ++g) {
    const float s = groups.d[g] * groups.scale[g], m = groups.dmin[g] * groups.min[g], inverse = s > 0 ? 1 / s : 0;
    for (int k = Size * g; k < Size * (g + 1); k += lanes)
      put_bytes(code_of((load(x + k) + m) * inverse, 0, rule.levels), codes + k);
  }
}

}  // namespace
}  // namespace ingot::blocks
