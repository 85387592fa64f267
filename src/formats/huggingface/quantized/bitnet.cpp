// BitNet b1.58's packed weights as transformers ships them: `weight` u8 (out / 4, in), bits 2i, 2i + 1 of (r, c) hold
// W[i·out/4 + r, c] + 1; `weight_scale` is one number.
#include "quant/ternary.h"

#include <algorithm>

#include "core/checked.h"
#include "core/fail.h"
#include "formats/huggingface/quantized/quantized.h"

namespace ingot::huggingface::quantized {

std::optional<NamedTensor> read_bitnet(const Tensors& tensors, const NamedTensor& first) {
  if (tensors.config().master_weights || first.tensor.dtype() != DType::u8 || first.tensor.is_quantized() ||
      !stem_of(first.name, ".weight"))
    return {};
  tensors.check_rank(first, {DType::u8}, 2);
  const NamedTensor& scale = tensors.need(first.name + "_scale", first);
  tensors.check_rank(scale, {DType::f32, DType::bf16, DType::f16}, scale.tensor.rank());
  if (scale.tensor.numel() != 1)
    tensors.reject(scale, fmt::format("shape {}, one number was expected", to_string(scale.shape())));
  const auto value = static_cast<float>(scale.tensor.item());
  const float factor = tensors.config().scale_multiplies ? value : 1 / value;
  const Tensor packed = first.tensor;
  const std::int64_t quarter = packed.size(0), columns = packed.size(1);
  Composite weight{.shape = {checked_mul<std::int64_t>(4, quarter, "huggingface"), columns},
                   // t · factor: bf16 holds that exactly when it holds the factor.
                   .dtype = to_float(to_bfloat16(factor)) == factor ? DType::bf16 : DType::f32,
                   .scheme = "bitnet 2-bit",
                   .parts = {first, scale}};
  weight.encoded = [packed, factor] { return unpack_bitnet(packed, factor); };
  weight.rows = [packed, factor, quarter, columns, dtype = weight.dtype](std::int64_t begin, std::int64_t end) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(packed.bytes());
    return decoded_rows(begin, end, columns, dtype, 16, [&](std::int64_t from, std::int64_t to, float* out) {
      for (std::int64_t row = from; row < to; ++row, out += columns) {
        const std::uint8_t* codes = bytes + row % quarter * columns;
        const auto shift = static_cast<int>(2 * (row / quarter));
        int largest = 0;
        for (std::int64_t i = 0; i < columns; ++i) {
          const int code = codes[i] >> shift & 3;
          largest = std::max(largest, code);
          out[i] = static_cast<float>(code - 1) * factor;
        }
        if (largest == 3)
          fail(ErrorCode::invalid_argument, "bitnet", "row {} of {} holds the code 3, which is no ternary value", row,
               describe(packed));
      }
    });
  };
  return composed(first.name, std::move(weight));
}

}  // namespace ingot::huggingface::quantized
