#include "backends/cpu/dot.h"

namespace ingot::cpu {

const DotKernels* dot_kernels(InstructionSet set) noexcept {
  if (!supports(set)) return nullptr;
  switch (set) {
    case InstructionSet::baseline: return &baseline_kernels;
#if defined(__x86_64__)
    case InstructionSet::avx2: return &avx2_kernels;
    case InstructionSet::avx512: return &avx512_kernels;
    case InstructionSet::avx512_vnni: return &avx512_vnni_kernels;
#elif defined(__aarch64__)
    case InstructionSet::neon_dotprod: return &neon_kernels;
#endif
    default: return nullptr;
  }
}

const DotKernels& dot_kernels() noexcept {
  static const DotKernels& best = *dot_kernels(instruction_set());
  return best;
}

std::optional<DotFormat> dot_format(Scheme scheme) noexcept {
  switch (scheme) {
    case Scheme::q4_0: return DotFormat::q4_0;
    case Scheme::q4_1: return DotFormat::q4_1;
    case Scheme::q5_0: return DotFormat::q5_0;
    case Scheme::q5_1: return DotFormat::q5_1;
    case Scheme::q8_0: return DotFormat::q8_0;
    case Scheme::tq1_0: return DotFormat::tq1_0;
    case Scheme::tq2_0: return DotFormat::tq2_0;
    case Scheme::i2_s: return DotFormat::i2_s;
    default: return {};
  }
}

std::optional<FloatFormat> float_format(DType dtype) noexcept {
  switch (dtype) {
    case DType::f32: return FloatFormat::f32;
    case DType::f16: return FloatFormat::f16;
    case DType::bf16: return FloatFormat::bf16;
    default: return {};
  }
}

}  // namespace ingot::cpu
