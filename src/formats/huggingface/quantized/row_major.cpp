#include "formats/huggingface/quantized/row_major.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/fail.h"
#include "formats/huggingface/quantized/bits.h"

namespace ingot::huggingface::quantized {
namespace {

using Grid = WeightRule::Grid;

std::int64_t cells(std::int64_t size, std::int64_t block) { return size / block + (size % block != 0); }

// Shapes that scales of a grid are stored in; the first is the one an error expects.
std::vector<Shape> shapes_of(const WeightRule& rule, std::int64_t rows, std::int64_t columns) {
  switch (rule.grid) {
    case Grid::tensor: return {{1}, {}, {1, 1}};
    case Grid::channel: return {{rows, 1}, {rows}};
    default: return {{cells(rows, rule.block_rows), cells(columns, rule.block_columns)}};
  }
}

const std::array<float, 256>& f8_values() {
  static const auto values = [] {
    std::array<float, 256> table;
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = to_float(Float8E4M3{static_cast<std::uint8_t>(i)});
    return table;
  }();
  return values;
}

}  // namespace

const WeightRule& matching_rule(const Tensors& tensors, const NamedTensor& scales, std::int64_t rows,
                                std::int64_t columns, bool is_float, int bits) {
  const WeightRule* near = nullptr;
  for (const WeightRule& rule : tensors.config().rules) {
    if (rule.is_float != is_float || rule.bits != bits) continue;
    if (!near) near = &rule;
    for (const Shape& shape : shapes_of(rule, rows, columns))
      if (scales.shape() == shape) return rule;
  }
  if (!near)
    tensors.reject(scales, fmt::format("scales for {} of {} bits, which the configuration does not have",
                                       is_float ? "floats" : "integers", bits));
  tensors.reject(scales, fmt::format("shape {}, {} was expected for a weight ({}, {})", to_string(scales.shape()),
                                     to_string(shapes_of(*near, rows, columns)[0]), rows, columns));
}

void set_grid(RowMajor& weight, const WeightRule& rule) {
  const bool whole_rows = rule.grid == Grid::tensor || rule.grid == Grid::channel;
  weight.block_columns = whole_rows ? std::max<std::int64_t>(weight.columns, 1) : rule.block_columns;
  weight.block_rows = rule.grid == Grid::tensor ? std::max<std::int64_t>(weight.rows, 1) : rule.block_rows;
  weight.grid_columns = cells(weight.columns, weight.block_columns);
}

std::string scheme_text(std::string_view method, const WeightRule& rule) {
  const std::string codes =
      rule.is_float ? fmt::format("{} e4m3", method) : fmt::format("{} {}-bit", method, rule.bits);
  switch (rule.grid) {
    case Grid::tensor: return codes + ", per tensor";
    case Grid::channel: return codes + ", per channel";
    case Grid::group: return fmt::format("{}, group {}", codes, rule.block_columns);
    case Grid::block: break;
  }
  return fmt::format("{}, blocks of {} x {}", codes, rule.block_rows, rule.block_columns);
}

Tensor RowMajor::decode(std::int64_t first, std::int64_t last, DType dtype) const {
  if (first == last || columns == 0) return Tensor::empty({last - first, columns}, dtype);
  const std::int64_t grid_first = first / block_rows, grid_last = (last - 1) / block_rows + 1;
  const Tensor wanted = contiguous(astype(scales.view({-1, grid_columns}).slice(0, grid_first, grid_last), DType::f32));
  const auto* scale = wanted.data<float>();
  const bool packed = codes.dtype() == DType::i32;
  const std::int64_t words = packed ? codes.size(1) : 0;
  const int offset = packed ? 1 << (bits - 1) : 0;

  std::vector<float> zero;  // of the same part of the grid
  if (zeros.defined()) {
    zero.resize(static_cast<std::size_t>((grid_last - grid_first) * grid_columns));
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(zero.size()); ++i) {
      const std::int64_t row = grid_first + i / grid_columns, column = i % grid_columns;
      if (zeros.dtype() == DType::i32) {  // words of neighbouring rows lie grid_columns apart
        const std::int64_t bit = row * bits, word = bit / 32;
        const auto shift = static_cast<int>(bit % 32);
        std::uint32_t value = word_at(zeros.bytes(), word * grid_columns + column) >> shift;
        if (shift + bits > 32) value |= word_at(zeros.bytes(), (word + 1) * grid_columns + column) << (32 - shift);
        zero[static_cast<std::size_t>(i)] = static_cast<float>(static_cast<int>(value & ((1u << bits) - 1)) - offset);
      } else {
        zero[static_cast<std::size_t>(i)] =
            static_cast<float>(static_cast<std::int8_t>(zeros.bytes()[row * grid_columns + column]));
      }
    }
  }

  const std::byte* bytes = codes.bytes();
  return decoded_rows(first, last, columns, dtype, 8, [&](std::int64_t begin, std::int64_t end, float* out) {
    for (std::int64_t row = begin; row < end; ++row, out += columns) {
      if (packed) {
        for (std::int64_t c = 0; c < columns; ++c)
          out[c] = static_cast<float>(bits_at(bytes + 4 * row * words, c * bits, bits) - offset);
      } else {
        const std::byte* line = bytes + row * columns;
        const auto& values = f8_values();
        if (codes.dtype() == DType::i8)
          for (std::int64_t c = 0; c < columns; ++c) out[c] = static_cast<float>(static_cast<std::int8_t>(line[c]));
        else
          for (std::int64_t c = 0; c < columns; ++c) out[c] = values[static_cast<std::size_t>(line[c])];
      }
      const std::int64_t at = (row / block_rows - grid_first) * grid_columns;
      const auto apply = [&](std::int64_t c, std::int64_t cell) {
        out[c] = (zero.empty() ? out[c] : out[c] - zero[static_cast<std::size_t>(cell)]) * scale[cell];
      };
      if (group_of)
        for (std::int64_t c = 0; c < columns; ++c) apply(c, at + (*group_of)[static_cast<std::size_t>(c)]);
      else
        for (std::int64_t g = 0; g < grid_columns; ++g)
          for (std::int64_t c = g * block_columns; c < std::min(columns, (g + 1) * block_columns); ++c)
            apply(c, at + g);
    }
  });
}

}  // namespace ingot::huggingface::quantized
