// Quantizing and dequantizing, several rows at a time on several threads.
#include <algorithm>

#include "backends/cpu/features.h"
#include "backends/cpu/isa/k_encoders.h"
#include "backends/cpu/kernels.h"
#include "core/parallel.h"
#include "ops/params.h"
#include "quant/affine.h"
#include "quant/rows.h"

namespace ingot::cpu {
namespace {

// Elements for one task of an affine tensor, which may be one long row; a multiple of eight, so that tasks share no
// byte.
constexpr std::int64_t affine_grain = 1 << 15;

/// The format's own, or the same for wider vectors.
BlockEncoder block_encoder(Scheme scheme, bool weighted) noexcept {
#if defined(__x86_64__)
  const InstructionSet set = instruction_set();
  const KEncoders* wide = set == InstructionSet::avx512 || set == InstructionSet::avx512_vnni ? &avx512_encoders
                          : set == InstructionSet::avx2                                       ? &avx2_encoders
                                                                                              : nullptr;
  if (wide) switch (scheme) {
      case Scheme::q2_k: return wide->q2_k;
      case Scheme::q3_k: return wide->q3_k;
      case Scheme::q4_k: return wide->q4_k;
      case Scheme::q5_k: return wide->q5_k;
      case Scheme::q6_k: return wide->q6_k;
      case Scheme::iq4_nl: return wide->iq4_nl;
      case Scheme::iq4_xs: return wide->iq4_xs;
      case Scheme::q4_0:
        if (weighted) return wide->q4_0;
        break;
      case Scheme::q4_1:
        if (weighted) return wide->q4_1;
        break;
      case Scheme::q5_0:
        if (weighted) return wide->q5_0;
        break;
      case Scheme::q5_1:
        if (weighted) return wide->q5_1;
        break;
      default: break;
    }
#endif
  return block_format(scheme).encode;
}

/// Rows for one task: about 32,000 elements, and a multiple of 128 rows for I2_S, whose bytes may hold elements of
/// several rows, so that tasks never share a byte whatever the packing and the row length.
std::int64_t rows_per_task(const Tensor& encoded) {
  const std::int64_t rows = std::max<std::int64_t>(1, (1 << 15) / std::max<std::int64_t>(1, encoded.shape().back()));
  return encoded.encoding()->scheme() == Scheme::i2_s ? (rows + 127) / 128 * 128 : rows;
}

}  // namespace

void quantize_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const Scheme scheme = out.encoding()->scheme();
  if (affine_codes(scheme)) {
    const int lowest = call.params.as<QuantizeParams>().lowest_code;
    parallel_for(x.numel(), affine_grain,
                 [&](std::int64_t begin, std::int64_t end) { affine_encode(x, out, lowest, begin, end); });
    return;
  }
  const Tensor* importance = call.inputs.size() > 1 ? &call.inputs[1] : nullptr;
  const BlockEncoder encode = block_encoder(scheme, importance);
  if (x.numel() == 0) {
    if (scheme == Scheme::i2_s) encode_rows(x, out, 0, row_count(x), encode, importance);  // only the tail
    return;
  }
  parallel_for(row_count(x), rows_per_task(out),
               [&](std::int64_t begin, std::int64_t end) { encode_rows(x, out, begin, end, encode, importance); });
}

void dequantize_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (x.numel() == 0) return;
  float* values = out.mutable_data<float>();
  if (affine_codes(x.encoding()->scheme())) {
    parallel_for(x.numel(), affine_grain,
                 [&](std::int64_t begin, std::int64_t end) { affine_decode(x, begin, end, values + begin); });
    return;
  }
  const std::int64_t columns = x.shape().back();
  parallel_for(row_count(x), rows_per_task(x),
               [&](std::int64_t begin, std::int64_t end) { decode_rows(x, begin, end, values + begin * columns); });
}

}  // namespace ingot::cpu
