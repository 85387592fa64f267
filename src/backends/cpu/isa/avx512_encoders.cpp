// The encoders that search, for AVX-512 (F, BW, DQ, VL).
#include "backends/cpu/isa/k_encoders.h"
#if defined(__GNUC__) && !defined(__clang__)
// GCC's own AVX-512 intrinsics start from "undefined" vectors that -Wmaybe-uninitialized takes for ours (bug 105593).
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "quant/blocks/group_encode.h"

namespace ingot::cpu {
const KEncoders avx512_encoders = {blocks::encode_q2_k,   blocks::encode_q3_k, blocks::encode_q4_k,
                                   blocks::encode_q5_k,   blocks::encode_q6_k, blocks::encode_iq4_nl,
                                   blocks::encode_iq4_xs, blocks::encode_q4_0, blocks::encode_q4_1,
                                   blocks::encode_q5_0,   blocks::encode_q5_1};
}  // namespace ingot::cpu
