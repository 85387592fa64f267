// The cpu column: vectorised and threaded; what each kernel takes is in ops/params.h.
#pragma once

#include "device/kernel_table.h"

namespace ingot::cpu {

void unary_kernel(const Call& call);
void binary_kernel(const Call& call);
void copy_kernel(const Call& call);
void softmax_kernel(const Call& call);
void rms_norm_kernel(const Call& call);
void argmax_kernel(const Call& call);
void rope_kernel(const Call& call);
void attention_kernel(const Call& call);
void matmul_kernel(const Call& call);
void linear_kernel(const Call& call);
void embedding_kernel(const Call& call);
void quantize_kernel(const Call& call);
void dequantize_kernel(const Call& call);

}  // namespace ingot::cpu
