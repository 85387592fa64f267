// The encoders that search (k_encode.h, group_encode.h), compiled for one instruction set. As with dot_kernels.h,
// nothing here may share inline functions with common code.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot::cpu {

/// n elements, a multiple of the block → blocks; the bytes of src/quant/blocks. Those of the second row want
/// importance.
struct KEncoders {
  using Encoder = void (*)(const float* x, const float* importance, std::int64_t n, std::byte* out);
  Encoder q2_k, q3_k, q4_k, q5_k, q6_k, iq4_nl, iq4_xs;
  Encoder q4_0, q4_1, q5_0, q5_1;
};

#if defined(__x86_64__)
extern const KEncoders avx2_encoders, avx512_encoders;
#endif

}  // namespace ingot::cpu
