// The reference column: scalar code with double accumulators, the oracle of every other column.
#pragma once

#include "device/kernel_table.h"

namespace ingot::reference {

#define INGOT_X(id) void id##_kernel(const Call& call);
INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X

}  // namespace ingot::reference
