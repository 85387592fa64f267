#include "quant/rows.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <memory>
#include <vector>

#include "core/fail.h"
#include "core/parallel.h"
#include "core/visit.h"
#include "device/kernel_table.h"
#include "quant/affine.h"
#include "quant/i2_s.h"

namespace ingot {
namespace {

constexpr std::int64_t chunk = 1 << 16;  // elements checked or converted at a time: stays in the second cache

bool finite(float x) noexcept { return (std::bit_cast<std::uint32_t>(x) & 0x7F800000u) != 0x7F800000u; }

}  // namespace

std::int64_t row_count(const Tensor& x) {
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < x.rank(); ++i) rows *= x.shape()[i];
  return rows;
}

std::int64_t row_offset(const Tensor& x, std::int64_t i) noexcept {
  std::int64_t offset = 0;
  for (int axis = x.rank() - 2; axis >= 0; --axis) {
    offset += i % x.shape()[axis] * x.strides()[axis];
    i /= x.shape()[axis];
  }
  return offset;
}

const std::byte* encoded_row(const Tensor& x, std::int64_t i) {
  const SchemeInfo& scheme = info(x.encoding()->scheme());
  return x.bytes() + row_offset(x, i) / scheme.block_elements * scheme.block_bytes;
}

bool has_encoder(Scheme scheme) noexcept { return scheme == Scheme::i2_s || block_format(scheme).encode; }

bool has_decoder(Scheme scheme) noexcept {
  return scheme == Scheme::i2_s || affine_codes(scheme) || block_format(scheme).decode;
}

void decode_rows(const Tensor& x, std::int64_t begin, std::int64_t end, float* out) {
  const std::int64_t columns = x.shape().back();
  const Encoding& encoding = *x.encoding();
  if (affine_codes(encoding.scheme())) return affine_decode(x, begin * columns, end * columns, out);
  if (encoding.scheme() == Scheme::i2_s) {
    const I2sLayout layout = i2s_layout(x.shape(), encoding.packing(), "dequantize");
    for (std::int64_t i = begin; i < end; ++i, out += columns)
      i2s_decode(layout, x.bytes(), encoding.scale(), row_offset(x, i), columns, out);
    return;
  }
  const auto decode = block_format(encoding.scheme()).decode;
  if (!decode) throw NotImplemented("dequantize", "no decoder for " + std::string(to_string(encoding.scheme())));
  for (std::int64_t i = begin; i < end; ++i, out += columns) decode(encoded_row(x, i), columns, out);
}

Tensor row_major(const Tensor& x) {
  if (x.is_contiguous() && x.is_aligned()) return x;
  Tensor copy = Tensor::empty(x.shape(), x.dtype());
  dispatch(Op::copy, {&x}, {&copy});
  return copy;
}

void load_floats(const Tensor& x, std::int64_t begin, std::int64_t n, float* out) {
  visit_floating(x.dtype(), "load_floats", [&]<class T>(T) {
    const T* in = x.data<T>() + begin;
    if constexpr (std::is_same_v<T, float>)
      std::memcpy(out, in, static_cast<std::size_t>(n) * sizeof(float));
    else if constexpr (std::is_same_v<T, double>)
      for (std::int64_t i = 0; i < n; ++i) out[i] = static_cast<float>(in[i]);
    else
      for (std::int64_t i = 0; i < n; ++i) out[i] = to_float(in[i]);
  });
}

float largest_finite(const Tensor& x, const char* operation, std::string_view name) {
  const std::int64_t n = x.numel();
  std::atomic<std::int64_t> first_bad{n};
  std::vector<float> largest(static_cast<std::size_t>((n + chunk - 1) / chunk), 0.0f);
  parallel_for(n, chunk, [&](std::int64_t begin, std::int64_t end) {
    const std::unique_ptr<float[]> values(new float[static_cast<std::size_t>(end - begin)]);
    load_floats(x, begin, end - begin, values.get());
    std::uint32_t top = 0;  // magnitudes compare as integers, NaN and infinity above all
    for (std::int64_t i = 0; i < end - begin; ++i)
      top = std::max(top, std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFFu);
    largest[static_cast<std::size_t>(begin / chunk)] = std::bit_cast<float>(top);
    if (finite(std::bit_cast<float>(top))) return;
    const auto at = begin + (std::find_if_not(values.get(), values.get() + (end - begin), finite) - values.get());
    for (std::int64_t seen = first_bad; at < seen && !first_bad.compare_exchange_weak(seen, at);) {
    }
  });
  if (first_bad != n) {
    float value;
    load_floats(x, first_bad, 1, &value);
    fail(ErrorCode::invalid_argument, operation, "{}: element {} of {} is {}", name, first_bad.load(), describe(x),
         value);
  }
  return largest.empty() ? 0 : *std::max_element(largest.begin(), largest.end());
}

void encode_rows(const Tensor& x, const Tensor& out, std::int64_t begin, std::int64_t end, BlockEncoder encode,
                 const Tensor* importance) {
  const Encoding& encoding = *out.encoding();
  const std::int64_t columns = x.shape().back();
  const std::unique_ptr<float[]> values(new float[static_cast<std::size_t>(columns)]);
  std::byte* bytes = out.mutable_bytes();
  if (encoding.scheme() == Scheme::i2_s) {
    const I2sLayout layout = i2s_layout(x.shape(), encoding.packing(), "quantize");
    std::vector<std::uint8_t> codes(static_cast<std::size_t>((end - begin) * columns));
    for (std::int64_t row = begin; row < end; ++row) {
      load_floats(x, row * columns, columns, values.get());
      std::transform(values.get(), values.get() + columns, codes.begin() + (row - begin) * columns,
                     [](float value) { return static_cast<std::uint8_t>(i2s_code(value)); });
    }
    i2s_pack(layout, codes.data(), begin * columns, (end - begin) * columns, bytes);
    if (end == layout.rows) i2s_write_tail(layout, encoding.scale(), bytes);
    return;
  }
  const SchemeInfo& scheme = info(encoding.scheme());
  const std::int64_t row_bytes = columns / scheme.block_elements * scheme.block_bytes;
  for (std::int64_t row = begin; row < end; ++row) {
    load_floats(x, row * columns, columns, values.get());
    encode(values.get(), importance ? importance->data<float>() + row_offset(*importance, row) : nullptr, columns,
           bytes + row * row_bytes);
  }
}

}  // namespace ingot
