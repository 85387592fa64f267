// What this processor can do, by its feature bits (cpuid, hwcap), never by its model number.
#pragma once

#include "ingot/device.h"

namespace ingot {

struct CpuFeatures {
  bool avx2 = false, fma = false, f16c = false;                  // with the OS saving ymm
  bool avx512 = false;                                           // F, BW, DQ, VL, with the OS saving zmm
  bool avx512_vnni = false, avx512_vbmi = false, avx_vnni = false;
  bool amx_int8 = false;
  bool neon = false, dotprod = false, i8mm = false, fp16 = false;
};

/// Read once. INGOT_CPU=avx2|avx512|avx512-vnni|baseline lowers it, for tests and comparisons.
const CpuFeatures& cpu_features() noexcept;

Capabilities detect_cpu();

}  // namespace ingot
