// The K-quants' encoders for AVX2.
#include "backends/cpu/isa/k_encoders.h"
#include "quant/blocks/k_encode.h"

namespace ingot::cpu {
const KEncoders avx2_encoders = {blocks::encode_q2_k, blocks::encode_q3_k, blocks::encode_q4_k, blocks::encode_q5_k,
                                 blocks::encode_q6_k};
}  // namespace ingot::cpu
