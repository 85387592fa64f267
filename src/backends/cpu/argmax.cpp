// argmax and argmin: along lines, in blocks; across lines that lie side by side, element by element.
#include <vector>

#include "backends/cpu/gather.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/simd/reductions.h"
#include "backends/reference/convert_elements.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "core/visit.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

constexpr std::int64_t block = 1024;  // elements looked at together
constexpr std::int64_t grain = std::int64_t{1} << 18;
constexpr std::int64_t tile = 512;  // lines side by side

// Elements in the type they are compared in: f32 for the narrower floats.
template <class T>
struct Elements {
  const std::byte* base;
  std::int64_t width;
  ConvertElements convert;  // null where they are T
  bool same;

  Elements(const Tensor& x)  // NOLINT(google-explicit-constructor)
      : base(x.bytes()),
        width(bit_width(x.dtype()) / 8),
        convert(convert_elements(x.dtype(), dtype_of<T>)),
        same(width == static_cast<std::int64_t>(sizeof(T))) {}

  const T* read(std::int64_t offset, std::int64_t step, std::int64_t n, T* buffer) const {
    if (same && (step == 1 || n == 1)) return reinterpret_cast<const T*>(base) + offset;
    if (same)
      gather(base + offset * width, step, sizeof(T), reinterpret_cast<std::byte*>(buffer), n);
    else
      convert(base, offset, step, reinterpret_cast<std::byte*>(buffer), 0, 1, n);
    return buffer;
  }
};

template <class T>
struct Best {
  T value;
  std::int64_t block = -1;  // where it begins; none yet

  // Called with blocks in their order: the first of equals stays, and the first NaN.
  void take(T candidate, std::int64_t at, bool smallest) noexcept {
    const bool nan = candidate != candidate, had_nan = value != value;
    const bool better = nan || had_nan ? nan > had_nan : smallest ? candidate < value : candidate > value;
    if (block < 0 || better) value = candidate, block = at;
  }
};

// The best of the blocks that begin in first … last.
template <class T>
Best<T> best_block(const Elements<T>& x, const Reduction& f, std::int64_t offset, std::int64_t step, std::int64_t first,
                   std::int64_t last, bool smallest) {
  T buffer[block];
  Best<T> best{};
  for (std::int64_t i = first; i < last; i += block) {
    const std::int64_t n = std::min(block, last - i);
    T value;
    f.row(x.read(offset + i * step, step, n, buffer), static_cast<std::size_t>(n), nullptr, &value);
    best.take(value, i, smallest);
  }
  return best;
}

template <class T>
std::int64_t along(const Elements<T>& x, const Reduction& f, std::int64_t offset, std::int64_t step, std::int64_t n,
                   bool smallest) {
  Best<T> best{};
  if (n <= block) {
    best.block = 0;
  } else if (n <= grain) {
    best = best_block(x, f, offset, step, 0, n, smallest);
  } else {
    std::vector<Best<T>> ranges(static_cast<std::size_t>((n - 1) / grain + 1));
    parallel_for(n, grain, [&](std::int64_t first, std::int64_t last) {
      ranges[static_cast<std::size_t>(first / grain)] = best_block(x, f, offset, step, first, last, smallest);
    });
    for (const Best<T>& range : ranges) best.take(range.value, range.block, smallest);
  }
  T buffer[block];
  const std::int64_t size = std::min(block, n - best.block);
  const T* found = x.read(offset + best.block * step, step, size, buffer);
  return best.block + static_cast<std::int64_t>(f.place(found, static_cast<std::size_t>(size)));
}

// `lines` lines that lie `line_step` apart.
template <class T, class Index, bool Smallest>
void across(const Elements<T>& x, std::int64_t offset, std::int64_t line_step, std::int64_t lines, std::int64_t step,
            std::int64_t n, std::int64_t* out) {
  T buffer[tile], best[tile];
  Index place[tile] = {};
  const T* row = x.read(offset, line_step, lines, buffer);
  std::copy(row, row + lines, best);
  for (std::int64_t i = 1; i < n; ++i) {
    row = x.read(offset + i * step, line_step, lines, buffer);
    for (std::int64_t j = 0; j < lines; ++j) {
      const T now = row[j], before = best[j];
      const bool take = !(Smallest ? now >= before : now <= before) & (before == before);
      best[j] = take ? now : before;
      place[j] = take ? static_cast<Index>(i) : place[j];
    }
  }
  for (std::int64_t j = 0; j < lines; ++j) out[j] = static_cast<std::int64_t>(place[j]);
}

template <class T>
void search(const Call& call, DType dtype) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const auto [axis, smallest] = call.params.as<ArgmaxParams>();
  const std::int64_t n = x.shape()[axis], step = x.strides()[axis];
  Shape shape = x.shape(), strides = x.strides(), to_strides = out.strides();
  shape.erase(axis);
  strides.erase(axis);
  to_strides.erase(axis);
  const StridedLoop<2> loop(shape, {strides, to_strides});
  const std::int64_t line_step = loop.inner_strides()[0];
  const Elements<T> elements(x);
  std::int64_t* to = out.mutable_data<std::int64_t>();
  const Reduction f = reduction(smallest ? ReduceOp::min : ReduceOp::max, dtype);
  const bool side_by_side = loop.inner_size() >= 16 && std::abs(line_step) < std::abs(step);
  // Places of the elements' own width keep vectors whole.
  using Narrow = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  const bool narrow = n <= std::numeric_limits<Narrow>::max();
  auto* lines = smallest ? (narrow ? across<T, Narrow, true> : across<T, std::int64_t, true>)
                         : (narrow ? across<T, Narrow, false> : across<T, std::int64_t, false>);
  const std::int64_t share = std::max(side_by_side ? tile : 1, grain / n);
  parallel_for(loop.size(), share, [&](std::int64_t begin, std::int64_t end) {
    loop.run(begin, end, [&](const auto& at, std::int64_t count) {
      if (side_by_side)
        for (std::int64_t i = 0; i < count; i += tile)
          lines(elements, at[0] + i * line_step, line_step, std::min(tile, count - i), step, n, to + at[1] + i);
      else
        for (std::int64_t i = 0; i < count; ++i)
          to[at[1] + i * loop.inner_strides()[1]] = along(elements, f, at[0] + i * line_step, step, n, smallest);
    });
  });
}

}  // namespace

void argmax_kernel(const Call& call) {
  const DType dtype = call.inputs[0].dtype();
  if (call.outputs[0].numel() == 0) return;
  if (dtype == DType::bool_) return search<std::uint8_t>(call, DType::u8);
  visit_numeric(dtype, "argmax", [&]<class T>(T) {
    if constexpr (std::is_same_v<T, bool>)
      return;
    else if constexpr (std::is_arithmetic_v<T>)
      search<T>(call, dtype);
    else
      search<float>(call, DType::f32);
  });
}

}  // namespace ingot::cpu
