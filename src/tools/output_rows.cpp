#include "tools/output_rows.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/fail.h"
#include "formats/plan.h"
#include "ingot/ops.h"
#include "ops/quantize.h"
#include "quant/i2_s.h"
#include "quant/rows.h"
#include "quant/ternary.h"

namespace ingot {
namespace {

constexpr std::int64_t elements_at_a_time = 1 << 20;

Tensor plain(const Tensor& x) { return x.is_quantized() ? dequantize(x) : x; }

// Whether every number of `from` is one of `to`.
bool holds(DType to, DType from) {
  if (to == from || to == DType::f64) return true;
  if (to == DType::f32) return from != DType::f64;
  return bit_width(from) == 8;  // f16 and bf16 hold both kinds
}

void raise_to(std::atomic<double>& most, double value) {
  for (double seen = most; value > seen && !most.compare_exchange_weak(seen, value);) {
  }
}

// Of two tensors of one shape. In f32, but for f64: differences of neighbours are exact there.
template <class T, class Bits>
void add_errors_in(const Tensor& x, const Tensor& y, Rounding& rounding) {
  const Tensor a = contiguous(astype(x, dtype_of<T>)), b = contiguous(astype(y, dtype_of<T>));
  const T *from = a.data<T>(), *to = b.data<T>();
  constexpr Bits infinity = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  Bits error = 0, relative = 0;
  const std::int64_t n = x.numel();
  for (std::int64_t i = 0; i < n; ++i) {
    // Magnitudes compare as integers, which compilers do in vectors; NaN, as of 0 / 0, lies above infinity.
    const T difference = std::abs(from[i] - to[i]);
    const auto absolute = std::bit_cast<Bits>(difference), ratio = std::bit_cast<Bits>(difference / std::abs(from[i]));
    const Bits by = absolute > infinity ? 0 : absolute, times = ratio > infinity ? 0 : ratio;
    error = by > error ? by : error;
    relative = times > relative ? times : relative;
  }
  raise_to(rounding.max_error, static_cast<double>(std::bit_cast<T>(error)));
  raise_to(rounding.max_relative_error, static_cast<double>(std::bit_cast<T>(relative)));
}

void add_errors(const Tensor& x, const Tensor& y, Rounding& rounding) {
  if (x.dtype() == DType::f64)
    add_errors_in<double, std::int64_t>(x, y, rounding);
  else
    add_errors_in<float, std::int32_t>(x, y, rounding);
}

// The largest |x|: the scale bitnet.cpp takes.
float largest_of(const OutputTensor& source, const char* operation) {
  float largest = 0;
  for_rows(source, [&](std::int64_t, const Tensor& rows) {
    largest = std::max(largest, largest_finite(row_major(plain(rows)), operation, source.name));
  });
  return largest;
}

Tensor encode_i2s(const Tensor& x, Packing packing, float scale) {
  const Tensor encoded = quantize(x, Scheme::i2_s, "tensor", packing);
  i2s_write_tail(i2s_layout(x.shape(), packing, "quantize"), scale, encoded.mutable_bytes());
  return Tensor::view_of(encoded.storage(), 0, x.shape(), Encoding::i2_s(packing, scale));
}

// Rows in blocks as rows of bytes.
Tensor bytes_of_rows(const Tensor& x) {
  return Tensor::view_of(x.storage(), static_cast<std::size_t>(x.bytes() - x.storage()->data()),
                         {x.size(0), static_cast<std::int64_t>(x.nbytes()) / x.size(0)}, DType::u8);
}

OutputTensor permuted(OutputTensor source, std::int64_t heads, bool interleave) {
  const std::int64_t head = source.shape[0] / heads;
  const bool bias = source.shape.rank() == 1;
  if (!bias) source.row_unit = std::lcm(row_layout(source).unit, head);
  source.rows = [rows = std::move(source.rows), head, bias, interleave](std::int64_t first, std::int64_t last) {
    const Tensor made = rows(first, last);
    const Tensor x = made.is_quantized() ? bytes_of_rows(made) : made;
    const std::int64_t width = bias ? 1 : x.size(1);  // a bias is one row that holds all heads
    const Shape pairs = interleave ? Shape{-1, 2, head / 2, width} : Shape{-1, head / 2, 2, width};
    const Tensor moved = reshape(reshape(x, pairs).transpose(1, 2), x.shape());
    if (!made.is_quantized()) return moved;
    return Tensor::view_of(moved.storage(), 0, made.shape(), made.meta().encoding);
  };
  return source;
}

}  // namespace

void for_rows(const OutputTensor& source, const std::function<void(std::int64_t, const Tensor&)>& f) {
  const auto [rows, columns, unit] = row_layout(source);
  if (columns == 0) return;
  const std::int64_t step = std::max(elements_at_a_time / columns / unit, std::int64_t{1}) * unit;
  for (std::int64_t first = 0; first < rows; first += step) f(first, source.rows(first, std::min(rows, first + step)));
}

void require_decoder(const OutputTensor& source) {
  if (!source.encoding) return;
  const Scheme scheme = source.encoding->scheme();
  if (!has_decoder(scheme))
    throw NotImplemented("convert", fmt::format("tensor '{}': decoding {}", source.name, to_string(scheme)));
}

OutputTensor converted(OutputTensor source, DType dtype, std::vector<std::shared_ptr<const Rounding>>* roundings) {
  if (!source.encoding && source.dtype == dtype) return source;
  require_decoder(source);
  if (roundings && !holds(dtype, source.dtype)) {
    const auto rounding =
        std::make_shared<Rounding>(source.name, std::string(source.held_as()), std::string(to_string(dtype)));
    roundings->push_back(rounding);
    source.rows = [rows = std::move(source.rows), dtype, rounding](std::int64_t first, std::int64_t last) {
      const Tensor x = plain(rows(first, last));
      Tensor y = astype(x, dtype);
      add_errors(x, y, *rounding);
      return y;
    };
    source.dtype = dtype;
    source.encoding = nullptr;
    return source;
  }
  source.rows = [rows = std::move(source.rows), dtype](std::int64_t first, std::int64_t last) {
    return astype(plain(rows(first, last)), dtype);
  };
  source.dtype = dtype;
  source.encoding = nullptr;
  return source;
}

Tensor importance_of_rows(const Tensor& importance, std::int64_t rows, std::int64_t first, std::int64_t last) {
  if (!importance.defined() || importance.rank() == 1) return importance;
  const std::int64_t experts = importance.size(0), columns = importance.size(-1);
  std::vector<std::int64_t> expert_of;
  for (std::int64_t row = first; row < last; ++row) expert_of.push_back(row / (rows / experts));
  return take(importance.view({experts, columns}), Tensor::from(std::span<const std::int64_t>(expert_of)), 0);
}

OutputTensor encoded(OutputTensor source, Scheme scheme, Packing packing, const Tensor& importance) {
  require_decoder(source);
  if (scheme == Scheme::i2_s) {
    const Shared<float> scale([source] { return largest_of(source, "quantize"); });
    source.rows = [rows = std::move(source.rows), packing, scale](std::int64_t first, std::int64_t last) {
      return encode_i2s(plain(rows(first, last)), packing, scale.get());
    };
    // Its place in the file does not depend on the scale.
    source.encoding = Encoding::i2_s(packing, 1);
  } else {
    const std::int64_t all = row_layout(source).rows;
    source.rows = [rows = std::move(source.rows), scheme, all, importance, name = source.name](std::int64_t first,
                                                                                               std::int64_t last) {
      const Tensor x = plain(rows(first, last)), w = importance_of_rows(importance, all, first, last);
      const std::string shown = last - first == all ? name : fmt::format("{}, rows {} to {}", name, first, last - 1);
      return w.defined() ? quantize_weighted(x, scheme, w, shown) : quantize(x, scheme, shown);
    };
    source.encoding = Encoding::of(scheme);
  }
  source.dtype = DType::f32;
  return source;
}

OutputTensor ternarized(OutputTensor source) {
  require_decoder(source);
  const Shared<float> s([source] {
    double sum = 0;
    for_rows(source, [&](std::int64_t, const Tensor& rows) { add_magnitudes(plain(rows), sum, source.name); });
    return absmean_scale(sum, source.shape.numel());
  });
  source.rows = [rows = std::move(source.rows), s](std::int64_t first, std::int64_t last) {
    return ternarized_rows(plain(rows(first, last)), s.get());
  };
  source.dtype = DType::f32;
  source.encoding = nullptr;
  return source;
}

OutputTensor to_interleaved(OutputTensor source, std::int64_t heads) {
  return permuted(std::move(source), heads, true);
}
OutputTensor to_half_split(OutputTensor source, std::int64_t heads) {
  return permuted(std::move(source), heads, false);
}

OutputTensor transposed(OutputTensor source) {
  if (source.shape.rank() != 2) return source;
  const std::int64_t all = source.shape[0];
  source.shape = {source.shape[1], all};
  source.row_unit = 1;
  source.rows = [rows = std::move(source.rows), all](std::int64_t first, std::int64_t last) {
    return rows(0, all).transpose(0, 1).slice(0, first, last);
  };
  return source;
}

OutputTensor stacked(std::string name, const std::vector<OutputTensor>& experts) {
  const Shape shape = experts[0].shape;
  const std::int64_t height = shape[0];
  OutputTensor stack{.name = std::move(name),
                     .shape = {static_cast<std::int64_t>(experts.size()), height, shape[1]},
                     .dtype = experts[0].encoding ? DType::f32 : experts[0].dtype};
  std::vector<OutputTensor> parts;
  for (const OutputTensor& expert : experts) {
    parts.push_back(converted(expert, stack.dtype));
    if (const std::int64_t unit = row_layout(parts.back()).unit; unit != 1)
      stack.row_unit = std::lcm(stack.row_unit, height % unit == 0 ? unit : height);
  }
  stack.rows = [parts, height](std::int64_t first, std::int64_t last) {
    std::vector<Tensor> ranges;
    for (std::int64_t at = first; at < last;) {
      const std::int64_t begin = at / height * height, end = std::min(last, begin + height);
      ranges.push_back(parts[static_cast<std::size_t>(at / height)].rows(at - begin, end - begin));
      at = end;
    }
    return ranges.size() == 1 ? ranges[0] : concat(ranges);
  };
  return stack;
}

OutputTensor expert_of(const OutputTensor& stack, std::int64_t expert, std::string name) {
  const RowLayout layout = row_layout(stack);
  const std::int64_t height = stack.shape[1];
  OutputTensor part{.name = std::move(name),
                    .shape = {height, layout.columns},
                    .dtype = stack.dtype,
                    .encoding = stack.encoding,
                    .row_unit = layout.unit};
  part.rows = [rows = stack.rows, all = layout.rows, unit = layout.unit, offset = expert * height](std::int64_t first,
                                                                                                   std::int64_t last) {
    // Ranges of the stack begin and end at its units, wherever the expert lies.
    const std::int64_t begin = (offset + first) / unit * unit;
    const std::int64_t end = std::min(all, (offset + last + unit - 1) / unit * unit);
    return rows(begin, end).slice(0, offset + first - begin, offset + last - begin);
  };
  return part;
}

std::array<OutputTensor, 2> packed_bitnet(const OutputTensor& weight) {
  const auto [rows, columns, unit] = row_layout(weight);
  if (weight.shape.rank() != 2 || rows % 4 != 0)
    fail(ErrorCode::invalid_argument, "convert", "tensor '{}' is {}: packing takes a matrix of 4n rows", weight.name,
         to_string(weight.shape));
  const std::int64_t quarter = rows / 4;
  const Shared<float> scale([weight] { return largest_of(weight, "bitnet_scale"); });
  OutputTensor codes{.name = weight.name, .shape = {quarter, columns}, .dtype = DType::u8};
  // Four ranges of the weight are read for one of the codes. Where they cannot begin anywhere all rows are one range.
  codes.row_unit = unit == 1 ? 1 : quarter;
  codes.rows = [weight, quarter, scale, whole = unit != 1](std::int64_t first, std::int64_t last) {
    std::array<Tensor, 4> quarters;
    const Tensor all = whole ? plain(weight.rows(0, 4 * quarter)) : Tensor();
    for (std::int64_t i = 0; i < 4; ++i)
      quarters[static_cast<std::size_t>(i)] =
          whole ? all.slice(0, i * quarter, (i + 1) * quarter) : weight.rows(i * quarter + first, i * quarter + last);
    return pack_bitnet_rows(quarters, scale.get(), weight.name);
  };
  OutputTensor factor{.name = weight.name + "_scale", .shape = {1}, .dtype = DType::f32};
  factor.rows = [scale](std::int64_t, std::int64_t) { return Tensor::from<float>({scale.get()}, Shape{1, 1}); };
  return {std::move(codes), std::move(factor)};
}

}  // namespace ingot
