// AVX-512 with VNNI.
#define INGOT_VNNI
#include "backends/cpu/isa/avx512_ops.h"
#include "backends/cpu/isa/dot_impl.h"

namespace ingot::cpu {
const DotKernels avx512_vnni_kernels = INGOT_DOT_KERNELS("avx512-vnni");
}  // namespace ingot::cpu
