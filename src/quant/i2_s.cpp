#include "quant/i2_s.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/fail.h"
#include "core/parallel.h"

namespace ingot {
namespace {

struct Position {
  std::int64_t byte;
  int shift;
};

Position position(const I2sLayout& layout, std::int64_t i) noexcept {
  if (layout.packing == Packing::i2s_rows) {
    const std::int64_t row = i / layout.columns, column = i % layout.columns;
    return {row / 4 * layout.columns + column, 6 - 2 * static_cast<int>(row % 4)};
  }
  const std::int64_t lanes = layout.packing == Packing::i2s_arm ? 16 : 32;  // bytes of one group
  return {i / (4 * lanes) * lanes + i % lanes, 6 - 2 * static_cast<int>(i / lanes % 4)};
}

/// Elements from i on that lie in consecutive bytes at one shift.
std::int64_t run_length(const I2sLayout& layout, std::int64_t i) noexcept {
  if (layout.packing == Packing::i2s_rows) return layout.columns - i % layout.columns;
  const std::int64_t lanes = layout.packing == Packing::i2s_arm ? 16 : 32;
  return lanes - i % lanes;
}

}  // namespace

I2sLayout i2s_layout(const Shape& shape, Packing packing, const char* operation) {
  I2sLayout layout{packing, 1, shape.empty() ? 1 : shape.back()};
  for (int i = 0; i + 1 < shape.rank(); ++i) layout.rows *= shape[i];
  const std::int64_t count = packing == Packing::i2s_rows ? layout.rows : layout.elements();
  std::int64_t unit = 0;
  switch (packing) {
    case Packing::i2s_x86: unit = 128; break;
    case Packing::i2s_arm: unit = 64; break;
    case Packing::i2s_rows: unit = 4; break;
    case Packing::none: fail(ErrorCode::invalid_argument, operation, "I2_S without a packing");
  }
  if (count % unit != 0)
    fail(ErrorCode::shape_mismatch, operation, "I2_S {}: {} {} are not a multiple of {}", to_string(shape), count,
         packing == Packing::i2s_rows ? "rows" : "elements", unit);
  return layout;
}

float i2s_scale(const float* values, std::int64_t n) noexcept {
  float largest = 0;
  for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, values[i] < 0 ? -values[i] : values[i]);
  return largest;
}

int i2s_code(float x) noexcept {
  // bitnet.cpp compares in double: 1e-6 itself, rounded to f32, is below.
  if (static_cast<double>(x < 0 ? -x : x) < 1e-6) return 1;
  return x > 0 ? 2 : 0;
}

void i2s_unpack(const I2sLayout& layout, const std::byte* bytes, std::int64_t begin, std::int64_t n,
                std::uint8_t* codes) noexcept {
  for (std::int64_t done = 0; done < n;) {
    const auto [byte, shift] = position(layout, begin + done);
    const std::int64_t run = std::min(n - done, run_length(layout, begin + done));
    for (std::int64_t k = 0; k < run; ++k)
      codes[done + k] = static_cast<std::uint8_t>(std::to_integer<unsigned>(bytes[byte + k]) >> shift & 3u);
    done += run;
  }
}

void i2s_pack(const I2sLayout& layout, const std::uint8_t* codes, std::int64_t begin, std::int64_t n,
              std::byte* bytes) noexcept {
  for (std::int64_t done = 0; done < n;) {
    const auto [byte, shift] = position(layout, begin + done);
    const std::int64_t run = std::min(n - done, run_length(layout, begin + done));
    for (std::int64_t k = 0; k < run; ++k) {
      const auto bits = static_cast<std::byte>((codes[done + k] & 3u) << shift);
      bytes[byte + k] = shift == 6 ? bits : bytes[byte + k] | bits;  // the first of four clears its byte
    }
    done += run;
  }
}

void i2s_write_tail(const I2sLayout& layout, float scale, std::byte* bytes) noexcept {
  std::byte* tail = bytes + layout.code_bytes();
  std::memset(tail, 0, i2s_tail_bytes);
  std::memcpy(tail, &scale, sizeof scale);
}

void i2s_decode(const I2sLayout& layout, const std::byte* bytes, float scale, std::int64_t begin, std::int64_t n,
                float* values) noexcept {
  for (std::int64_t done = 0; done < n;) {
    const auto [byte, shift] = position(layout, begin + done);
    const std::int64_t run = std::min(n - done, run_length(layout, begin + done));
    for (std::int64_t k = 0; k < run; ++k)
      values[done + k] = static_cast<float>((std::to_integer<int>(bytes[byte + k]) >> shift & 3) - 1) * scale;
    done += run;
  }
}

Tensor i2s_rows(const Tensor& x, std::int64_t first, std::int64_t last) {
  const Encoding& encoding = *x.encoding();
  const I2sLayout whole = i2s_layout(x.shape(), encoding.packing(), "i2s_rows");
  if (first == 0 && last == whole.rows) return x.view({whole.rows, whole.columns});
  const Shape shape{last - first, whole.columns};
  const I2sLayout part = i2s_layout(shape, encoding.packing(), "i2s_rows");
  Ref<Storage> storage = Storage::allocate(part.code_bytes() + i2s_tail_bytes);
  std::byte* out = storage->mutable_data();
  std::memcpy(out, x.bytes() + first * whole.columns / 4, part.code_bytes());
  i2s_write_tail(part, encoding.scale(), out);
  return Tensor::view_of(std::move(storage), 0, shape, Ref<const Encoding>(&encoding));
}

Tensor repack_i2s(const Tensor& x, Packing packing) {
  if (!x.is_quantized() || x.encoding()->scheme() != Scheme::i2_s)
    fail(ErrorCode::invalid_argument, "repack_i2s", "an I2_S tensor expected, found {}", describe(x));
  if (x.encoding()->packing() == packing) return x;
  const I2sLayout from = i2s_layout(x.shape(), x.encoding()->packing(), "repack_i2s");
  const I2sLayout to = i2s_layout(x.shape(), packing, "repack_i2s");
  const float scale = x.encoding()->scale();
  Ref<Storage> storage = Storage::allocate(to.code_bytes() + i2s_tail_bytes);
  std::byte* out = storage->mutable_data();
  const std::byte* in = x.bytes();
  // Pieces that are whole units of every packing, and small enough to stay in cache.
  const std::int64_t unit = 128 * 4 * std::max<std::int64_t>(from.columns, 1);
  parallel_for(to.elements(), unit, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(end - begin));
    i2s_unpack(from, in, begin, end - begin, codes.data());
    i2s_pack(to, codes.data(), begin, end - begin, out);
  });
  i2s_write_tail(to, scale, out);
  return Tensor::view_of(std::move(storage), 0, x.shape(), Encoding::i2_s(packing, scale));
}

}  // namespace ingot
