// FP8 checkpoints: `weight` f8_e4m3 (out, in) with factors in `weight_scale_inv` (DeepSeek: blocks of 128 x 128, an
// inverse of what quantizing multiplied by) or `weight_scale` (per tensor or per channel).
#include "formats/huggingface/quantized/row_major.h"

namespace ingot::huggingface::quantized {

std::optional<NamedTensor> read_fp8(const Tensors& tensors, const NamedTensor& first) {
  const auto stem = stem_of(first.name, ".weight");
  if (!stem || first.tensor.dtype() != DType::f8_e4m3) return {};
  tensors.check_rank(first, {DType::f8_e4m3}, 2);
  const NamedTensor* inverse = tensors.find(first.name + "_scale_inv");
  const NamedTensor& scale = inverse ? *inverse : tensors.need(first.name + "_scale", first);
  tensors.check_rank(scale, {DType::f32, DType::bf16, DType::f16}, scale.shape().rank());
  RowMajor major{.rows = first.shape()[0], .columns = first.shape()[1], .codes = first.tensor, .scales = scale.tensor};
  const WeightRule& rule = matching_rule(tensors, scale, major.rows, major.columns, true, 8);
  set_grid(major, rule);
  Composite weight{.shape = first.shape(),
                   .dtype = tensors.config().dtype,
                   .scheme = scheme_text("fp8", rule),
                   .parts = {first, scale}};
  if (const NamedTensor* input = tensors.find(*stem + ".input_scale")) weight.parts.push_back(*input);
  weight.rows = [major = std::move(major), dtype = weight.dtype](std::int64_t begin, std::int64_t end) {
    return major.decode(begin, end, dtype);
  };
  return composed(first.name, std::move(weight));
}

}  // namespace ingot::huggingface::quantized
