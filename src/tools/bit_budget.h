// Types of tensors by their measured errors, under a budget of bits.
#pragma once

#include "tools/quantize_types.h"

namespace ingot {

/// What each type makes of one tensor.
struct Candidate {
  TensorType type;
  std::uint64_t bytes = 0;
  double error = 0;  // Σ w (x − y)² / Σ w x², with the importance of its column for w
};

/// The errors of every type that fits the tensor's rows, all of it encoded and decoded in pieces. `importance`: as
/// ImportanceMatrix::of gives it, or undefined.
std::vector<Candidate> measure_candidates(const OutputTensor& tensor, const Tensor& importance);

/// One candidate of each tensor, so that Σ weight · error becomes small and the bytes stay within `budget`: from the
/// smallest types on, always the change that wins the most for its bytes. Throws invalid_argument, with the bytes the
/// smallest types take, where these are too many already.
std::vector<std::size_t> choose_within(const std::vector<std::vector<Candidate>>& tensors,
                                       const std::vector<double>& weights, std::uint64_t budget);

}  // namespace ingot
