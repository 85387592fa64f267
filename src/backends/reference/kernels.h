// The reference column: scalar code with double accumulators, the oracle of every other column.
#pragma once

#include "device/kernel_table.h"

namespace ingot::reference {

void unary_kernel(const Call& call);
void binary_kernel(const Call& call);
void copy_kernel(const Call& call);
void softmax_kernel(const Call& call);
void rms_norm_kernel(const Call& call);
void argmax_kernel(const Call& call);
void matmul_kernel(const Call& call);
void linear_kernel(const Call& call);
void embedding_kernel(const Call& call);
void rope_kernel(const Call& call);
void attention_kernel(const Call& call);
void quantize_kernel(const Call& call);
void dequantize_kernel(const Call& call);

}  // namespace ingot::reference
