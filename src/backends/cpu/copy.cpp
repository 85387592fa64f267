// copy: moves by width where the dtypes agree, vector conversions between floats, the scalar conversion otherwise.
#include <algorithm>
#include <cstring>

#include "backends/cpu/gather.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/simd/rows.h"
#include "backends/reference/convert_elements.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "quant/packed.h"

namespace ingot::cpu {
namespace {

constexpr std::int64_t grain = std::int64_t{1} << 16;
constexpr std::int64_t tile = 512;

struct Plan {
  const std::byte* from;
  std::byte* to;
  std::int64_t from_width, to_width;
};

// Both sides stepping through memory the long way round: squares of 64 × 64 elements are read along the source's rows
// into a buffer and written along the target's. Without it a column's elements, a power of two apart, fall into one set
// of the cache and every line is fetched once for each of its elements.
constexpr std::int64_t square = 64;
// One element more than the square, so that the buffer's columns spread over the sets.
constexpr std::int64_t pitch = square + 1;

bool is_transposition(const StridedLoop<2>& loop, const Tensor& source, const Tensor& target) {
  return source.dtype() == target.dtype() && source.rank() >= 2 && loop.inner_strides()[1] == 1 &&
         loop.inner_strides()[0] != 1 && loop.inner_strides()[0] != 0 && source.strides()[source.rank() - 2] == 1 &&
         target.shape()[target.rank() - 1] == loop.inner_size();
}

void transpose(const Plan& plan, const Tensor& source, const Tensor& target) {
  const int column = target.rank() - 1, row = column - 1;
  const std::int64_t rows = target.shape()[row], columns = target.shape()[column];
  const std::int64_t bands = (rows + square - 1) / square;
  const auto outer = [&](Shape strides) {
    strides.erase(column);
    strides.erase(row);
    return strides;
  };
  const StridedLoop<2> loop(outer(target.shape()), {outer(source.strides()), outer(target.strides())});
  const std::int64_t width = plan.from_width, stride = source.strides()[column], to_stride = target.strides()[row];
  parallel_for(loop.size() * bands, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t task = begin; task < end; ++task) {
      const std::int64_t first = task % bands * square, last = std::min(rows, first + square);
      loop.run(task / bands, task / bands + 1, [&](const auto& at, std::int64_t) {
        alignas(64) std::byte buffer[square * pitch * 8];
        for (std::int64_t c = 0; c < columns; c += square) {
          const std::int64_t wide = std::min(square, columns - c);
          for (std::int64_t i = 0; i < wide; ++i)
            std::memcpy(buffer + i * pitch * width, plan.from + (at[0] + first + (c + i) * stride) * width,
                        static_cast<std::size_t>((last - first) * width));
          for (std::int64_t r = first; r < last; ++r)
            gather(buffer + (r - first) * width, pitch, static_cast<std::size_t>(width),
                   plan.to + (at[1] + r * to_stride + c) * width, wide);
        }
      });
    }
  });
}

// Rows of whole bytes.
void copy_rows(const Plan& plan, const StridedLoop<2>& loop, const Tensor& source, const Tensor& target) {
  const std::int64_t from_step = loop.inner_strides()[0], to_step = loop.inner_strides()[1];
  const bool same = source.dtype() == target.dtype();
  // Inputs arrive aligned; the target of copy_ may be a view of a file at any byte.
  const ConvertRow row = same || !target.is_aligned() ? nullptr : convert_row(source.dtype(), target.dtype());
  const ConvertElements elements = convert_elements(source.dtype(), target.dtype());
  const auto from_width = static_cast<std::size_t>(plan.from_width), to_width = static_cast<std::size_t>(plan.to_width);
  parallel_for(loop.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    alignas(64) std::byte gathered[tile * 8], converted[tile * 8];
    loop.run(begin, end, [&](const auto& at, std::int64_t n) {
      const std::byte* from = plan.from + at[0] * plan.from_width;
      std::byte* to = plan.to + at[1] * plan.to_width;
      if (same && to_step == 1) return gather(from, from_step, from_width, to, n);
      if (same && from_step == 1) return scatter(from, to, to_step, to_width, n);
      if (row && from_step == 1 && to_step == 1) return row(from, to, static_cast<std::size_t>(n));
      if (!row) return elements(from, 0, from_step, to, 0, to_step, n);
      for (std::int64_t i = 0; i < n; i += tile) {
        const std::int64_t count = std::min(tile, n - i);
        gather(from + i * from_step * plan.from_width, from_step, from_width, gathered, count);
        row(gathered, converted, static_cast<std::size_t>(count));
        scatter(converted, to + i * to_step * plan.to_width, to_step, to_width, count);
      }
    });
  });
}

}  // namespace

void copy_kernel(const Call& call) {
  const Tensor &source = call.inputs[0], &target = call.outputs[0];
  if (target.numel() == 0) return;
  source.storage()->wait();
  target.storage()->wait();
  const std::byte* from = source.storage()->data() + source.meta().byte_offset;
  std::byte* to = target.storage()->mutable_data() + target.meta().byte_offset;
  const std::int64_t from_at = source.meta().offset, to_at = target.meta().offset;
  const StridedLoop<2> loop(target.shape(), {source.strides(), target.strides()});

  if (bit_width(source.dtype()) < 8 || bit_width(target.dtype()) < 8) {
    const ConvertElements convert = convert_elements(source.dtype(), target.dtype());
    const bool adjacent = loop.inner_strides()[0] == 1 && loop.inner_strides()[1] == 1;
    // Neighbours of a packed target share bytes: only whole rows of an aligned, contiguous one may be shared out.
    const bool divisible =
        bit_width(target.dtype()) >= 8 || (target.is_contiguous() && to_at * bit_width(target.dtype()) % 8 == 0);
    parallel_for(loop.size(), divisible ? grain : loop.size(), [&](std::int64_t begin, std::int64_t end) {
      loop.run(begin, end, [&](const auto& at, std::int64_t n) {
        if (adjacent && source.dtype() == DType::i8)
          return pack_codes(bit_width(target.dtype()), reinterpret_cast<const std::int8_t*>(from) + from_at + at[0], n,
                            to, to_at + at[1]);
        if (adjacent && target.dtype() == DType::i8)
          return unpack_codes(bit_width(source.dtype()), from, from_at + at[0], n,
                              reinterpret_cast<std::int8_t*>(to) + to_at + at[1]);
        convert(from, from_at + at[0], loop.inner_strides()[0], to, to_at + at[1], loop.inner_strides()[1], n);
      });
    });
    return;
  }
  const std::int64_t from_width = bit_width(source.dtype()) / 8, to_width = bit_width(target.dtype()) / 8;
  const Plan plan{from + from_at * from_width, to + to_at * to_width, from_width, to_width};
  if (is_transposition(loop, source, target))
    transpose(plan, source, target);
  else
    copy_rows(plan, loop, source, target);
}

}  // namespace ingot::cpu
