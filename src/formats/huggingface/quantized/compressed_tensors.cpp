// compressed-tensors:
//   pack-quantized              weight_packed i32 (out, ⌈in·b / 32⌉), code + 2^(b−1) from bit b·c of a row on;
//                               weight_shape (out, in); weight_zero_point i32 (⌈out·b / 32⌉, groups), packed down
//   int-, float-, naive-quantized  weight i8 or f8_e4m3 (out, in); weight_zero_point i8 of the scales' shape
// with weight_scale for the tensor, (out, 1), (out, groups) or blocks; weight_g_idx (in): −1 everywhere means
// neighbours.
#include "core/checked.h"
#include "formats/huggingface/quantized/row_major.h"

namespace ingot::huggingface::quantized {
namespace {

Shape stated_shape(const Tensors& tensors, const NamedTensor& part) {
  tensors.check(part, {DType::i64, DType::i32}, {2});
  const Tensor sizes = contiguous(astype(part.tensor, DType::i64));
  const auto* size = sizes.data<std::int64_t>();
  if (size[0] < 0 || size[1] < 0) tensors.reject(part, fmt::format("says the shape ({}, {})", size[0], size[1]));
  return {size[0], size[1]};
}

// The width of packed codes: one that the configuration has and whose rows have as many words.
int packed_bits(const Tensors& tensors, const NamedTensor& codes, std::int64_t columns) {
  std::string expected;
  for (const WeightRule& rule : tensors.config().rules) {
    if (rule.is_float || rule.bits < 1 || rule.bits > 8) continue;
    const std::int64_t bits = checked_mul<std::int64_t>(columns, rule.bits, "huggingface"),
                       words = bits / 32 + (bits % 32 != 0);
    if (codes.shape()[1] == words) return rule.bits;
    expected += fmt::format("{}{} for {} bits", expected.empty() ? "" : ", ", words, rule.bits);
  }
  tensors.reject(codes, fmt::format("{} words a row for {} inputs, expected {}", codes.shape()[1], columns, expected));
}

}  // namespace

std::optional<NamedTensor> read_compressed(const Tensors& tensors, const NamedTensor& first) {
  const bool packed = first.name.ends_with(".weight_packed");
  const auto stem = stem_of(first.name, packed ? ".weight_packed" : ".weight");
  const DType dtype = first.tensor.dtype();
  if (!stem || (!packed && dtype != DType::i8 && dtype != DType::f8_e4m3)) return {};
  const std::string name = *stem + ".weight";
  const NamedTensor& scale = tensors.need(name + "_scale", first);
  tensors.check_rank(first, {packed ? DType::i32 : dtype}, 2);
  tensors.check_rank(scale, {DType::f32, DType::bf16, DType::f16}, scale.shape().rank());
  std::vector<NamedTensor> parts{first, scale};
  RowMajor major{.rows = first.shape()[0], .columns = first.shape()[1], .codes = first.tensor, .scales = scale.tensor};
  if (packed) {
    const NamedTensor& part = tensors.need(name + "_shape", first);
    const Shape shape = stated_shape(tensors, part);
    if (shape[0] != first.shape()[0])
      tensors.reject(part, fmt::format("says {} rows, packed are {}", shape[0], first.shape()[0]));
    major.columns = shape[1];
    major.bits = packed_bits(tensors, first, major.columns);
    parts.push_back(part);
  }
  const WeightRule& rule =
      matching_rule(tensors, scale, major.rows, major.columns, dtype == DType::f8_e4m3, major.bits);
  set_grid(major, rule);
  if (const NamedTensor* zeros = tensors.find(name + "_zero_point")) {
    if (packed && zeros->dtype() == DType::i32) {
      const std::int64_t bits = checked_mul<std::int64_t>(major.rows, major.bits, "huggingface");
      tensors.check(*zeros, {DType::i32}, {bits / 32 + (bits % 32 != 0), major.grid_columns});
    } else {
      tensors.check(*zeros, {DType::i8}, scale.shape());
    }
    major.zeros = zeros->tensor;
    parts.push_back(*zeros);
  }
  bool act_order = false;
  if (const NamedTensor* g_idx = tensors.find(name + "_g_idx")) {
    tensors.check(*g_idx, {DType::i32}, {major.columns});
    const Tensor list = contiguous(g_idx->tensor);
    const auto* group = list.data<std::int32_t>();
    act_order = std::any_of(group, group + major.columns, [](std::int32_t g) { return g != -1; });
    if (act_order) major.group_of = listed_groups(tensors, *g_idx, major.grid_columns);
    parts.push_back(*g_idx);
  }
  for (const char* of_activations : {".input_scale", ".input_zero_point", ".output_scale", ".output_zero_point"})
    if (const NamedTensor* part = tensors.find(*stem + of_activations)) parts.push_back(*part);

  Composite weight{.shape = {major.rows, major.columns},
                   .dtype = scale.dtype(),
                   .scheme = scheme_text("compressed-tensors", rule) + (act_order ? ", act-order" : ""),
                   .parts = std::move(parts)};
  weight.rows = [major = std::move(major), type = weight.dtype](std::int64_t begin, std::int64_t end) {
    return major.decode(begin, end, type);
  };
  return composed(name, std::move(weight));
}

}  // namespace ingot::huggingface::quantized
