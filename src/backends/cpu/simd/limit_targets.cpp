#include <hwy/targets.h>

#include "backends/cpu/features.h"
#include "backends/cpu/simd/limit_targets.h"

namespace ingot::cpu {

void limit_vector_targets() {
  // Highway asks cpuid itself, so it must be told of a level that INGOT_CPU lowered. Its baseline cannot be disabled.
  std::uint32_t disabled = 0;
#if HWY_ARCH_X86
  const CpuFeatures& features = cpu_features();
  if (!features.avx512) disabled |= HWY_AVX3 | HWY_AVX3_DL;
  if (!features.avx2) disabled |= HWY_AVX2;
#endif
  if (disabled != 0) hwy::DisableTargets(disabled);
}

}  // namespace ingot::cpu
