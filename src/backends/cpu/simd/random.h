// Rows of random numbers, one version for each instruction set. All give the same bits (compiled without contraction).
#pragma once

#include <cstddef>
#include <cstdint>

namespace ingot::cpu {

/// Philox4x32-10 of the blocks first … first + blocks − 1 under the key `seed` (core/philox.h), two words of 64 bits
/// each, the earlier of 32 in the lower half. Room for a multiple of 8 blocks is needed.
void philox_row(std::uint64_t seed, std::uint64_t first, std::size_t blocks, std::uint64_t* words);
/// low + span · u for n words' leading 24 or 53 bits.
void uniform_row(const std::uint32_t* words, std::size_t n, double low, double span, float* out);
void uniform_row(const std::uint64_t* words, std::size_t n, double low, double span, double* out);
/// mean + deviation · z, with a normal pair of two words each; room for a multiple of 16 words and results is needed.
void normal_row(const std::uint32_t* words, std::size_t n, double mean, double deviation, float* out);
void normal_row(const std::uint64_t* words, std::size_t n, double mean, double deviation, double* out);

}  // namespace ingot::cpu
