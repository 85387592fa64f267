// linear and embedding: products of activation rows with weight rows, both of which run along k.
//
// Encoded weights are multiplied as they lie in the file. I2_S is read in place where it has the x86 packing and rows
// of whole groups of 128; other packings and row lengths are brought into that form tile by tile, at every use: who
// multiplies often converts once with repack_i2s(). Schemes without a dot product are decoded tile by tile.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>

#include "backends/cpu/dot.h"
#include "backends/cpu/float_rows.h"
#include "backends/cpu/kernels.h"
#include "core/parallel.h"
#include "core/visit.h"
#include "ops/params.h"
#include "quant/i2_s.h"
#include "quant/rows.h"

namespace ingot::cpu {
namespace {

constexpr std::int64_t task_bytes = 128 << 10;     // of weights: several activation rows find them in the second cache
constexpr std::int64_t decoded_bytes = 512 << 10;  // of decoded rows, each worth all activation rows
constexpr std::int64_t columns_at_once = 256;      // activation rows prepared together: bounds the scratch memory

std::int64_t rows_per_task(std::int64_t row_bytes, std::int64_t bytes = task_bytes) {
  return std::clamp<std::int64_t>(bytes / std::max<std::int64_t>(row_bytes, 1) / 4 * 4, 4, 1024);
}

/// Rows of an encoded matrix in the form in which the dot product reads them.
class EncodedRows {
 public:
  EncodedRows(const Tensor& weight, DotFormat format) : weight_(weight) {
    const SchemeInfo& scheme = info(weight.encoding()->scheme());
    k_ = weight.shape()[1];
    if (format == DotFormat::i2_s) {
      layout_ = i2s_layout(weight.shape(), weight.encoding()->packing(), "linear");
      repacks_ = layout_.packing != Packing::i2s_x86 || k_ % 128 != 0;
      k_ = (k_ + 127) / 128 * 128;
      row_bytes_ = k_ / 4;
      stride_ = weight.strides()[0] / 4;
    } else {
      row_bytes_ = k_ / scheme.block_elements * scheme.block_bytes;
      stride_ = weight.strides()[0] / scheme.block_elements * scheme.block_bytes;
    }
    bytes_ = weight.bytes();
  }

  std::int64_t k() const noexcept { return k_; }  // with padding
  std::int64_t row_bytes() const noexcept { return row_bytes_; }

  /// Rows [begin, end); `scratch` holds them where they had to be repacked.
  WeightRows rows(std::int64_t begin, std::int64_t end, std::unique_ptr<std::byte[]>& scratch) const {
    const float scale = weight_.encoding()->scale();
    if (!repacks_) return {bytes_ + begin * stride_, static_cast<std::ptrdiff_t>(stride_), end - begin, scale};
    const I2sLayout target{Packing::i2s_x86, end - begin, k_};
    scratch.reset(new std::byte[static_cast<std::size_t>((end - begin) * row_bytes_)]);
    const std::unique_ptr<std::uint8_t[]> codes(new std::uint8_t[static_cast<std::size_t>(k_)]());
    for (std::int64_t row = begin; row < end; ++row) {
      i2s_unpack(layout_, bytes_, row * weight_.strides()[0], weight_.shape()[1], codes.get());
      i2s_pack(target, codes.get(), (row - begin) * k_, k_, scratch.get());
    }
    return {scratch.get(), static_cast<std::ptrdiff_t>(row_bytes_), end - begin, scale};
  }

 private:
  const Tensor& weight_;
  I2sLayout layout_;
  const std::byte* bytes_;
  std::int64_t k_, row_bytes_, stride_;
  bool repacks_ = false;
};

void linear_encoded(const Tensor& x, const Tensor& weight, DotFormat format, const Tensor& out, bool per_row) {
  const DotKernels& kernels = dot_kernels();
  const EncodedRows rows(weight, format);
  const std::int64_t m = x.shape()[0], n = weight.shape()[0], k = rows.k(), given = x.shape()[1];
  const std::size_t stride = kernels.prepared_bytes(format, k);
  const bool direct = x.dtype() == DType::f32 && k == given;
  FloatOutput result(out);
  const std::int64_t most = std::min(m, columns_at_once);
  const Ref<Storage> scratch = Storage::allocate(stride * static_cast<std::size_t>(most));
  std::byte* prepared = scratch->mutable_data();
  for (std::int64_t first = 0; first < m; first += most) {
    const std::int64_t count = std::min(most, m - first);
    parallel_for(count, 8, [&](std::int64_t begin, std::int64_t end) {
      std::unique_ptr<float[]> row(direct ? nullptr : new float[static_cast<std::size_t>(k)]());
      for (std::int64_t i = begin; i < end; ++i) {
        const float* values = row.get();
        if (direct)
          values = x.data<float>() + (first + i) * k;
        else
          load_floats(x, (first + i) * given, given, row.get());
        kernels.prepare(format, values, k, per_row, prepared + static_cast<std::size_t>(i) * stride);
      }
    });
    parallel_for(n, rows_per_task(rows.row_bytes()), [&](std::int64_t begin, std::int64_t end) {
      std::unique_ptr<std::byte[]> repacked;
      kernels.dot(format, rows.rows(begin, end, repacked), prepared, stride, count, k, per_row,
                  result.data() + first * n + begin, n);
    });
  }
  result.finish();
}

/// For schemes that have no dot product: some rows are decoded, multiplied as floats and forgotten.
void linear_decoded(const Tensor& x, const Tensor& weight, const Tensor& out) {
  const std::int64_t m = x.shape()[0], n = weight.shape()[0], k = x.shape()[1];
  const DotKernels& kernels = dot_kernels();
  const Tensor activations = astype(x, DType::f32);
  FloatOutput result(out);
  parallel_for(n, rows_per_task(k * 4, decoded_bytes), [&](std::int64_t begin, std::int64_t end) {
    const std::unique_ptr<float[]> rows(new float[static_cast<std::size_t>((end - begin) * k)]);
    decode_rows(weight, begin, end, rows.get());
    kernels.dot_float(FloatFormat::f32, {rows.get(), static_cast<std::ptrdiff_t>(k * 4), end - begin, 1},
                      activations.data<float>(), k, m, k, result.data() + begin, n);
  });
  result.finish();
}

/// x with each row rounded to int8 as BitNet b1.58 does, in f32.
Tensor rounded_per_row(const Tensor& x) {
  const std::int64_t k = x.shape()[1];
  const Tensor rounded = Tensor::empty(x.shape(), DType::f32);
  float* out = rounded.mutable_data<float>();
  parallel_for(x.shape()[0], 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* values = out + row * k;
      load_floats(x, row * k, k, values);
      float largest = 0;
      for (std::int64_t i = 0; i < k; ++i) largest = std::max(largest, std::fabs(values[i]));
      const float scale = 127.0f / std::max(largest, 1e-5f);
      for (std::int64_t i = 0; i < k; ++i)
        values[i] = std::clamp(std::nearbyint(values[i] * scale), -128.0f, 127.0f) / scale;
    }
  });
  return rounded;
}

}  // namespace

void linear_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &weight = call.inputs[1], &out = call.outputs[0];
  const bool per_row = call.params.as<LinearParams>().activations == Activations::int8_per_row;
  if (out.numel() == 0) return;
  if (x.numel() == 0) {
    std::memset(out.mutable_bytes(), 0, out.nbytes());
    return;
  }
  const auto format = weight.is_quantized() ? dot_format(weight.encoding()->scheme()) : std::nullopt;
  if (format) return linear_encoded(x, weight, *format, out, per_row);
  const Tensor rows = per_row ? rounded_per_row(x) : x;
  if (weight.is_quantized())
    linear_decoded(rows, weight, out);
  else
    multiply_rows(rows, weight, out);
}

void embedding_kernel(const Call& call) {
  const Tensor &weight = call.inputs[0], &ids = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const std::int64_t k = weight.shape()[1];
  const std::int64_t* row = ids.data<std::int64_t>();
  if (weight.is_quantized()) {
    float* values = out.mutable_data<float>();
    parallel_for(ids.numel(), 4, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) decode_rows(weight, row[i], row[i] + 1, values + i * k);
    });
    return;
  }
  const auto width = static_cast<std::int64_t>(bit_width(weight.dtype()) / 8);
  if (width == 0) throw NotImplemented("embedding", "rows of " + describe(weight));
  const std::byte* from = weight.bytes();
  std::byte* to = out.mutable_bytes();
  const std::int64_t row_stride = weight.strides()[0] * width, step = weight.strides()[1] * width;
  parallel_for(ids.numel(), 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::byte* source = from + row[i] * row_stride;
      std::byte* target = to + i * k * width;
      if (step == width)
        std::memcpy(target, source, static_cast<std::size_t>(k * width));
      else
        for (std::int64_t j = 0; j < k; ++j)
          std::memcpy(target + j * width, source + j * step, static_cast<std::size_t>(width));
    }
  });
}

}  // namespace ingot::cpu
