// gather, scatter, arange.
#include <algorithm>

#include "backends/cpu/gather.h"
#include "backends/cpu/kernels.h"
#include "core/convert.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

constexpr std::int64_t grain = std::int64_t{1} << 16;

// The block of axes behind each offset, in step with a row of the other tensor.
StridedLoop<2> block_loop(const Tensor& block, int indexed, const Tensor& rows) {
  Shape shape = rows.shape(), strides = rows.strides(), block_strides = block.strides();
  shape.erase(0);
  strides.erase(0);
  for (int i = 0; i < indexed; ++i) block_strides.erase(0);
  return {shape, {block_strides, strides}};
}

// Calls f(Word{}) with an integer of `bits`.
template <class F>
void visit_word(int bits, F&& f) {
  if (bits == 8) return f(std::uint8_t{});
  if (bits == 16) return f(std::uint16_t{});
  if (bits == 32) return f(std::uint32_t{});
  f(std::uint64_t{});
}

// Elements are moved through memcpy, since Word is not their type.
template <class Word>
Word load(const std::byte* base, std::int64_t at) noexcept {
  Word word;
  std::memcpy(&word, base + at * static_cast<std::int64_t>(sizeof(Word)), sizeof(Word));
  return word;
}
template <class Word>
void store(std::byte* base, std::int64_t at, Word word) noexcept {
  std::memcpy(base + at * static_cast<std::int64_t>(sizeof(Word)), &word, sizeof(Word));
}

template <class T>
T sum(T a, T b) noexcept {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  else if constexpr (is_narrow_float<T>)
    return convert<T>(to_float(a) + to_float(b));
  else
    return a + b;
}

// put(target offset, value offset) for all, in the order of the rows. Tasks share out the block's elements, never the
// rows: several of them may name one element.
template <class Put>
void for_targets(const Tensor& target, int indexed, const Tensor& values, const std::int64_t* offsets, Put&& put) {
  constexpr std::int64_t columns = 512;
  const StridedLoop<2> loop = block_loop(target, indexed, values);
  const auto steps = loop.inner_strides();
  const std::int64_t rows = values.shape()[0], row_stride = values.strides()[0];
  if (row_stride == 1) {  // the values of one target element lie side by side
    parallel_for(loop.size(), 16, [&](std::int64_t begin, std::int64_t end) {
      loop.run(begin, end, [&](const auto& at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i)
          for (std::int64_t row = 0; row < rows; ++row)
            put(offsets[row] + at[0] + i * steps[0], row + at[1] + i * steps[1]);
      });
    });
    return;
  }
  parallel_for(loop.size(), columns, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = 0; row < rows; ++row)
      loop.run(begin, end, [&](const auto& at, std::int64_t n) {
        const std::int64_t to = offsets[row] + at[0], from = row * row_stride + at[1];
        for (std::int64_t i = 0; i < n; ++i) put(to + i * steps[0], from + i * steps[1]);
      });
  });
}

}  // namespace

void gather_kernel(const Call& call) {
  const Tensor &source = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const std::int64_t* offsets = call.inputs[1].data<std::int64_t>();
  const std::byte* from = source.bytes();
  std::byte* to = out.mutable_bytes();
  const StridedLoop<2> loop = block_loop(source, call.params.as<GatherParams>().indexed, out);
  const auto steps = loop.inner_strides();
  const std::int64_t rows = out.shape()[0], row_stride = out.strides()[0], width = bit_width(out.dtype()) / 8;
  if (loop.size() == 1) {
    visit_word(bit_width(out.dtype()), [&]<class Word>(Word) {
      parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t row = begin; row < end; ++row) store(to, row * row_stride, load<Word>(from, offsets[row]));
      });
    });
    return;
  }
  if (row_stride == 1) {  // along the last axis: the elements that the offsets name lie side by side in out
    visit_word(bit_width(out.dtype()), [&]<class Word>(Word) {
      const std::int64_t share = std::max<std::int64_t>(1, grain / rows);
      parallel_for(loop.size(), share, [&](std::int64_t begin, std::int64_t end) {
        loop.run(begin, end, [&](const auto& at, std::int64_t n) {
          for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t row = 0; row < rows; ++row)
              store(to, at[1] + i * steps[1] + row, load<Word>(from, offsets[row] + at[0] + i * steps[0]));
        });
      });
    });
    return;
  }
  parallel_for(rows * loop.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    while (begin < end) {
      const std::int64_t row = begin / loop.size(), first = begin % loop.size();
      const std::int64_t last = std::min(loop.size(), first + end - begin);
      loop.run(first, last, [&](const auto& at, std::int64_t n) {
        const std::byte* source_at = from + (offsets[row] + at[0]) * width;
        std::byte* target_at = to + (row * row_stride + at[1]) * width;
        if (steps[1] == 1) return gather(source_at, steps[0], static_cast<std::size_t>(width), target_at, n);
        visit_word(bit_width(out.dtype()), [&]<class Word>(Word) {
          for (std::int64_t i = 0; i < n; ++i) store(target_at, i * steps[1], load<Word>(source_at, i * steps[0]));
        });
      });
      begin += last - first;
    }
  });
}

void scatter_kernel(const Call& call) {
  const Tensor &values = call.inputs[0], &target = call.outputs[0];
  if (values.numel() == 0) return;
  const auto params = call.params.as<ScatterParams>();
  const std::int64_t* offsets = call.inputs[1].data<std::int64_t>();
  if (params.add) {
    visit_arithmetic(target.dtype(), "scatter", [&]<class T>(T) {
      const T* from = values.data<T>();
      T* to = target.mutable_data<T>();
      for_targets(target, params.indexed, values, offsets,
                  [&](std::int64_t at, std::int64_t value) { to[at] = sum(to[at], from[value]); });
    });
    return;
  }
  const std::byte* from = values.bytes();
  std::byte* to = target.mutable_bytes();
  visit_word(bit_width(target.dtype()), [&]<class Word>(Word) {
    for_targets(target, params.indexed, values, offsets,
                [&](std::int64_t at, std::int64_t value) { store(to, at, load<Word>(from, value)); });
  });
}

void arange_kernel(const Call& call) {
  const Tensor& out = call.outputs[0];
  const auto params = call.params.as<ArangeParams>();
  visit_numeric(out.dtype(), "arange", [&]<class T>(T) {
    T* to = out.mutable_data<T>();
    parallel_for(out.numel(), grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        if constexpr (std::is_integral_v<T>)
          to[i] = convert<T>(params.integer_start + static_cast<std::uint64_t>(i) * params.integer_step);
        else
          to[i] = from_double<T>(params.start + static_cast<double>(i) * params.step);
      }
    });
  });
}

}  // namespace ingot::cpu
