// What ggml's IQ formats share: grids of points that 4 or 8 elements are taken from at once, and how signs are kept.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace ingot::blocks {

namespace grids {

template <std::size_t Width, std::size_t Points>
using Grid = std::array<std::array<std::int8_t, Width>, Points>;

extern const Grid<8, 256> iq2_xxs;
extern const Grid<8, 512> iq2_xs;
extern const Grid<8, 1024> iq2_s;
extern const Grid<4, 256> iq3_xxs;
extern const Grid<4, 512> iq3_s;
extern const Grid<8, 2048> iq1;  // IQ1_S and IQ1_M

}  // namespace grids

/// Eight signs from seven: the eighth makes the number of minuses even.
inline int even_signs(unsigned seven) noexcept {
  return static_cast<int>(seven | (static_cast<unsigned>(std::popcount(seven)) & 1) << 7);
}

/// x = scale·point, negated where the element's bit is set.
template <std::size_t Width>
void put_signed(float scale, const std::array<std::int8_t, Width>& point, int signs, float* x) noexcept {
  for (std::size_t i = 0; i < Width; ++i) {
    const float value = scale * static_cast<float>(point[i]);
    x[i] = signs >> i & 1 ? -value : value;
  }
}

/// x = scale·(point + shift).
inline void put_shifted(float scale, const std::array<std::int8_t, 8>& point, float shift, float* x) noexcept {
  for (std::size_t i = 0; i < 8; ++i) x[i] = scale * (static_cast<float>(point[i]) + shift);
}

}  // namespace ingot::blocks
