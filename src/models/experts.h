// Feed-forward layers that are a choice of experts (Shazeer et al. 2017, arXiv:1701.06538; Mixtral: 2401.04088).
#pragma once

#include <vector>

#include "ingot/tensor.h"

namespace ingot {

struct Experts {
  Tensor router;                       // (experts, hidden)
  std::vector<Tensor> gate, up, down;  // (ffn, hidden), (ffn, hidden), (hidden, ffn) of each expert
};

/// x (T, hidden) → (T, hidden): of each token the `used` experts that the router finds likeliest, each a SwiGLU layer,
/// added up with their probabilities; with these divided by their sum where `normalize`. Experts that no token chose
/// are not read.
Tensor mixture_of_experts(const Tensor& x, const Experts& experts, std::int64_t used, bool normalize);

}  // namespace ingot
