#include "models/experts.h"

#include "ingot/ops.h"

namespace ingot {

Tensor mixture_of_experts(const Tensor& x, const Experts& experts, std::int64_t used, bool normalize) {
  const TopK chosen = topk(softmax(linear(x, experts.router)), used);
  const Tensor weights = normalize ? divide(chosen.values, sum(chosen.values, -1, true)) : chosen.values;

  // Choice c = token · used + rank. Each expert takes its tokens together; their results lie one expert behind another.
  const Tensor choices = contiguous(chosen.indices);
  const auto* expert_of = choices.data<std::int64_t>();
  std::vector<std::vector<std::int64_t>> choices_of(experts.gate.size());
  for (std::int64_t c = 0; c < choices.numel(); ++c) choices_of[static_cast<std::size_t>(expert_of[c])].push_back(c);

  const Tensor places = Tensor::empty(choices.shape(), DType::i64);
  std::vector<Tensor> results;
  std::int64_t place = 0;
  for (std::size_t e = 0; e < choices_of.size(); ++e) {
    if (choices_of[e].empty()) continue;
    for (std::int64_t& c : choices_of[e]) {
      places.mutable_data<std::int64_t>()[c] = place++;
      c /= used;
    }
    const Tensor rows = take(x, Tensor::from(std::span<const std::int64_t>(choices_of[e])), 0);
    const Tensor hidden = multiply(silu(linear(rows, experts.gate[e])), linear(rows, experts.up[e]));
    results.push_back(linear(hidden, experts.down[e]));
  }
  return sum(multiply(take(concat(results), places, 0), weights.unsqueeze(-1)), 1);
}

}  // namespace ingot
