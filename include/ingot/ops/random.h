// Random numbers by counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
//
// Element i of a result is a function of the generator's seed and position and of i alone: the same for every device,
// number of threads and shape of as many elements. The seed is the key; counter b gives block b of four 32-bit words.
#pragma once

#include <cstdint>

#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

/// A seed and the number of the next block. Copies repeat each other. Not to be shared by threads.
class Generator {
 public:
  explicit Generator(std::uint64_t seed = 0, std::uint64_t offset = 0) noexcept : seed_(seed), offset_(offset) {}
  std::uint64_t seed() const noexcept { return seed_; }
  std::uint64_t offset() const noexcept { return offset_; }
  /// Skips `blocks` and returns the number of the first one.
  std::uint64_t advance(std::uint64_t blocks) noexcept {
    offset_ += blocks;
    return offset_ - blocks;
  }

 private:
  std::uint64_t seed_, offset_;
};

/// low + (high − low)·u in f64, rounded once to f16, bf16, f32 or f64. u is a multiple of 2⁻ᵖ in [0, 1), p the dtype's
/// precision (11, 8, 24, 53 bits): below 1 always; the result may round to `high` for other bounds, as in NumPy.
/// Takes a word an element, two for f64. Throws invalid_argument unless low ≤ high are finite.
Tensor uniform(Generator& generator, const Shape& shape, double low = 0, double high = 1, DType dtype = DType::f32,
               Device device = cpu_device);
/// mean + deviation·z, z by Box & Muller 1958 from two words a pair of elements (four for f64): √(−2 ln u₁) times
/// cos 2πu₂ and sin 2πu₂, u₁ in (0, 1], computed in f64 by formulas of our own, alike on every machine, and rounded
/// once. |z| ≤ 6.7 (f64: 8.6).
/// Throws invalid_argument unless both are finite and deviation ≥ 0.
Tensor normal(Generator& generator, const Shape& shape, double mean = 0, double deviation = 1, DType dtype = DType::f32,
              Device device = cpu_device);
/// Integers low … high − 1, each equally likely (Lemire 2019; rejected draws are repeated with another counter word).
/// Throws invalid_argument unless low < high, out_of_range where the dtype cannot hold them.
Tensor randint(Generator& generator, std::int64_t low, std::int64_t high, const Shape& shape, DType dtype = DType::i64,
               Device device = cpu_device);
/// bool: true with probability p. Throws invalid_argument unless 0 ≤ p ≤ 1.
Tensor bernoulli(Generator& generator, const Shape& shape, double p = 0.5, Device device = cpu_device);
/// The same with a probability for each element, of any floating dtype from 16 bits on.
Tensor bernoulli(Generator& generator, const Tensor& p);
/// i64 (n): 0 … n − 1 in random order (Fisher & Yates).
Tensor permutation(Generator& generator, std::int64_t n, Device device = cpu_device);

}  // namespace ingot
