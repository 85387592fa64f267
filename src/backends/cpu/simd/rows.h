// Kernels over contiguous rows, one version for each instruction set, chosen at start by cpuid. Strides, shapes and
// threads are the callers' business (the other files of backends/cpu).
#pragma once

#include <cstddef>
#include <cstdint>

#include "ingot/dtype.h"
#include "ops/elementwise.h"

namespace ingot::cpu {

/// out[i] = f(in[0][i], in[1][i], in[2][i]), as many as the operation has operands; out may be one of them. Predicates
/// write bool. `stream`: rows of floats go past the caches; out is then aligned to 64 bytes.
using ElementwiseRow = void (*)(const void* const* in, void* out, std::size_t n, bool stream);
/// out[i] = in[0][i] ? in[1][i] : in[2][i], the first bool.
using SelectRow = void (*)(const void* const* in, void* out, std::size_t n);
/// Elements of one dtype to another.
using ConvertRow = void (*)(const void* from, void* to, std::size_t n);

/// One for each translation unit; `dtype` is bool or an integer from 8 bits on.
ElementwiseRow elementwise_row_f32(ElementwiseOp op);
ElementwiseRow elementwise_row_f64(ElementwiseOp op);
ElementwiseRow elementwise_row_integers(ElementwiseOp op, DType dtype);
/// `computed`: bool, f32, f64 or an integer from 8 bits on.
inline ElementwiseRow elementwise_row(ElementwiseOp op, DType computed) {
  if (computed == DType::f32) return elementwise_row_f32(op);
  return computed == DType::f64 ? elementwise_row_f64(op) : elementwise_row_integers(op, computed);
}
/// width: bytes of an element, 1 to 8.
SelectRow select_row(std::size_t width);
/// Between f16, bf16, f32 and f64; null for pairs that have no vector version.
ConvertRow convert_row(DType from, DType to);

/// A copy that leaves the caches alone.
void stream_bytes(const void* from, void* to, std::size_t bytes);
/// What was streamed is seen by other threads after this.
void stream_fence();

/// exp(x − max) / Σ; out may be x. T: float, double.
template <class T>
void softmax_row(const T* x, T* out, std::size_t n);
/// x / √(mean(x²) + eps) · weight; out may be x.
template <class T>
void rms_norm_row(const T* x, const T* weight, T* out, std::size_t n, double eps);
/// Turns the pairs of a row by their angles: `pairs` cosines and sines. out may be x.
template <class T>
void rope_row(const T* x, T* out, std::size_t pairs, const T* cosines, const T* sines, bool interleaved);

}  // namespace ingot::cpu
