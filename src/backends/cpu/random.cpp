// random: every task computes its own elements from their numbers.
#include <algorithm>

#include "backends/cpu/kernels.h"
#include "backends/cpu/simd/random.h"
#include "core/convert.h"
#include "core/parallel.h"
#include "ops/random_stream.h"

namespace ingot::cpu {
namespace {

constexpr std::int64_t tile = 1024;                    // words of 64 bits at a time
constexpr std::int64_t grain = std::int64_t{1} << 14;  // elements a task takes

struct Tile {
  alignas(64) std::uint64_t words[tile];
  const std::uint32_t* halves() const noexcept { return reinterpret_cast<const std::uint32_t*>(words); }
};

// Calls fill(to + first, words, first, count) for tiles of all elements, each of which takes a word of `bits`.
template <class T, class F>
void for_tiles(const Tensor& out, const RandomParams& params, int bits, F&& fill) {
  T* to = out.mutable_data<T>();
  const std::int64_t each = 64 / bits * tile, a_block = 128 / bits;
  parallel_for(out.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
    Tile words;
    for (std::int64_t first = begin; first < end; first += each) {
      const std::int64_t count = std::min(each, end - first);
      philox_row(params.seed, params.offset + static_cast<std::uint64_t>(first / a_block),
                 static_cast<std::size_t>((count - 1) / a_block + 1), words.words);
      fill(to + first, words, first, static_cast<std::size_t>(count));
    }
  });
}

// Rows of random.h write whole vectors.
template <class T, class Row>
void write_row(T* to, std::size_t count, std::size_t whole, Row&& row) {
  const std::size_t full = count / whole * whole;
  row(to, 0, full);
  if (full == count) return;
  alignas(64) T rest[16];
  row(rest, full, whole);
  std::copy_n(rest, count - full, to + full);
}

void uniforms(const Tensor& out, const RandomParams& params) {
  const double low = params.low, span = params.high - params.low;
  visit_floating(out.dtype(), "random", [&]<class T>(T) {
    constexpr bool wide = std::is_same_v<T, double>;
    for_tiles<T>(out, params, wide ? 64 : 32, [&](T* to, const Tile& words, std::int64_t, std::size_t n) {
      if constexpr (wide) {
        write_row(to, n, 16,
                  [&](T* at, std::size_t i, std::size_t count) { uniform_row(words.words + i, count, low, span, at); });
      } else if constexpr (std::is_same_v<T, float>) {
        write_row(to, n, 16, [&](T* at, std::size_t i, std::size_t count) {
          uniform_row(words.halves() + i, count, low, span, at);
        });
      } else {
        constexpr int bits = uniform_bits(dtype_of<T>);
        for (std::size_t i = 0; i < n; ++i)
          to[i] = convert<T>(low + span * ((words.halves()[i] >> (32 - bits)) * (1.0 / (1 << bits))));
      }
    });
  });
}

void normals(const Tensor& out, const RandomParams& params) {
  visit_floating(out.dtype(), "random", [&]<class T>(T) {
    constexpr bool wide = std::is_same_v<T, double>;
    for_tiles<T>(out, params, wide ? 64 : 32, [&](T* to, const Tile& words, std::int64_t, std::size_t n) {
      if constexpr (std::is_arithmetic_v<T>) {
        write_row(to, n, 16, [&](T* at, std::size_t i, std::size_t count) {
          if constexpr (wide)
            normal_row(words.words + i, count, params.low, params.high, at);
          else
            normal_row(words.halves() + i, count, params.low, params.high, at);
        });
      } else {
        // Rounded once: through float it would be twice.
        for (std::size_t i = 0; i < n; i += 2) {
          const auto z = normal_pair((words.halves()[i] + 1.0) * 0x1p-32, words.halves()[i + 1] * 0x1p-32);
          for (std::size_t k = 0; k < 2 && i + k < n; ++k) to[i + k] = convert<T>(params.low + params.high * z[k]);
        }
      }
    });
  });
}

void integers(const Tensor& out, const RandomParams& params) {
  visit_arithmetic(out.dtype(), "random", [&]<class T>(T) {
    for_tiles<T>(out, params, 64, [&](T* to, const Tile& words, std::int64_t first, std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) {
        auto found = params.range == 0 ? words.words[i] : below(words.words[i], params.range);
        if (!found)
          found = RandomStream(params.seed, params.offset).below(static_cast<std::uint64_t>(first) + i, params.range);
        to[i] = convert<T>(params.integer_low + *found);
      }
    });
  });
}

// Each step needs the one before it: in order, on one thread. Where the next steps go is known: their memory is asked
// for ahead of them.
void permute(const Tensor& out, const RandomParams& params) {
  constexpr std::int64_t ahead = 32;
  std::int64_t* to = out.mutable_data<std::int64_t>();
  RandomStream stream(params.seed, params.offset);
  Tile words;
  std::int64_t places[tile];
  for (std::int64_t first = 0; first < out.numel(); first += tile) {
    const std::int64_t count = std::min(tile, out.numel() - first);
    philox_row(params.seed, params.offset + static_cast<std::uint64_t>(first / 2),
               static_cast<std::size_t>((count - 1) / 2 + 1), words.words);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto n = static_cast<std::uint64_t>(first + i);
      const auto place = below(words.words[i], n + 1);
      places[i] = static_cast<std::int64_t>(place ? *place : stream.below(n, n + 1));
    }
    for (std::int64_t i = 0; i < count; ++i) {
      __builtin_prefetch(to + places[std::min(i + ahead, count - 1)], 1);
      std::int64_t& place = to[places[i]];
      to[first + i] = place;
      place = first + i;
    }
  }
}

}  // namespace

void random_kernel(const Call& call) {
  const Tensor& out = call.outputs[0];
  const auto params = call.params.as<RandomParams>();
  switch (params.distribution) {
    case Distribution::uniform: return uniforms(out, params);
    case Distribution::normal: return normals(out, params);
    case Distribution::integers: return integers(out, params);
    case Distribution::permutation: return permute(out, params);
  }
}

}  // namespace ingot::cpu
