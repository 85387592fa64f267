#include "quant/affine.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/visit.h"
#include "quant/packed.h"
#include "quant/rows.h"

namespace ingot {
namespace {

// To nearest, ties to even: adding 1.5·2²³ leaves no bits below one. For |x| < 2²²; vectorises on every instruction
// set.
inline float nearest(float x) noexcept { return (x + 0x1.8p23f) - 0x1.8p23f; }

template <class Code>
inline float decoded(Code code, float scale, float zero) noexcept {
  return (static_cast<float>(code) - zero) * scale;
}

template <class Code>
inline Code encoded(float x, float scale, float zero, float low, float high) noexcept {
  // Quotients beyond ±1024 meet the ends of every range from any zero point.
  const float quotient = std::min(std::max(x / scale, -1024.0f), 1024.0f);
  return static_cast<Code>(static_cast<int>(std::min(std::max(nearest(quotient) + zero, low), high)));
}

// A part of one row of an affine tensor: `n` elements from column `first` on, with the scales and zero points of their
// groups.
struct Piece {
  std::int64_t first, n, group;
  std::int64_t at;  // the first element's place, in elements from the storage's byte `meta().byte_offset`
  const float *scale, *zero;

  /// shared(begin, end, scale, zero point) for the elements 0 … n−1 of the piece, group by group; where groups have one
  /// element each(scales, zero points).
  template <class Shared, class Each>
  void for_groups(Shared&& shared, Each&& each) const {
    if (group == 1) return each(scale, zero);
    const std::int64_t before = first / group;
    for (std::int64_t begin = 0, i = 0; begin < n; ++i) {
      const std::int64_t end = std::min(n, (before + i + 1) * group - first);
      shared(begin, end, scale[i], zero[i]);
      begin = end;
    }
  }
};

constexpr std::int64_t longest_piece = 1 << 14;

// The pieces that the elements [begin, end) of an affine tensor consist of, in order.
class Pieces {
 public:
  explicit Pieces(const Tensor& x)
      : x_(x), scales_(x.encoding()->scales()), zero_points_(x.encoding()->zero_points()), columns_(x.shape().back()) {
    group_ = columns_ / scales_.shape().back();
  }

  template <class Body>
  void run(std::int64_t begin, std::int64_t end, Body&& body) {
    while (begin < end) {
      const std::int64_t row = begin / columns_, first = begin % columns_;
      const std::int64_t n = std::min({end - begin, columns_ - first, longest_piece});
      body(piece(row, first, n));
      begin += n;
    }
  }

 private:
  Piece piece(std::int64_t row, std::int64_t first, std::int64_t n) {
    const std::int64_t group = first / group_, groups = (first + n - 1) / group_ + 1 - group;
    std::int64_t at = x_.meta().offset + first;
    std::int64_t scale_at = scales_.meta().offset + group * scales_.strides().back();
    std::int64_t zero_at =
        zero_points_.defined() ? zero_points_.meta().offset + group * zero_points_.strides().back() : 0;
    for (int axis = x_.rank() - 2; axis >= 0; --axis) {
      const std::int64_t size = x_.shape()[axis], i = row % size, g = i / (size / scales_.shape()[axis]);
      row /= size;
      at += i * x_.strides()[axis];
      scale_at += g * scales_.strides()[axis];
      if (zero_points_.defined()) zero_at += g * zero_points_.strides()[axis];
    }
    if (scale_.size() < static_cast<std::size_t>(groups)) {
      scale_.resize(static_cast<std::size_t>(groups));
      zero_.resize(static_cast<std::size_t>(groups), 0.0f);
    }
    visit_floating(scales_.dtype(), "dequantize",
                   [&]<class T>(T) { read<T>(scales_, scale_at, groups, scale_.data()); });
    if (zero_points_.defined()) {
      if (zero_points_.dtype() == DType::u8)
        read<std::uint8_t>(zero_points_, zero_at, groups, zero_.data());
      else
        read<std::int8_t>(zero_points_, zero_at, groups, zero_.data());
    }
    return {first, n, group_, at, scale_.data(), zero_.data()};
  }

  // Through memcpy: scales may lie at any byte of a mapped file.
  template <class T>
  static void read(const Tensor& from, std::int64_t at, std::int64_t n, float* out) {
    const std::byte* base = from.storage()->data() + from.meta().byte_offset;
    const std::int64_t step = from.strides().back();
    for (std::int64_t i = 0; i < n; ++i) {
      T value;
      std::memcpy(&value, base + (at + i * step) * static_cast<std::int64_t>(sizeof(T)), sizeof value);
      out[i] = static_cast<float>(to_double(value));
    }
  }

  const Tensor& x_;
  Tensor scales_, zero_points_;
  std::int64_t columns_, group_;
  std::vector<float> scale_, zero_;
};

template <class Code>
void decode(const Piece& piece, const Code* codes, float* out) {
  piece.for_groups(
      [&](std::int64_t begin, std::int64_t end, float scale, float zero) {
        for (std::int64_t i = begin; i < end; ++i) out[i] = decoded(codes[i], scale, zero);
      },
      [&](const float* scale, const float* zero) {
        for (std::int64_t i = 0; i < piece.n; ++i) out[i] = decoded(codes[i], scale[i], zero[i]);
      });
}

template <class Code>
void encode(const Piece& piece, const float* x, CodeRange range, Code* codes) {
  const auto low = static_cast<float>(range.low), high = static_cast<float>(range.high);
  piece.for_groups(
      [&](std::int64_t begin, std::int64_t end, float scale, float zero) {
        for (std::int64_t i = begin; i < end; ++i) codes[i] = encoded<Code>(x[i], scale, zero, low, high);
      },
      [&](const float* scale, const float* zero) {
        for (std::int64_t i = 0; i < piece.n; ++i) codes[i] = encoded<Code>(x[i], scale[i], zero[i], low, high);
      });
}

}  // namespace

void affine_decode(const Tensor& x, std::int64_t begin, std::int64_t end, float* out) {
  if (begin >= end) return;
  x.storage()->wait();
  const DType dtype = *affine_codes(x.encoding()->scheme());
  const int bits = bit_width(dtype);
  const std::byte* base = x.storage()->data() + x.meta().byte_offset;
  std::vector<std::int8_t> unpacked(bits < 8 ? static_cast<std::size_t>(std::min(end - begin, longest_piece)) : 0);
  Pieces(x).run(begin, end, [&](const Piece& piece) {
    if (bits < 8) {
      unpack_codes(bits, base, piece.at, piece.n, unpacked.data());
      decode(piece, unpacked.data(), out);
    } else if (dtype == DType::u8) {
      decode(piece, reinterpret_cast<const std::uint8_t*>(base) + piece.at, out);
    } else {
      decode(piece, reinterpret_cast<const std::int8_t*>(base) + piece.at, out);
    }
    out += piece.n;
  });
}

void affine_encode(const Tensor& x, const Tensor& out, int lowest_code, std::int64_t begin, std::int64_t end) {
  if (begin >= end) return;
  const DType dtype = *affine_codes(out.encoding()->scheme());
  const CodeRange range{lowest_code, code_range(dtype, false).high};
  const int bits = bit_width(dtype);
  std::byte* base = out.mutable_bytes();
  const auto longest = static_cast<std::size_t>(std::min(end - begin, longest_piece));
  std::vector<float> values(longest);
  std::vector<std::int8_t> unpacked(bits < 8 ? longest : 0);
  Pieces(out).run(begin, end, [&](const Piece& piece) {
    load_floats(x, begin, piece.n, values.data());
    if (bits < 8) {
      encode(piece, values.data(), range, unpacked.data());
      pack_codes(bits, unpacked.data(), piece.n, base, begin);
    } else if (dtype == DType::u8) {
      encode(piece, values.data(), range, reinterpret_cast<std::uint8_t*>(base) + begin);
    } else {
      encode(piece, values.data(), range, reinterpret_cast<std::int8_t*>(base) + begin);
    }
    begin += piece.n;
  });
}

}  // namespace ingot
