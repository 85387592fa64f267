#include "quant/ternary.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/fail.h"
#include "core/parallel.h"
#include "quant/i2_s.h"
#include "quant/rows.h"

namespace ingot {
namespace {

constexpr std::int64_t rows_at_a_time = 16;

Tensor decoded(const Tensor& encoded) {
  Tensor out = Tensor::empty(encoded.shape(), DType::f32);
  if (out.numel() == 0) return out;
  auto* values = out.mutable_data<float>();
  const std::int64_t columns = encoded.shape().back();
  parallel_for(row_count(encoded), rows_at_a_time, [&](std::int64_t begin, std::int64_t end) {
    decode_rows(encoded, begin, end, values + begin * columns);
  });
  return out;
}

/// A ternary matrix filled row by row from codes t + 1.
class TernaryMatrix {
 public:
  TernaryMatrix(const Shape& shape, float scale) : scale_(scale) {
    // Rows that are whole groups of 128 can be written apart; others would share bytes in I2_S.
    if (shape.back() % 128 == 0) {
      layout_ = i2s_layout(shape, Packing::i2s_x86, "ternarize");
      Ref<Storage> storage = Storage::allocate(layout_.code_bytes() + i2s_tail_bytes);
      bytes_ = storage->mutable_data();
      i2s_write_tail(layout_, scale, bytes_);
      tensor_ = Tensor::view_of(std::move(storage), 0, shape, Encoding::i2_s(Packing::i2s_x86, scale));
    } else {
      tensor_ = Tensor::empty(shape, DType::f32);
      values_ = tensor_.mutable_data<float>();
    }
    columns_ = shape.back();
  }

  void set_row(std::int64_t row, const std::uint8_t* codes) noexcept {
    if (bytes_) return i2s_pack(layout_, codes, row * columns_, columns_, bytes_);
    for (std::int64_t i = 0; i < columns_; ++i) values_[row * columns_ + i] = static_cast<float>(codes[i] - 1) * scale_;
  }
  const Tensor& tensor() const noexcept { return tensor_; }

 private:
  float scale_;
  I2sLayout layout_;
  std::int64_t columns_ = 0;
  std::byte* bytes_ = nullptr;
  float* values_ = nullptr;
  Tensor tensor_;
};

}  // namespace

namespace {

Tensor floating_rows(const Tensor& weight, const char* operation, std::string_view name) {
  if (weight.is_quantized() || !is_floating(weight.dtype()) || weight.rank() < 1)
    fail(ErrorCode::dtype_mismatch, operation, "{}: a floating matrix expected, found {}", name, describe(weight));
  return row_major(weight);
}

// Rounding half to even and clamping to ±1 leaves: beyond ½ is 1, ½ itself is 0.
int ternary(float value, float s) noexcept {
  const float scaled = value * s;
  return (scaled > 0.5f) - (scaled < -0.5f);
}

}  // namespace

void add_magnitudes(const Tensor& rows, double& sum, std::string_view name) {
  const Tensor w = floating_rows(rows, "ternarize", name);
  largest_finite(w, "ternarize", name);
  const std::int64_t columns = w.shape().back();
  // Sums by row, then over rows in order: the same for any number of threads.
  std::vector<double> sums(static_cast<std::size_t>(row_count(w)), 0.0);
  parallel_for(row_count(w), rows_at_a_time, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> values(static_cast<std::size_t>(columns));
    for (std::int64_t row = begin; row < end; ++row) {
      load_floats(w, row * columns, columns, values.data());
      double total = 0;
      for (const float value : values) total += value < 0 ? -value : value;
      sums[static_cast<std::size_t>(row)] = total;
    }
  });
  sum = std::accumulate(sums.begin(), sums.end(), sum);
}

float absmean_scale(double sum, std::int64_t elements) noexcept {
  const auto mean = static_cast<float>(elements ? sum / static_cast<double>(elements) : 0.0);
  return 1.0f / std::max(mean, 1e-5f);
}

Tensor ternarized_rows(const Tensor& rows, float s) {
  const Tensor w = floating_rows(rows, "ternarize", "rows");
  const Tensor out = Tensor::empty(w.shape(), DType::f32);
  auto* values = out.mutable_data<float>();
  const float unit = 1.0f / s;
  parallel_for(w.numel(), 1 << 15, [&](std::int64_t begin, std::int64_t end) {
    load_floats(w, begin, end - begin, values + begin);
    for (std::int64_t i = begin; i < end; ++i) values[i] = static_cast<float>(ternary(values[i], s)) * unit;
  });
  return out;
}

Tensor ternarize(const Tensor& weight, std::string_view name) {
  const Tensor w = floating_rows(weight, "ternarize", name);
  const std::int64_t columns = w.shape().back();
  const std::int64_t rows = row_count(w);
  double sum = 0;
  add_magnitudes(w, sum, name);
  const float s = absmean_scale(sum, w.numel());

  TernaryMatrix result(w.shape(), 1.0f / s);
  parallel_for(rows, rows_at_a_time, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> values(static_cast<std::size_t>(columns));
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(columns));
    for (std::int64_t row = begin; row < end; ++row) {
      load_floats(w, row * columns, columns, values.data());
      std::transform(values.begin(), values.end(), codes.begin(),
                     [s](float value) { return static_cast<std::uint8_t>(1 + ternary(value, s)); });
      result.set_row(row, codes.data());
    }
  });
  return result.tensor();
}

Tensor unpack_bitnet(const Tensor& packed, float scale, std::int64_t rows) {
  if (packed.rank() != 2 || packed.is_quantized() || packed.dtype() != DType::u8)
    fail(ErrorCode::dtype_mismatch, "unpack_bitnet", "a u8 matrix expected, found {}", describe(packed));
  const std::int64_t quarter = packed.shape()[0], columns = packed.shape()[1];
  if (rows < 0) rows = 4 * quarter;
  if ((rows + 3) / 4 != quarter)
    fail(ErrorCode::shape_mismatch, "unpack_bitnet", "{} cannot hold {} rows", describe(packed), rows);
  const Tensor p = row_major(packed);
  const std::uint8_t* bytes = p.data<std::uint8_t>();
  TernaryMatrix result({rows, columns}, scale);
  parallel_for(rows, rows_at_a_time, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(columns));
    for (std::int64_t row = begin; row < end; ++row) {
      const std::uint8_t* in = bytes + row % quarter * columns;
      const auto shift = static_cast<int>(2 * (row / quarter));
      std::uint8_t seen = 0;
      for (std::int64_t i = 0; i < columns; ++i) {
        codes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(in[i] >> shift & 3);
        seen = static_cast<std::uint8_t>(seen | (in[i] >> shift & in[i] >> (shift + 1) & 1));
      }
      if (seen)
        fail(ErrorCode::invalid_argument, "unpack_bitnet", "row {} of {} holds the code 3, which is no ternary value",
             row, describe(packed));
      result.set_row(row, codes.data());
    }
  });
  return result.tensor();
}

Tensor pack_bitnet_rows(const std::array<Tensor, 4>& quarters, float scale, std::string_view name) {
  const std::int64_t rows = quarters[0].size(0), columns = quarters[0].size(1);
  const Tensor codes = Tensor::zeros({rows, columns}, DType::u8);
  auto* bytes = codes.mutable_data<std::uint8_t>();
  for (int quarter = 0; quarter < 4; ++quarter) {
    const Tensor& part = quarters[static_cast<std::size_t>(quarter)];
    const Tensor w = part.is_quantized() ? decoded(part) : row_major(part);
    parallel_for(rows, rows_at_a_time, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> values(static_cast<std::size_t>(columns));
      for (std::int64_t row = begin; row < end; ++row) {
        load_floats(w, row * columns, columns, values.data());
        for (std::int64_t c = 0; c < columns; ++c) {
          const float value = values[static_cast<std::size_t>(c)];
          if (value != 0 && value != scale && value != -scale)
            fail(ErrorCode::invalid_argument, "pack_bitnet", "{}: an element of column {} is {}, neither 0 nor ±{}",
                 name, c, value, scale);
          const int code = 1 + (value > 0) - (value < 0);
          bytes[row * columns + c] = static_cast<std::uint8_t>(bytes[row * columns + c] | code << (2 * quarter));
        }
      }
    });
  }
  return codes;
}

}  // namespace ingot
