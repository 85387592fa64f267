#include "backends/cpu/kernels.h"

namespace ingot {

void register_cpu(KernelTable& table) {
  using namespace cpu;
  (void)table;
}

}  // namespace ingot
