// More kernels over contiguous rows, as in rows.h: logarithms of softmax and layer norm. T: float, double.
#pragma once

#include <cstddef>

namespace ingot::cpu {

/// x − max − log Σ exp(x − max); out may be x.
template <class T>
void log_softmax_row(const T* x, T* out, std::size_t n);
/// max, and log Σ exp(x − max). n ≥ 1.
template <class T>
void log_sum_exp_row(const T* x, std::size_t n, T* largest, T* log_sum);
/// (x − mean) / √(variance + eps) · weight + bias; out may be x.
template <class T>
void layer_norm_row(const T* x, const T* weight, const T* bias, T* out, std::size_t n, double eps);

}  // namespace ingot::cpu
