#include "backends/reference/kernels.h"

namespace ingot {

void register_reference(KernelTable& table) {
  using namespace reference;
  table.set(Op::quantize, Column::reference, quantize_kernel);
  table.set(Op::dequantize, Column::reference, dequantize_kernel);
}

}  // namespace ingot
