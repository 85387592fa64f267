// Kernels over contiguous rows, one version for each instruction set, chosen at start by cpuid. Strides, shapes and
// threads are the callers' business (the other files of backends/cpu).
#pragma once

#include <cstddef>
#include <cstdint>

#include "ingot/dtype.h"
#include "ops/elementwise.h"

namespace ingot::cpu {

/// out[i] = f(x[i]); out may be x.
using UnaryRow = void (*)(const void* x, void* out, std::size_t n);
/// out[i] = f(a[i] or a[0], b[i] or b[0]): an operand that does not step is one element for the whole row.
using BinaryRow = void (*)(const void* a, bool a_steps, const void* b, bool b_steps, void* out, std::size_t n);
/// Elements of one dtype to another.
using ConvertRow = void (*)(const void* from, void* to, std::size_t n);

UnaryRow unary_row(UnaryOp op, DType dtype);
BinaryRow binary_row(BinaryOp op, DType dtype);
/// Between f16, bf16, f32 and f64; null for pairs that have no vector version.
ConvertRow convert_row(DType from, DType to);

/// exp(x − max) / Σ; out may be x. T: float, double.
template <class T>
void softmax_row(const T* x, T* out, std::size_t n);
/// x / √(mean(x²) + eps) · weight; out may be x.
template <class T>
void rms_norm_row(const T* x, const T* weight, T* out, std::size_t n, double eps);
/// Index of the first largest element or of the first NaN. n ≥ 1.
template <class T>
std::size_t argmax_row(const T* x, std::size_t n);
/// Turns the pairs of a row by their angles: `pairs` cosines and sines. out may be x.
template <class T>
void rope_row(const T* x, T* out, std::size_t pairs, const T* cosines, const T* sines, bool interleaved);

}  // namespace ingot::cpu
