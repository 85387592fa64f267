// The reference column: scalar code with double accumulators, the oracle of every other column.
#pragma once

#include "device/kernel_table.h"

namespace ingot::reference {

void quantize_kernel(const Call& call);
void dequantize_kernel(const Call& call);

}  // namespace ingot::reference
