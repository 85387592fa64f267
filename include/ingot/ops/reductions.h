// Statistics: sums, extremes and norms over any axes.
//
// All take bool, integers from 8 bits on, f16, bf16, f32 and f64, with any strides; the packed and 8-bit float dtypes
// are refused with dtype_mismatch. Reduced axes disappear, or stay with size 1 under `keepdims`. An axis of size 0
// leaves what the formula gives for no elements. f16 and bf16 are summed in f32 and rounded once, at the end.
//
// Errors: a sum of n floats is within (256 + log₂ n)·u·Σ|x| of the exact one, u = 2⁻²⁴ (f64: 2⁻⁵³): blocks of 1024
// elements in at least four chains, or of 64 across rows, are joined in pairs (Higham 2002, 4.2). The order depends on
// shape and strides alone, not on threads.
#pragma once

#include <optional>

#include "ingot/ops/operand.h"

namespace [[gnu::visibility("default")]] ingot {

/// Σ x. bool and integers give i64 or u64 (wrapping), floats their own dtype, unless `dtype` says otherwise (not bool):
/// a float of another kind or width is converted first where that loses less. 0 for no elements.
Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdims = false, std::optional<DType> dtype = {});
/// Π x, with the dtypes of sum. 1 for no elements. Relative error of floats: (256 + log₂ n)·u and the partial products'
/// overflow.
Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdims = false, std::optional<DType> dtype = {});
/// The largest element; NaN where there is one. Throws invalid_argument for no elements.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// The smallest element; NaN where there is one. Throws invalid_argument for no elements.
Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// Σ x / n, in x's dtype; bool and integers give f32. NaN for no elements.
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// Σ (x − mean)² / max(n − correction, 0), in mean's dtype: of a population, or with correction 1 of a sample (Bessel).
/// The mean is computed first, so that nothing cancels.
Tensor var(const Tensor& x, const Axes& axes = {}, double correction = 0, bool keepdims = false);
/// √var.
Tensor std(const Tensor& x, const Axes& axes = {}, double correction = 0, bool keepdims = false);
/// Whether one element is not zero (NaN is not). False for no elements. → bool
Tensor any(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// Whether no element is zero. True for no elements. → bool
Tensor all(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// How many elements are not zero. → i64
Tensor count_nonzero(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// log Σ eˣ without overflow on the way, in x's dtype; bool and integers give f32. −∞ for no elements.
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// (Σ |x|ᵖ)^(1/p) for p = `ord`; the largest magnitude for ∞, the smallest for −∞, the number of elements that are not
/// zero for 0. In x's dtype; bool and integers give f32. The 2-norm neither overflows nor underflows on the way. Throws
/// invalid_argument for NaN, and for no elements where ord is ±∞.
Tensor vector_norm(const Tensor& x, const Axes& axes = {}, bool keepdims = false, double ord = 2);
/// vector_norm with its parameters in the order of PyTorch's norm: never a norm of matrices (matrix_norm).
Tensor norm(const Tensor& x, double ord = 2, const Axes& axes = {}, bool keepdims = false);

/// Σ of the elements up to and including each along `axis`, which a tensor of one dimension needs not name; dtypes as
/// of sum. Floats are summed in f64, so that place i is within i·2⁻⁵³·Σ|x| of the exact sum before it is rounded.
/// include_initial: one element more, 0, at the beginning.
Tensor cumulative_sum(const Tensor& x, std::optional<int> axis = {}, std::optional<DType> dtype = {},
                      bool include_initial = false);
/// Π of the same; the initial element is 1.
Tensor cumulative_prod(const Tensor& x, std::optional<int> axis = {}, std::optional<DType> dtype = {},
                       bool include_initial = false);
/// The n-th differences of neighbours along `axis`: x[i + 1] − x[i], n times; of bools whether they differ. `prepend`
/// and `append` are joined to x first (concat). n ≥ 0.
Tensor diff(const Tensor& x, int axis = -1, int n = 1, const Tensor* prepend = nullptr, const Tensor* append = nullptr);

}  // namespace ingot
