#include "backends/cpu/kernels.h"
#include "backends/cpu/simd/limit_targets.h"

namespace ingot {

void register_cpu(KernelTable& table) {
  using namespace cpu;
  limit_vector_targets();
  table.set(Op::unary, Column::cpu, unary_kernel);
  table.set(Op::binary, Column::cpu, binary_kernel);
  table.set(Op::copy, Column::cpu, copy_kernel);
  table.set(Op::softmax, Column::cpu, softmax_kernel);
  table.set(Op::rms_norm, Column::cpu, rms_norm_kernel);
  table.set(Op::argmax, Column::cpu, argmax_kernel);
  table.set(Op::matmul, Column::cpu, matmul_kernel);
  table.set(Op::linear, Column::cpu, linear_kernel);
  table.set(Op::embedding, Column::cpu, embedding_kernel);
  table.set(Op::rope, Column::cpu, rope_kernel);
  table.set(Op::attention, Column::cpu, attention_kernel);
  table.set(Op::quantize, Column::cpu, quantize_kernel);
  table.set(Op::dequantize, Column::cpu, dequantize_kernel);
}

}  // namespace ingot
