// The cpu column: vectorised and threaded; what each kernel takes is in ops/params.h.
#pragma once

#include "device/kernel_table.h"

namespace ingot::cpu {

#define INGOT_X(id) void id##_kernel(const Call& call);
INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X

}  // namespace ingot::cpu
