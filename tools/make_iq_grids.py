"""Writes src/quant/blocks/grids.cpp: the grids of ggml's IQ formats, from the tables of the `gguf` package (MIT).

    build/venv/bin/python tools/make_iq_grids.py
"""

import pathlib

import numpy as np
from gguf import quants

TARGET = pathlib.Path(__file__).resolve().parents[1] / "src/quant/blocks/grids.cpp"

HEAD = """// Written by tools/make_iq_grids.py from the tables of the gguf package (MIT licence). A point's levels stand in order from
// the lowest bits up: two bits each in grids of 8, four in grids of 4.
#include "quant/blocks/grids.h"

namespace ingot::blocks::grids {
namespace {

template <std::size_t Width, std::size_t Points, std::size_t Levels>
constexpr std::array<std::array<std::int8_t, Width>, Points> expand(const std::uint16_t (&points)[Points],
                                                                    const std::int8_t (&levels)[Levels]) {
  constexpr unsigned bits = 16 / Width;
  std::array<std::array<std::int8_t, Width>, Points> grid{};
  for (std::size_t p = 0; p < Points; ++p)
    for (std::size_t i = 0; i < Width; ++i) grid[p][i] = levels[points[p] >> bits * i & ((1u << bits) - 1)];
  return grid;
}

"""


def table(name, format):
    format.init_grid()
    points = format.grid.reshape(-1, format.grid.shape[-1]).astype(int)
    levels = list(format.grid_map)
    bits = 16 // points.shape[1]
    packed = sum(np.vectorize(levels.index)(points[:, i]) << bits * i for i in range(points.shape[1]))
    numbers = [f"{number:#06x}" for number in packed]
    lines = (", ".join(numbers[i : i + 14]) for i in range(0, len(numbers), 14))
    text = f"constexpr std::uint16_t {name}_points[] = {{\n    " + ",\n    ".join(lines) + "};\n"
    return text + f"constexpr std::int8_t {name}_levels[] = {{{', '.join(map(str, levels))}}};\n\n", points.shape


def main():
    formats = {"iq2_xxs": quants.IQ2_XXS, "iq2_xs": quants.IQ2_XS, "iq2_s": quants.IQ2_S, "iq3_xxs": quants.IQ3_XXS,
               "iq3_s": quants.IQ3_S, "iq1": quants.IQ1_S}
    tables, grids = [], []
    for name, format in formats.items():
        text, (points, width) = table(name, format)
        tables.append(text)
        grids.append(f"constinit const Grid<{width}, {points}> {name} = expand<{width}>({name}_points, {name}_levels);\n")
    TARGET.write_text(HEAD + "".join(tables) + "}  // namespace\n\n" + "".join(grids)
                      + "\n}  // namespace ingot::blocks::grids\n")


if __name__ == "__main__":
    main()
