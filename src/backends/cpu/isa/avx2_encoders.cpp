// The encoders that search, for AVX2.
#include "backends/cpu/isa/k_encoders.h"
#include "quant/blocks/group_encode.h"

namespace ingot::cpu {
const KEncoders avx2_encoders = {blocks::encode_q2_k, blocks::encode_q3_k,   blocks::encode_q4_k,   blocks::encode_q5_k,
                                 blocks::encode_q6_k, blocks::encode_iq4_nl, blocks::encode_iq4_xs, blocks::encode_q4_0,
                                 blocks::encode_q4_1, blocks::encode_q5_0,   blocks::encode_q5_1};
}  // namespace ingot::cpu
