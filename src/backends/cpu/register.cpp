#include "backends/cpu/kernels.h"
#include "backends/cpu/simd/limit_targets.h"

namespace ingot {

void register_cpu(KernelTable& table) {
  using namespace cpu;
  limit_vector_targets();
#define INGOT_X(id) table.set(Op::id, Column::cpu, id##_kernel);
  INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X
}

}  // namespace ingot
