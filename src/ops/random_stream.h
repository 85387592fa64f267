// The definition of every random number: what all columns must give.
#pragma once

#include <array>
#include <bit>
#include <optional>

#include "core/int128.h"
#include "core/philox.h"
#include "ops/element.h"
#include "ops/params.h"

namespace ingot {

#include "ops/normal_pair.def"

inline Binary<Element<double>> split_binary(Element<double> u) noexcept {
  const auto bits = std::bit_cast<std::int64_t>(u.value);
  const std::int64_t k = (bits - 0x3FE6A09E667F3BCD) >> 52;  // √½
  return {std::bit_cast<double>(bits - (k << 52)), static_cast<double>(k)};
}

inline std::array<double, 2> normal_pair(double u1, double u2) noexcept {
  const auto z = normal_pair(Element<double>(u1), Element<double>(u2));
  return {z[0].value, z[1].value};
}

/// 0 … range − 1 from a word, range not 0: the upper half of their product. None where the lower half falls among the
/// 2⁶⁴ mod range values that would make some results likelier (Lemire 2019).
inline std::optional<std::uint64_t> below(std::uint64_t word, std::uint64_t range) noexcept {
  const UInt128 product = UInt128{word} * range;
  const auto low = static_cast<std::uint64_t>(product);
  if (low < range && low < (0 - range) % range) return {};
  return static_cast<std::uint64_t>(product >> 64);
}

/// The words of the stream that begins at a block. Remembers the last block: neighbours cost one evaluation.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t offset) noexcept
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}, offset_(offset) {}

  std::uint32_t word32(std::uint64_t i) noexcept { return block(i / 4, 0)[i % 4]; }
  /// `attempt` > 0: another draw for the same i.
  std::uint64_t word64(std::uint64_t i, std::uint32_t attempt = 0) noexcept {
    const auto& words = block(i / 2, attempt);
    return std::uint64_t{words[i % 2 * 2 + 1]} << 32 | words[i % 2 * 2];
  }

  /// A multiple of 2^−bits in [0, 1).
  double uniform(std::uint64_t i, int bits) noexcept {
    const std::uint64_t word = bits > 32 ? word64(i) >> (64 - bits) : word32(i) >> (32 - bits);
    return static_cast<double>(word) / static_cast<double>(std::uint64_t{1} << bits);
  }

  /// Numbers 2·pair and 2·pair + 1. `wide`: from 53 bits each, else from 32.
  std::array<double, 2> normal_pair(std::uint64_t pair, bool wide) noexcept {
    const std::uint64_t first = 2 * pair;
    const double u1 = wide ? static_cast<double>((word64(first) >> 11) + 1) * 0x1p-53
                           : (static_cast<double>(word32(first)) + 1) * 0x1p-32;
    const double u2 = wide ? static_cast<double>(word64(first + 1) >> 11) * 0x1p-53 : word32(first + 1) * 0x1p-32;
    return ingot::normal_pair(u1, u2);
  }

  /// 0 … range − 1; range 0 stands for 2⁶⁴. Drawn again where a word does not do.
  std::uint64_t below(std::uint64_t i, std::uint64_t range) noexcept {
    if (range == 0) return word64(i);
    for (std::uint32_t attempt = 0;; ++attempt)
      if (const auto found = ingot::below(word64(i, attempt), range)) return *found;
  }

 private:
  const std::array<std::uint32_t, 4>& block(std::uint64_t number, std::uint32_t attempt) noexcept {
    if (!known_ || number != number_ || attempt != attempt_) {
      const std::uint64_t n = offset_ + number;
      words_ = philox4x32({static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(n >> 32), attempt, 0}, key_);
      number_ = number, attempt_ = attempt, known_ = true;
    }
    return words_;
  }

  std::array<std::uint32_t, 2> key_;
  std::uint64_t offset_, number_ = 0;
  std::uint32_t attempt_ = 0;
  bool known_ = false;
  std::array<std::uint32_t, 4> words_{};
};

/// Bits of a uniform number of a floating dtype.
constexpr int uniform_bits(DType dtype) noexcept {
  switch (dtype) {
    case DType::f16: return 11;
    case DType::bf16: return 8;
    case DType::f64: return 53;
    default: return 24;
  }
}

}  // namespace ingot
