#include "backends/reference/kernels.h"

namespace ingot {

void register_reference(KernelTable& table) {
  using namespace reference;
  (void)table;
}

}  // namespace ingot
