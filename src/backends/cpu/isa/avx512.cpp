// AVX-512 (F, BW, DQ, VL) without VNNI.
#include "backends/cpu/isa/avx512_ops.h"
#include "backends/cpu/isa/dot_impl.h"

namespace ingot::cpu {
const DotKernels avx512_kernels = INGOT_DOT_KERNELS("avx512");
}  // namespace ingot::cpu
