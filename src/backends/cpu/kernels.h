// The cpu column: vectorised and threaded; what each kernel takes is in ops/params.h.
#pragma once

#include "device/kernel_table.h"

namespace ingot::cpu {

void quantize_kernel(const Call& call);
void dequantize_kernel(const Call& call);

}  // namespace ingot::cpu
