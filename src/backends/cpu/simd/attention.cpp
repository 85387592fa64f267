#include "backends/cpu/simd/attention.h"

#include <algorithm>

#include "backends/cpu/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/attention.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

// result[r][c …] = result[r][c …] · factor[r] + Σ_j weight[j][r] · v[j][c …], for R rows and C vectors of columns, all
// held in registers. Weights of one key lie `key_step` apart, of one row `row_step`.
template <int R, int C, class T>
HWY_INLINE void accumulate(T* result, std::int64_t width, const T* factor, const T* weight, std::int64_t key_step,
                           std::int64_t row_step, const T* v, std::int64_t v_stride, std::int64_t n) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  hn::Vec<decltype(d)> sum[R][C];
  HWY_UNROLL(8)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(8)
    for (int c = 0; c < C; ++c)
      sum[r][c] = hn::Mul(hn::LoadU(d, result + r * width + c * lanes), hn::Set(d, factor[r]));
  }
  for (std::int64_t j = 0; j < n; ++j) {
    hn::Vec<decltype(d)> value[C];
    HWY_UNROLL(8)
    for (int c = 0; c < C; ++c) value[c] = hn::LoadU(d, v + j * v_stride + c * lanes);
    HWY_UNROLL(8)
    for (int r = 0; r < R; ++r) {
      const auto w = hn::Set(d, weight[j * key_step + r * row_step]);
      HWY_UNROLL(8)
      for (int c = 0; c < C; ++c) sum[r][c] = hn::MulAdd(w, value[c], sum[r][c]);
    }
  }
  HWY_UNROLL(8)
  for (int r = 0; r < R; ++r) {
    HWY_UNROLL(8)
    for (int c = 0; c < C; ++c) hn::StoreU(sum[r][c], d, result + r * width + c * lanes);
  }
}

template <int R, class T>
void accumulate_row(T* result, std::int64_t width, const T* factor, const T* weight, std::int64_t key_step,
                    std::int64_t row_step, const T* v, std::int64_t v_stride, std::int64_t n) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<T>()));
  std::int64_t c = 0;
  for (; c + 4 * lanes <= width; c += 4 * lanes)
    accumulate<R, 4>(result + c, width, factor, weight, key_step, row_step, v + c, v_stride, n);
  for (; c < width; c += lanes)
    accumulate<R, 1>(result + c, width, factor, weight, key_step, row_step, v + c, v_stride, n);
}

// scores[j][r] = Σ_d k[j][d] · q[d][r] for K keys: one vector of rows stays in a register for each key.
template <int K, class T>
HWY_INLINE void score_keys(const AttentionBlock<T>& block, const T* k, std::int64_t k_stride, T* scores,
                           std::int64_t row) {
  const hn::ScalableTag<T> d;
  hn::Vec<decltype(d)> sum[K];
  HWY_UNROLL(8)
  for (int j = 0; j < K; ++j) sum[j] = hn::Zero(d);
  const T* q = block.q.data() + row;
  for (std::int64_t i = 0; i < block.width; ++i, q += block.padded_rows) {
    const auto query = hn::LoadU(d, q);
    HWY_UNROLL(8)
    for (int j = 0; j < K; ++j) sum[j] = hn::MulAdd(hn::Set(d, k[j * k_stride + i]), query, sum[j]);
  }
  HWY_UNROLL(8)
  for (int j = 0; j < K; ++j) hn::StoreU(sum[j], d, scores + j * block.padded_rows + row);
}

template <class T>
void tile_by_lanes(AttentionBlock<T>& block, const T* k, std::int64_t k_stride, const T* v, std::int64_t v_stride,
                   std::int64_t key, std::int64_t n) {
  const hn::ScalableTag<T> d;
  using N = Number<T>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t rows = block.padded_rows;
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  T* scores = block.scores.data();
  for (std::int64_t row = 0; row < rows; row += lanes) {
    std::int64_t j = 0;
    for (; j + 8 <= n; j += 8) score_keys<8>(block, k + j * k_stride, k_stride, scores + j * rows, row);
    for (; j < n; ++j) score_keys<1>(block, k + j * k_stride, k_stride, scores + j * rows, row);
  }
  if (!block.mask.empty())
    for (std::int64_t i = 0; i < n * rows; i += lanes)
      store(load(scores + i) + load(block.mask.data() + i), scores + i);
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const auto at = static_cast<std::size_t>(r);
    const std::int64_t first = std::clamp<std::int64_t>(block.first[at] - key, 0, n);
    const std::int64_t last = std::clamp<std::int64_t>(block.last[at] - key, 0, n);
    for (std::int64_t j = 0; j < first; ++j) scores[j * rows + r] = lowest;
    for (std::int64_t j = last; j < n; ++j) scores[j * rows + r] = lowest;
  }
  HWY_ALIGN T factors[attention_rows];
  for (std::int64_t row = 0; row < rows; row += lanes) {
    const N before = load(block.largest.data() + row);
    N largest = before;
    for (std::int64_t j = 0; j < n; ++j) largest = max(largest, load(scores + j * rows + row));
    // A row that has seen no key yet: any finite reference gives weights of 0.
    const N reference = hn::IfThenElse(hn::Eq(largest.v, hn::Set(d, lowest)), hn::Zero(d), largest.v);
    const N factor = exp(before - reference);
    N sum = load(block.sum.data() + row) * factor;
    for (std::int64_t j = 0; j < n; ++j) {
      const N weight = exp(load(scores + j * rows + row) - reference);
      store(weight, scores + j * rows + row);
      sum = sum + weight;
    }
    store(largest, block.largest.data() + row);
    store(sum, block.sum.data() + row);
    store(factor, factors + row);
  }
  std::int64_t r = 0;
  for (; r + 4 <= block.rows; r += 4)
    accumulate_row<4>(block.result.data() + r * block.padded_width, block.padded_width, factors + r, scores + r, rows,
                      1, v, v_stride, n);
  for (; r < block.rows; ++r)
    accumulate_row<1>(block.result.data() + r * block.padded_width, block.padded_width, factors + r, scores + r, rows,
                      1, v, v_stride, n);
}

// Four dot products of one query with four keys.
template <class T>
HWY_INLINE void dot4(const T* q, const T* k, std::int64_t k_stride, std::int64_t width, T* out) {
  const hn::ScalableTag<T> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  for (std::int64_t i = 0; i < width; i += lanes) {
    const auto query = hn::LoadU(d, q + i);
    s0 = hn::MulAdd(query, hn::LoadU(d, k + i), s0);
    s1 = hn::MulAdd(query, hn::LoadU(d, k + k_stride + i), s1);
    s2 = hn::MulAdd(query, hn::LoadU(d, k + 2 * k_stride + i), s2);
    s3 = hn::MulAdd(query, hn::LoadU(d, k + 3 * k_stride + i), s3);
  }
  out[0] = hn::GetLane(hn::SumOfLanes(d, s0));
  out[1] = hn::GetLane(hn::SumOfLanes(d, s1));
  out[2] = hn::GetLane(hn::SumOfLanes(d, s2));
  out[3] = hn::GetLane(hn::SumOfLanes(d, s3));
}

template <class T>
void tile_by_rows(AttentionBlock<T>& block, const T* k, std::int64_t k_stride, const T* v, std::int64_t v_stride,
                  std::int64_t key, std::int64_t n) {
  const hn::ScalableTag<T> d;
  using N = Number<T>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  constexpr T lowest = -std::numeric_limits<T>::infinity();
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const auto at = static_cast<std::size_t>(r);
    T* scores = block.scores.data() + r * attention_keys;
    const T* q = block.q.data() + r * block.padded_width;
    std::int64_t j = 0;
    for (; j + 4 <= n; j += 4) dot4(q, k + j * k_stride, k_stride, block.padded_width, scores + j);
    for (; j < n; ++j) {
      auto s = hn::Zero(d);
      for (std::int64_t i = 0; i < block.padded_width; i += lanes)
        s = hn::MulAdd(hn::LoadU(d, q + i), hn::LoadU(d, k + j * k_stride + i), s);
      scores[j] = hn::GetLane(hn::SumOfLanes(d, s));
    }
    if (!block.mask.empty()) {
      const T* mask = block.mask.data() + r * attention_keys;
      for (j = 0; j < attention_keys; j += lanes) store(load(scores + j) + load(mask + j), scores + j);
    }
    // attention_keys is a multiple of every vector: keys past n count as unseen.
    std::fill(scores, scores + std::clamp<std::int64_t>(block.first[at] - key, 0, n), lowest);
    std::fill(scores + std::clamp<std::int64_t>(block.last[at] - key, 0, n), scores + attention_keys, lowest);

    N largest = block.largest[at];
    for (j = 0; j < attention_keys; j += lanes) largest = max(largest, load(scores + j));
    HWY_ALIGN T parts[hn::MaxLanes(hn::ScalableTag<T>())];
    store(largest, parts);
    Element<T> most = lowest;
    for (std::int64_t i = 0; i < lanes; ++i) most = max(most, Element<T>(parts[i]));
    const T reference = most.value == lowest ? T{0} : most.value;
    const T factor = hn::GetLane(exp(N(block.largest[at]) - N(reference)).v);
    N sum = 0;
    for (j = 0; j < attention_keys; j += lanes) {
      const N weight = exp(load(scores + j) - N(reference));
      store(weight, scores + j);
      sum = sum + weight;
    }
    block.largest[at] = most.value;
    block.sum[at] = block.sum[at] * factor + hn::GetLane(hn::SumOfLanes(d, sum.v));
    accumulate_row<1>(block.result.data() + r * block.padded_width, block.padded_width, &factor, scores, 1, 1, v,
                      v_stride, n);
  }
}

void tile_f32(AttentionBlock<float>& block, const float* k, std::int64_t k_stride, const float* v,
              std::int64_t v_stride, std::int64_t key, std::int64_t n) {
  if (block.few)
    tile_by_rows(block, k, k_stride, v, v_stride, key, n);
  else
    tile_by_lanes(block, k, k_stride, v, v_stride, key, n);
}

void tile_f64(AttentionBlock<double>& block, const double* k, std::int64_t k_stride, const double* v,
              std::int64_t v_stride, std::int64_t key, std::int64_t n) {
  if (block.few)
    tile_by_rows(block, k, k_stride, v, v_stride, key, n);
  else
    tile_by_lanes(block, k, k_stride, v, v_stride, key, n);
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(tile_f32);
HWY_EXPORT(tile_f64);

template <>
void attention_tile<float>(AttentionBlock<float>& block, const float* k, std::int64_t k_stride, const float* v,
                           std::int64_t v_stride, std::int64_t key, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(tile_f32)(block, k, k_stride, v, v_stride, key, n);
}
template <>
void attention_tile<double>(AttentionBlock<double>& block, const double* k, std::int64_t k_stride, const double* v,
                            std::int64_t v_stride, std::int64_t key, std::int64_t n) {
  HWY_DYNAMIC_DISPATCH(tile_f64)(block, k, k_stride, v, v_stride, key, n);
}

}  // namespace ingot::cpu
#endif
