// The dot-product kernels of one instruction set, as a table of plain functions: what crosses from the common code to
// the units of this folder. Those units are compiled with wide instructions, so they include nothing whose inline
// functions the linker might share with common code: no standard containers, no tensors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot::cpu {

/// Block formats with an integer dot product. I2_S: rows in the x86 packing, each a multiple of 128 elements.
enum class DotFormat : std::uint8_t { q4_0, q4_1, q5_0, q5_1, q8_0, tq1_0, tq2_0, i2_s };

enum class FloatFormat : std::uint8_t { f32, f16, bf16 };

/// n rows of weights.
struct WeightRows {
  const void* data;
  std::ptrdiff_t stride;  // bytes between rows
  std::int64_t count;
  float scale;  // of the whole tensor (I2_S), else 1
};

struct DotKernels {
  const char* name;

  // Integer dot products. An activation row is first brought into int8 in the order in which the kernel of the weights'
  // format wants it: blocks of 32 with an f32 scale each (largest |x| / 127), or, with `per_row`, one scale
  // max(largest |x|, 1e-5) / 127. Codes lie in −127 … 127 and are rounded half to even. A row (a block without
  // `per_row`) that holds NaN or infinity makes every product NaN.

  /// Bytes of a prepared row of k elements; a multiple of 64. k is a multiple of 32, and of the format's block.
  std::size_t (*prepared_bytes)(DotFormat format, std::int64_t k);
  /// `out` is aligned to 64.
  void (*prepare)(DotFormat format, const float* x, std::int64_t k, bool per_row, std::byte* out);
  /// out[c · out_stride + r] = weight row r · activation row c. An output's bits depend on its two rows only, not on
  /// the number of others. `per_row` as at prepare().
  void (*dot)(DotFormat format, const WeightRows& weights, const std::byte* prepared, std::size_t prepared_stride,
              std::int64_t columns, std::int64_t k, bool per_row, float* out, std::ptrdiff_t out_stride);

  /// The same for plain weights and f32 activations, f32 accumulators. Rows need no alignment beyond their elements'.
  void (*dot_float)(FloatFormat format, const WeightRows& weights, const float* x, std::ptrdiff_t x_stride,
                    std::int64_t columns, std::int64_t k, float* out, std::ptrdiff_t out_stride);
};

extern const DotKernels baseline_kernels;
#if defined(__x86_64__)
extern const DotKernels avx2_kernels, avx512_kernels, avx512_vnni_kernels;
#elif defined(__aarch64__)
extern const DotKernels neon_kernels;
#endif

}  // namespace ingot::cpu
