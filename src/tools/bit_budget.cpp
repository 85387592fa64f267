#include "tools/bit_budget.h"

#include <algorithm>
#include <numeric>

#include "core/fail.h"
#include "core/parallel.h"
#include "formats/plan.h"
#include "ingot/ops.h"
#include "ops/quantize.h"
#include "tools/output_rows.h"

namespace ingot {
namespace {

constexpr std::int64_t piece_elements = 1 << 16;

// In ascending order of bytes. Ternary ones cost nothing where weights are ternary, and lose everywhere else.
constexpr Scheme wide[] = {Scheme::tq1_0, Scheme::tq2_0, Scheme::q2_k, Scheme::q3_k, Scheme::iq4_xs,
                           Scheme::q4_k,  Scheme::q5_k,  Scheme::q6_k, Scheme::q8_0};
constexpr Scheme narrow[] = {Scheme::iq4_nl, Scheme::q4_1, Scheme::q5_0, Scheme::q5_1, Scheme::q8_0};

std::vector<TensorType> types_for(std::int64_t row) {
  std::vector<TensorType> types;
  if (row % 256 == 0)
    types.assign(std::begin(wide), std::end(wide));
  else if (row % 32 == 0)
    types.assign(std::begin(narrow), std::end(narrow));
  types.emplace_back(DType::f16);
  return types;
}

Tensor converted_to(const TensorType& type, const Tensor& x, const Tensor& importance, const std::string& name) {
  if (const auto* dtype = std::get_if<DType>(&type)) return astype(astype(x, *dtype), DType::f32);
  const Scheme scheme = std::get<Scheme>(type);
  return dequantize(importance.defined() ? quantize_weighted(x, scheme, importance, name) : quantize(x, scheme, name));
}

// Σ w (x − y)²; y undefined: Σ w x².
double weighted_squares(const Tensor& x, const Tensor& y, const Tensor& w) {
  const float* from = x.data<float>();
  const float* other = y.defined() ? y.data<float>() : nullptr;
  const float* weights = w.defined() ? w.data<float>() : nullptr;
  const std::int64_t columns = x.size(-1), rows = x.size(0);
  const bool shared = w.defined() && w.rank() == 1;
  double sum = 0;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t c = 0; c < columns; ++c) {
      const std::int64_t i = row * columns + c;
      const double miss = other ? double{from[i]} - other[i] : from[i];
      sum += (weights ? weights[shared ? c : i] : 1.0) * miss * miss;
    }
  return sum;
}

}  // namespace

std::vector<Candidate> measure_candidates(const OutputTensor& tensor, const Tensor& importance) {
  const RowLayout layout = row_layout(tensor);
  std::vector<Candidate> candidates;
  for (const TensorType& type : types_for(layout.columns)) {
    OutputTensor as = tensor;
    as.encoding = std::holds_alternative<Scheme>(type) ? Encoding::of(std::get<Scheme>(type)) : nullptr;
    as.dtype = as.encoding ? DType::f32 : std::get<DType>(type);
    candidates.push_back({type, as.nbytes()});
  }
  const std::int64_t step = std::max<std::int64_t>(1, piece_elements / layout.columns / layout.unit) * layout.unit;
  const std::int64_t pieces = (layout.rows + step - 1) / step;
  if (layout.rows > 0)
    tensor.rows(0, std::min(layout.rows, layout.unit));  // what all rows share, before threads wait for it
  std::vector<std::vector<double>> sums(static_cast<std::size_t>(pieces));  // of x, then of each candidate
  parallel_for(pieces, 1, [&](std::int64_t piece, std::int64_t) {
    const SerialScope serial;
    const std::int64_t first = piece * step, last = std::min(layout.rows, first + step);
    const Tensor rows = tensor.rows(first, last);
    const Tensor x = contiguous(rows.is_quantized() ? dequantize(rows) : astype(rows, DType::f32));
    const Tensor w = importance_of_rows(importance, layout.rows, first, last);
    std::vector<double>& of_piece = sums[static_cast<std::size_t>(piece)];
    of_piece.push_back(weighted_squares(x, {}, w));
    for (const Candidate& candidate : candidates)
      of_piece.push_back(weighted_squares(x, converted_to(candidate.type, x, w, tensor.name), w));
  });
  std::vector<double> all(candidates.size() + 1);
  for (const std::vector<double>& of_piece : sums)
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += of_piece[i];
  for (std::size_t i = 0; i < candidates.size(); ++i) candidates[i].error = all[0] > 0 ? all[i + 1] / all[0] : 0;
  return candidates;
}

std::vector<std::size_t> choose_within(const std::vector<std::vector<Candidate>>& tensors,
                                       const std::vector<double>& weights, std::uint64_t budget) {
  std::vector<std::size_t> chosen(tensors.size());
  std::uint64_t used = 0;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    chosen[t] =
        static_cast<std::size_t>(std::ranges::min_element(tensors[t], {}, &Candidate::bytes) - tensors[t].begin());
    used += tensors[t][chosen[t]].bytes;
  }
  if (used > budget)
    fail(ErrorCode::invalid_argument, "quantize", "a budget of {} bytes: the smallest types take {}", budget, used);
  while (true) {
    double best = 0;
    std::size_t tensor = 0, candidate = 0;
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      const Candidate& now = tensors[t][chosen[t]];
      for (std::size_t c = 0; c < tensors[t].size(); ++c) {
        const Candidate& next = tensors[t][c];
        if (next.error >= now.error || next.bytes > budget - used + now.bytes) continue;
        const double cost = next.bytes > now.bytes ? static_cast<double>(next.bytes - now.bytes) : 0.5;
        const double rate = weights[t] * (now.error - next.error) / cost;
        if (rate > best) best = rate, tensor = t, candidate = c;
      }
    }
    if (best == 0) return chosen;
    used += tensors[tensor][candidate].bytes - tensors[tensor][chosen[tensor]].bytes;
    chosen[tensor] = candidate;
  }
}

}  // namespace ingot
