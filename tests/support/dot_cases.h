// What checks a table of dot-product kernels, on the machine itself or under an emulator: weights with chosen codes and
// a scale of 1, so that every product is an integer that f32 holds exactly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "backends/cpu/isa/dot_kernels.h"
#include "quant/block_format.h"

namespace ingot::testing {

struct DotCase {
  cpu::DotFormat format;
  const char* name;
  Scheme scheme;
  int block, bytes;  // elements and bytes of a block
  int d, m;          // offsets of f16 d and m; −1: none
  std::vector<std::int64_t> ks;
};

inline const std::vector<DotCase>& dot_cases() {
  using cpu::DotFormat;
  static const std::vector<std::int64_t> small{32, 64, 96, 128, 160, 224, 288, 512}, wide{256, 512, 768};
  static const std::vector<DotCase> cases = {
      {DotFormat::q4_0, "q4_0", Scheme::q4_0, 32, 18, 0, -1, small},
      {DotFormat::q4_1, "q4_1", Scheme::q4_1, 32, 20, 0, 2, small},
      {DotFormat::q5_0, "q5_0", Scheme::q5_0, 32, 22, 0, -1, small},
      {DotFormat::q5_1, "q5_1", Scheme::q5_1, 32, 24, 0, 2, small},
      {DotFormat::q8_0, "q8_0", Scheme::q8_0, 32, 34, 0, -1, small},
      {DotFormat::tq1_0, "tq1_0", Scheme::tq1_0, 256, 54, 52, -1, wide},
      {DotFormat::tq2_0, "tq2_0", Scheme::tq2_0, 256, 66, 64, -1, wide},
      {DotFormat::i2_s, "i2_s", Scheme::i2_s, 128, 32, -1, -1, {128, 256, 384, 640}},
  };
  return cases;
}

/// Rows of blocks: bytes by `fill`, d = 1, m = −3.
template <class Fill>
std::vector<std::byte> blocks_of(const DotCase& c, std::int64_t rows, std::int64_t k, Fill&& fill) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(rows * k / c.block * c.bytes));
  for (std::byte& b : bytes) b = static_cast<std::byte>(fill());
  const std::uint16_t one = 0x3C00, minus_three = 0xC200;
  for (std::size_t at = 0; at < bytes.size(); at += static_cast<std::size_t>(c.bytes)) {
    if (c.d >= 0) std::memcpy(&bytes[at + static_cast<std::size_t>(c.d)], &one, 2);
    if (c.m >= 0) std::memcpy(&bytes[at + static_cast<std::size_t>(c.m)], &minus_three, 2);
  }
  return bytes;
}

/// The scalar decoders are the definition; I2_S's (x86 packing) is written out here.
inline std::vector<float> decoded(const DotCase& c, const std::byte* row, std::int64_t k) {
  std::vector<float> values(static_cast<std::size_t>(k));
  if (c.scheme != Scheme::i2_s) {
    block_format(c.scheme).decode(row, k, values.data());
    return values;
  }
  for (std::int64_t i = 0; i < k; ++i)
    values[static_cast<std::size_t>(i)] =
        static_cast<float>((std::to_integer<int>(row[i / 128 * 32 + i % 32]) >> (6 - 2 * (i % 128 / 32)) & 3) - 1);
  return values;
}

/// columns · rows products through a table of kernels.
inline std::vector<float> products(const cpu::DotKernels& kernels, const DotCase& c,
                                   const std::vector<std::byte>& weights, std::int64_t rows,
                                   const std::vector<float>& x, std::int64_t columns, std::int64_t k, bool per_row) {
  const std::size_t stride = kernels.prepared_bytes(c.format, k);
  std::vector<std::byte> buffer(stride * static_cast<std::size_t>(columns) + 64);
  std::byte* prepared = buffer.data() + (64 - reinterpret_cast<std::uintptr_t>(buffer.data()) % 64) % 64;
  for (std::int64_t i = 0; i < columns; ++i)
    kernels.prepare(c.format, x.data() + i * k, k, per_row, prepared + static_cast<std::size_t>(i) * stride);
  std::vector<float> out(static_cast<std::size_t>(rows * columns), -1e30f);
  const cpu::WeightRows w{weights.data(), static_cast<std::ptrdiff_t>(k / c.block * c.bytes), rows, 1};
  kernels.dot(c.format, w, prepared, stride, columns, k, per_row, out.data(), rows);
  return out;
}

/// The first product that is not exact, or "".
inline std::string first_inexact(const cpu::DotKernels& kernels, const DotCase& c,
                                 const std::vector<std::byte>& weights, std::int64_t rows, const std::vector<float>& x,
                                 std::int64_t columns, std::int64_t k) {
  for (const bool per_row : {false, true}) {
    const std::vector<float> found = products(kernels, c, weights, rows, x, columns, k, per_row);
    for (std::int64_t r = 0; r < rows; ++r) {
      const std::vector<float> w = decoded(c, weights.data() + r * (k / c.block * c.bytes), k);
      for (std::int64_t i = 0; i < columns; ++i) {
        std::int64_t sum = 0;
        for (std::int64_t l = 0; l < k; ++l)
          sum += static_cast<std::int64_t>(w[static_cast<std::size_t>(l)]) *
                 static_cast<std::int64_t>(x[static_cast<std::size_t>(i * k + l)]);
        const float y = found[static_cast<std::size_t>(i * rows + r)];
        if (y != static_cast<float>(sum))
          return std::string(kernels.name) + " " + c.name + " k " + std::to_string(k) + " row " + std::to_string(r) +
                 " of " + std::to_string(rows) + ", column " + std::to_string(i) + " of " + std::to_string(columns) +
                 (per_row ? ", one scale: " : ": ") + std::to_string(y) + " instead of " + std::to_string(sum);
      }
    }
  }
  return "";
}

/// Integers in −127 … 127, with ±127 in every block, so that the scale is 1 and codes are the values.
inline std::vector<float> integer_activations(std::int64_t columns, std::int64_t k, std::mt19937& engine) {
  std::vector<float> x(static_cast<std::size_t>(columns * k));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = i % 32 == i / 32 % 32 ? (engine() % 2 ? 127.0f : -127.0f) : static_cast<float>(engine() % 255) - 127.0f;
  return x;
}

/// Every format against exact integer arithmetic: random codes, then every extreme of codes and activations. Sums stay
/// below 2²⁴: 128 · 127 · 768 and less.
inline std::string check_exact_products(const cpu::DotKernels& kernels) {
  std::mt19937 engine(11);
  for (const DotCase& c : dot_cases())
    for (const std::int64_t k : c.ks) {
      for (const std::int64_t rows : {1, 4, 7})
        for (const std::int64_t columns : {1, 2, 4, 5}) {
          const auto weights = blocks_of(c, rows, k, [&] { return engine() & 255u; });
          const auto x = integer_activations(columns, k, engine);
          if (auto wrong = first_inexact(kernels, c, weights, rows, x, columns, k); !wrong.empty()) return wrong;
        }
      // 0x80: Q8_0's −128; 0xAA: codes 2 (+1) of the two-bit formats; 0xFF and 0x00: the largest and least of all.
      for (const unsigned byte : {0x00u, 0xFFu, 0x80u, 0x7Fu, 0x81u, 0xAAu, 0x55u})
        for (const int signs : {0, 1, 2}) {
          const auto weights = blocks_of(c, 5, k, [&] { return byte; });
          std::vector<float> x(static_cast<std::size_t>(5 * k));
          for (std::size_t i = 0; i < x.size(); ++i) x[i] = signs == 0 || (signs == 2 && i % 2) ? 127.0f : -127.0f;
          if (auto wrong = first_inexact(kernels, c, weights, 5, x, 5, k); !wrong.empty()) return wrong;
        }
    }
  return "";
}

}  // namespace ingot::testing
