#include "backends/cpu/kernels.h"

namespace ingot {

void register_cpu(KernelTable& table) {
  using namespace cpu;
  table.set(Op::quantize, Column::cpu, quantize_kernel);
  table.set(Op::dequantize, Column::cpu, dequantize_kernel);
}

}  // namespace ingot
