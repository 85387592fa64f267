// bitsandbytes:
//   4 bits (nf4, fp4)  weight u8: two codes a byte of the flattened matrix, the first in the high bits;
//                      weight.absmax, a factor for each block; weight.quant_map f32 (16), what codes stand for;
//                      nested: absmax is u8, absmax = nested_quant_map[code]·nested_absmax[i / size] + offset;
//                      weight.quant_state.bitsandbytes__nf4: JSON
//   8 bits             weight i8 (out, in); SCB f32 (out): W = q·SCB / 127
#include <algorithm>
#include <array>
#include <cstring>

#include "core/checked.h"
#include "formats/huggingface/quantized/quantized.h"

namespace ingot::huggingface::quantized {
namespace {

struct FourBit {
  Tensor codes, absmax, nested_map, nested_absmax;
  std::array<float, 16> map{};
  std::int64_t columns = 0;
  FourBitState state;

  float factor(std::int64_t block) const noexcept {
    const auto at = [](const Tensor& x, std::int64_t i) {
      float value;
      std::memcpy(&value, x.bytes() + 4 * i, sizeof value);
      return value;
    };
    if (!state.nested_block_size) return at(absmax, block);
    const auto code = static_cast<std::int64_t>(absmax.bytes()[block]);
    return at(nested_map, code) * at(nested_absmax, block / state.nested_block_size) + state.nested_offset;
  }

  Tensor rows(std::int64_t first, std::int64_t last) const {
    const std::byte* bytes = codes.bytes();
    return decoded_rows(first, last, columns, state.dtype, 16, [&](std::int64_t begin, std::int64_t end, float* out) {
      const std::int64_t to = end * columns;
      for (std::int64_t i = begin * columns; i < to;) {
        const std::int64_t block = i / state.block_size;
        const float scale = factor(block);
        for (const std::int64_t stop = std::min(to, (block + 1) * state.block_size); i < stop; ++i) {
          const auto byte = static_cast<unsigned>(bytes[i / 2]);
          *out++ = map[i % 2 == 0 ? byte >> 4 : byte & 15] * scale;
        }
      }
    });
  }
};

std::int64_t blocks_of(std::int64_t n, std::int64_t size) { return n / size + (n % size != 0); }

NamedTensor read_four_bits(const Tensors& tensors, const NamedTensor& first, const NamedTensor& stated) {
  tensors.check_rank(first, {DType::u8}, first.shape().rank());
  tensors.check_rank(stated, {DType::u8}, 1);
  const Tensor& text = stated.tensor;
  FourBit four{.codes = first.tensor,
               .state = parse_state(
                   {reinterpret_cast<const char*>(text.bytes()), static_cast<std::size_t>(text.numel())}, stated.name)};
  const FourBitState& state = four.state;
  const std::int64_t elements = state.shape.numel();
  if (state.shape.rank() < 1 || blocks_of(elements, 2) != first.tensor.numel())
    tensors.reject(first, fmt::format("{} bytes, the quantization state says the shape {}", first.tensor.numel(),
                                      to_string(state.shape)));
  four.columns = state.shape.back();
  const NamedTensor &absmax = tensors.need(first.name + ".absmax", first),
                    &map = tensors.need(first.name + ".quant_map", first);
  const std::int64_t blocks = blocks_of(elements, state.block_size);
  const bool nested = state.nested_block_size != 0;
  tensors.check(absmax, {nested ? DType::u8 : DType::f32}, {blocks});
  tensors.check(map, {DType::f32}, {16});
  std::memcpy(four.map.data(), map.tensor.bytes(), sizeof four.map);
  four.absmax = absmax.tensor;
  std::vector<NamedTensor> parts{first, absmax, map, stated};
  if (nested) {
    const NamedTensor &outer = tensors.need(first.name + ".nested_absmax", first),
                      &outer_map = tensors.need(first.name + ".nested_quant_map", first);
    tensors.check(outer, {DType::f32}, {blocks_of(blocks, state.nested_block_size)});
    tensors.check(outer_map, {DType::f32}, {256});
    four.nested_absmax = outer.tensor;
    four.nested_map = outer_map.tensor;
    parts.push_back(outer);
    parts.push_back(outer_map);
  }
  Composite weight{
      .shape = state.shape,
      .dtype = state.dtype,
      .scheme = fmt::format("bitsandbytes {}, block {}{}", state.type, state.block_size, nested ? ", nested" : ""),
      .parts = std::move(parts)};
  weight.rows = [four = std::move(four)](std::int64_t begin, std::int64_t end) { return four.rows(begin, end); };
  return composed(first.name, std::move(weight));
}

NamedTensor read_eight_bits(const Tensors& tensors, const NamedTensor& first, const NamedTensor& scales,
                            const NamedTensor* format) {
  tensors.check_rank(first, {DType::i8}, 2);
  const std::int64_t rows = first.shape()[0], columns = first.shape()[1];
  tensors.check(scales, {DType::f32}, {rows});
  std::vector<NamedTensor> parts{first, scales};
  if (format) {
    tensors.check_rank(*format, {DType::u8}, format->shape().rank());
    if (format->tensor.numel() != 1 || format->tensor.item() != 0)
      tensors.reject(*format, "only the format 0, rows as they are, was expected");
    parts.push_back(*format);
  }
  Composite weight{.shape = first.shape(),
                   .dtype = tensors.config().dtype,
                   .scheme = "bitsandbytes int8, per channel",
                   .parts = std::move(parts)};
  weight.rows = [codes = first.tensor, scale = scales.tensor, columns, dtype = weight.dtype](std::int64_t begin,
                                                                                             std::int64_t end) {
    return decoded_rows(begin, end, columns, dtype, 16, [&](std::int64_t from, std::int64_t to, float* out) {
      for (std::int64_t row = from; row < to; ++row, out += columns) {
        float largest;
        std::memcpy(&largest, scale.bytes() + 4 * row, sizeof largest);
        const std::byte* line = codes.bytes() + row * columns;
        // bitsandbytes' order of roundings: by the largest first, then by 1/127.
        for (std::int64_t c = 0; c < columns; ++c)
          out[c] = static_cast<float>(static_cast<std::int8_t>(line[c])) * largest * (1.0f / 127);
      }
    });
  };
  return composed(first.name, std::move(weight));
}

}  // namespace

std::optional<NamedTensor> read_bitsandbytes(const Tensors& tensors, const NamedTensor& first) {
  const auto stem = stem_of(first.name, ".weight");
  if (!stem) return {};
  for (const char* type : {"nf4", "fp4"})
    if (const NamedTensor* state = tensors.find(first.name + ".quant_state.bitsandbytes__" + type))
      return read_four_bits(tensors, first, *state);
  if (first.tensor.dtype() == DType::u8)
    tensors.reject(first, "its quantization state (.quant_state.bitsandbytes__nf4 or __fp4) is missing");
  if (first.tensor.dtype() != DType::i8) return {};
  return read_eight_bits(tensors, first, tensors.need(*stem + ".SCB", first), tensors.find(*stem + ".weight_format"));
}

}  // namespace ingot::huggingface::quantized
