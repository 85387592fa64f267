// The K-quants' encoders, compiled for one instruction set. As with dot_kernels.h, nothing here may share inline
// functions with common code.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot::cpu {

/// n elements, a multiple of 256 → blocks; the bytes of src/quant/blocks.
struct KEncoders {
  void (*q2_k)(const float* x, std::int64_t n, std::byte* out);
  void (*q3_k)(const float* x, std::int64_t n, std::byte* out);
  void (*q4_k)(const float* x, std::int64_t n, std::byte* out);
  void (*q5_k)(const float* x, std::int64_t n, std::byte* out);
  void (*q6_k)(const float* x, std::int64_t n, std::byte* out);
};

#if defined(__x86_64__)
extern const KEncoders avx2_encoders, avx512_encoders;
#endif

}  // namespace ingot::cpu
