#include "backends/reference/kernels.h"

namespace ingot {

void register_reference(KernelTable& table) {
  using namespace reference;
  table.set(Op::unary, Column::reference, unary_kernel);
  table.set(Op::binary, Column::reference, binary_kernel);
  table.set(Op::copy, Column::reference, copy_kernel);
  table.set(Op::softmax, Column::reference, softmax_kernel);
  table.set(Op::rms_norm, Column::reference, rms_norm_kernel);
  table.set(Op::argmax, Column::reference, argmax_kernel);
  table.set(Op::matmul, Column::reference, matmul_kernel);
  table.set(Op::linear, Column::reference, linear_kernel);
  table.set(Op::embedding, Column::reference, embedding_kernel);
  table.set(Op::rope, Column::reference, rope_kernel);
  table.set(Op::attention, Column::reference, attention_kernel);
  table.set(Op::quantize, Column::reference, quantize_kernel);
  table.set(Op::dequantize, Column::reference, dequantize_kernel);
}

}  // namespace ingot
