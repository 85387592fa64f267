// The scalar definitions of src/quant, row after row.
#include "backends/reference/kernels.h"
#include "ops/params.h"
#include "quant/affine.h"
#include "quant/block_format.h"
#include "quant/rows.h"

namespace ingot::reference {

void quantize_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (affine_codes(out.encoding()->scheme()))
    return affine_encode(x, out, call.params.as<QuantizeParams>().lowest_code, 0, x.numel());
  if (x.numel() == 0 && out.encoding()->scheme() != Scheme::i2_s) return;
  encode_rows(x, out, 0, row_count(x), block_format(out.encoding()->scheme()).encode,
              call.inputs.size() > 1 ? &call.inputs[1] : nullptr);
}

void dequantize_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (x.numel() == 0) return;
  decode_rows(x, 0, row_count(x), out.mutable_data<float>());
}

}  // namespace ingot::reference
