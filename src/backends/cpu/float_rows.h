// Products of plain rows that both run along k: what linear and matmul share.
#pragma once

#include <memory>

#include "ingot/tensor.h"

namespace ingot::cpu {

/// Where f32 results of a row-major (m, n) output go: into it, or beside it until finish() converts them.
class FloatOutput {
 public:
  explicit FloatOutput(const Tensor& out);
  float* data() noexcept { return data_; }
  void finish();

 private:
  const Tensor& out_;
  std::unique_ptr<float[]> beside_;
  float* data_;
};

/// out (m, n) = x (m, k) · weightᵀ for weight (n, k); all floating, out row-major, the others with any strides, none
/// empty. f64 on either side is computed in f64, everything else with f32 accumulators. An output's bits depend on its
/// two rows only.
void multiply_rows(const Tensor& x, const Tensor& weight, const Tensor& out);

}  // namespace ingot::cpu
