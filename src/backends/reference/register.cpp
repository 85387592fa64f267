#include "backends/reference/kernels.h"

namespace ingot {

void register_reference(KernelTable& table) {
  using namespace reference;
#define INGOT_X(id) table.set(Op::id, Column::reference, id##_kernel);
  INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X
}

}  // namespace ingot
