// What this processor can do, by its feature bits (cpuid, hwcap), never by its model number.
#pragma once

#include <cstdint>
#include <string_view>

#include "ingot/device.h"

namespace ingot {

struct CpuFeatures {
  bool avx2 = false, fma = false, f16c = false;  // with the OS saving ymm
  bool avx512 = false;                           // F, BW, DQ, VL, with the OS saving zmm
  bool avx512_vnni = false, avx512_vbmi = false, avx_vnni = false;
  bool amx_int8 = false;  // with the OS saving tiles
  bool neon = false, dotprod = false, i8mm = false, fp16 = false;
};

/// Read once. INGOT_CPU=avx2|avx512|avx512-vnni|baseline lowers it, for tests and comparisons.
const CpuFeatures& cpu_features() noexcept;

/// The sets of dot-product kernels, each a unit of its own in isa/; later ones are better where both are supported.
enum class InstructionSet : std::uint8_t { baseline, neon_dotprod, avx2, avx512, avx512_vnni };

std::string_view to_string(InstructionSet set) noexcept;
/// Whether cpu_features() has what the set's unit is compiled for.
bool supports(InstructionSet set) noexcept;
/// The best supported set.
InstructionSet instruction_set() noexcept;

Capabilities detect_cpu();

}  // namespace ingot
