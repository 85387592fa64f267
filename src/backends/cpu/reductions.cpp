// Sums, extremes and counts over any axes. Elements are reduced in blocks of a fixed shape, either along rows (the axis
// with the smallest step is reduced) or across them, whole vectors of results at a time (it is kept), and the blocks'
// results are joined in pairs: the result depends on shapes and strides only.
#include <algorithm>
#include <atomic>
#include <bit>
#include <numeric>

#include "backends/cpu/gather.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/pairwise.h"
#include "backends/cpu/simd/reductions.h"
#include "backends/cpu/simd/rows.h"
#include "backends/reference/convert_elements.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

constexpr std::int64_t tile = 1024;                         // results, or elements of a row, held at a time
constexpr std::int64_t task_bytes = std::int64_t{1} << 20;  // what a task takes; 256 KiB cost 4 % of a maximum
// Fewer results side by side than this are not worth vectors of them, and rows shorter than this none of theirs.
constexpr std::int64_t few = 16;

struct Scratch {
  alignas(64) std::byte raw[tile * 8], widened[tile * 8], center[tile * 8], results[tile * 8];
};

class Reducer {
 public:
  explicit Reducer(const Call& call);
  void run();

 private:
  struct Axes {
    Shape shape, x, out, center;
    void push_back(std::int64_t size, std::int64_t x_step, std::int64_t out_step, std::int64_t center_step) {
      shape.push_back(size);
      x.push_back(x_step);
      out.push_back(out_step);
      center.push_back(center_step);
    }
  };
  using Offsets = StridedLoop<3>::Offsets;

  Reducer(const Call& call, const std::array<Axes, 2>& axes);
  static std::array<Axes, 2> split(const Call& call);
  bool across() const noexcept;
  const void* contiguous(const std::byte* from, std::int64_t step, std::int64_t n, Scratch& scratch) const;
  const void* block(std::int64_t offset, std::int64_t begin, std::int64_t n, Scratch& scratch) const;
  bool settles(const std::byte* result) const noexcept;
  void reduce_row(std::int64_t offset, std::int64_t begin, std::int64_t end, const std::byte* c, std::byte* to,
                  Pairwise& tree, Scratch& scratch) const;
  void reduce_rows(const Offsets& at, std::int64_t n, std::int64_t begin, std::int64_t end, std::byte* to,
                   Pairwise& tree, Scratch& scratch) const;
  void reduce_columns(const Offsets& at, std::int64_t n, std::int64_t begin, std::int64_t end, std::byte* to,
                      Pairwise& tree, Scratch& scratch) const;
  void write(std::byte* results, std::int64_t offset, std::int64_t wide) const;
  std::size_t bytes(std::int64_t results) const noexcept { return static_cast<std::size_t>(results) * result_width_; }

  ReduceOp op_;
  Reduction f_;
  const std::byte *x_, *center_;
  std::byte* out_;
  std::int64_t width_;
  std::size_t center_width_, result_width_;
  // What one call reduces: elements of a row, rows of several results. Where nothing rounds, more of them.
  std::int64_t row_block_ = reduced_together, column_block_ = 64;
  ConvertRow widen_;
  ConvertElements convert_;
  // Along the axes that stay: x, out, center. Along those that are reduced: x.
  StridedLoop<3> kept_;
  StridedLoop<1> reduced_;
};

// The axes that stay and those that are reduced, both from the largest step of x to the smallest.
std::array<Reducer::Axes, 2> Reducer::split(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0], &center = call.inputs[call.inputs.size() - 1];
  const bool empty = x.numel() == 0;  // then there is no address to count from
  std::array<int, max_rank> order;
  std::iota(order.begin(), order.end(), 0);
  // By insertion, for eight at most: GCC 12 sees std::sort reach past them (-Warray-bounds).
  const auto step = [&](std::size_t i) { return std::abs(x.strides()[order[i]]); };
  for (std::size_t i = 1; i < static_cast<std::size_t>(x.rank()); ++i)
    for (std::size_t k = i; k > 0 && step(k) > step(k - 1); --k) std::swap(order[k], order[k - 1]);
  std::array<Axes, 2> axes;
  for (int i = 0; i < x.rank(); ++i) {
    const int axis = order[static_cast<std::size_t>(i)];
    const bool reduced = call.params.as<ReduceParams>().axes >> axis & 1;
    axes[reduced].push_back(x.shape()[axis], empty ? 0 : x.strides()[axis], out.strides()[axis],
                            center.strides()[axis]);
  }
  return axes;
}

Reducer::Reducer(const Call& call) : Reducer(call, split(call)) {}

Reducer::Reducer(const Call& call, const std::array<Axes, 2>& axes)
    : op_(call.params.as<ReduceParams>().function),
      kept_(axes[0].shape, {axes[0].x, axes[0].out, axes[0].center}),
      reduced_(axes[1].shape, {axes[1].x}) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const bool narrow = x.dtype() == DType::f16 || x.dtype() == DType::bf16;
  const DType computed = narrow ? DType::f32 : x.dtype(), result = accumulator(op_, computed);
  f_ = reduction(op_, computed);
  x_ = x.bytes();
  center_ = call.inputs.size() > 1 ? call.inputs[1].bytes() : nullptr;
  out_ = out.mutable_bytes();
  width_ = bit_width(x.dtype()) / 8;
  center_width_ = static_cast<std::size_t>(bit_width(computed) / 8);
  result_width_ = static_cast<std::size_t>(bit_width(result) / 8);
  widen_ = narrow ? convert_row(x.dtype(), computed) : nullptr;
  convert_ = convert_elements(result, out.dtype());
  if (!is_floating(result) || is_extreme(op_)) column_block_ = 512;
  // Elements that are gathered or converted must fit the scratch.
  if (!widen_ && reduced_.inner_strides()[0] == 1 && reduced_.inner_size() == reduced_.size())
    row_block_ = task_bytes / width_;
}

// Whether results side by side are computed together.
bool Reducer::across() const noexcept {
  if (kept_.inner_size() < few) return false;
  return reduced_.size() < few || std::abs(kept_.inner_strides()[0]) < std::abs(reduced_.inner_strides()[0]);
}

const void* Reducer::contiguous(const std::byte* from, std::int64_t step, std::int64_t n, Scratch& scratch) const {
  if (step != 1 && n != 1) {
    gather(from, step, static_cast<std::size_t>(width_), scratch.raw, n);
    from = scratch.raw;
  }
  if (!widen_) return from;
  widen_(from, scratch.widened, static_cast<std::size_t>(n));
  return scratch.widened;
}

// n reduced elements from the place `begin`, in a row.
const void* Reducer::block(std::int64_t offset, std::int64_t begin, std::int64_t n, Scratch& scratch) const {
  const std::int64_t step = reduced_.inner_strides()[0];
  if (reduced_.inner_size() == reduced_.size())
    return contiguous(x_ + (offset + begin * step) * width_, step, n, scratch);
  const std::byte* whole = nullptr;
  std::int64_t filled = 0;
  reduced_.run(begin, begin + n, [&](const auto& at, std::int64_t count) {
    const std::byte* from = x_ + (offset + at[0]) * width_;
    if (count == n) return void(whole = from);
    gather(from, step, static_cast<std::size_t>(width_), scratch.raw + filled * width_, count);
    filled += count;
  });
  return whole ? contiguous(whole, step, n, scratch) : contiguous(scratch.raw, 1, n, scratch);
}

// Whether the result of some elements, of which there is one at least, is that of any or all.
bool Reducer::settles(const std::byte* result) const noexcept {
  if (op_ != ReduceOp::any && op_ != ReduceOp::all) return false;
  std::int64_t found;
  std::memcpy(&found, result, sizeof found);
  return (found == 0) == (op_ == ReduceOp::all);
}

// One result from the reduced elements begin … end.
void Reducer::reduce_row(std::int64_t offset, std::int64_t begin, std::int64_t end, const std::byte* c, std::byte* to,
                         Pairwise& tree, Scratch& scratch) const {
  const auto reduce = [&](std::int64_t first, std::byte* result) {
    const std::int64_t count = std::min(row_block_, end - first);
    f_.row(count ? block(offset, first, count, scratch) : nullptr, static_cast<std::size_t>(count), c, result);
  };
  if (end - begin <= row_block_) return reduce(begin, to);
  for (std::int64_t first = begin; first < end; first += row_block_) {
    std::byte* result = tree.next();
    reduce(first, result);
    if (settles(result)) {
      std::memcpy(to, result, result_width_);
      return tree.clear();
    }
    tree.push(1);
  }
  std::memcpy(to, tree.finish(1), result_width_);
}

// `n` results side by side, each along its own row.
void Reducer::reduce_rows(const Offsets& at, std::int64_t n, std::int64_t begin, std::int64_t end, std::byte* to,
                          Pairwise& tree, Scratch& scratch) const {
  const auto steps = kept_.inner_strides();
  const auto center_width = static_cast<std::int64_t>(center_width_);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::byte* c = center_ ? center_ + (at[2] + i * steps[2]) * center_width : nullptr;
    reduce_row(at[0] + i * steps[0], begin, end, c, to + bytes(i), tree, scratch);
  }
}

// The same, all of them together.
void Reducer::reduce_columns(const Offsets& at, std::int64_t n, std::int64_t begin, std::int64_t end, std::byte* to,
                             Pairwise& tree, Scratch& scratch) const {
  const auto steps = kept_.inner_strides();
  const auto count = static_cast<std::size_t>(n);
  const std::byte* c = nullptr;
  if (center_) {
    gather(center_ + at[2] * static_cast<std::int64_t>(center_width_), steps[2], center_width_, scratch.center, n);
    c = scratch.center;
  }
  const bool direct = !widen_ && (steps[0] == 1 || n == 1);
  const std::int64_t stride = reduced_.inner_strides()[0];
  for (std::int64_t first = begin; first < end || first == begin; first += column_block_) {
    bool fresh = true;
    reduced_.run(first, std::min(end, first + column_block_), [&](const auto& row, std::int64_t together) {
      const std::byte* from = x_ + (at[0] + row[0]) * width_;
      if (direct)
        f_.columns(from, stride, static_cast<std::size_t>(together), c, fresh, tree.next(), count);
      else
        for (std::int64_t r = 0; r < together; ++r)
          f_.columns(contiguous(from + r * stride * width_, steps[0], n, scratch), 0, 1, c, fresh && r == 0,
                     tree.next(), count);
      fresh = false;
    });
    if (fresh) f_.columns(nullptr, 0, 0, nullptr, true, tree.next(), count);  // nothing to reduce
    tree.push(count);
  }
  std::memcpy(to, tree.finish(count), bytes(n));
}

void Reducer::write(std::byte* results, std::int64_t offset, std::int64_t wide) const {
  if (is_count(op_)) {
    auto* values = reinterpret_cast<std::int64_t*>(results);
    const auto finish = [&](auto result) {
      for (std::int64_t i = 0; i < wide; ++i) values[i] = result(values[i], reduced_.size());
    };
    switch (op_) {
#define INGOT_COUNT(name, result)                                                                        \
  case ReduceOp::name:                                                                                   \
    finish([]([[maybe_unused]] std::int64_t count, [[maybe_unused]] std::int64_t n) { return result; }); \
    break;
#include "ops/reductions.def"
      default: break;
    }
  }
  convert_(results, 0, 1, out_, offset, kept_.inner_strides()[1], wide);
}

void Reducer::run() {
  const std::int64_t n = reduced_.size();
  const bool columns = across();
  const std::int64_t share = task_bytes / width_;
  // A task takes `results` results, and where these are few, one of several ranges of what is reduced: powers of two of
  // blocks, so that the ranges' results are nodes of the tree.
  const std::int64_t results = std::max(columns ? tile : 1, share / std::max<std::int64_t>(n, 1));
  const std::int64_t tasks = (kept_.size() - 1) / results + 1;
  std::int64_t range = columns ? column_block_ : row_block_;
  const std::int64_t wide = columns ? std::min(tile, kept_.inner_size()) : 1;
  if (tasks >= 32)
    range = std::max<std::int64_t>(n, 1);
  else
    while (range * wide < share) range *= 2;
  const std::int64_t ranges = std::max<std::int64_t>(1, (n - 1) / range + 1);
  std::vector<std::byte> partial(ranges > 1 ? bytes(ranges * kept_.size()) : 0);

  // Calls f(place, offsets, count) for the results of one task, a tile at a time.
  const auto for_tiles = [&](std::int64_t task, auto&& f) {
    std::int64_t place = task * results;
    kept_.run(place, std::min(kept_.size(), place + results), [&](const Offsets& at, std::int64_t count) {
      for (std::int64_t i = 0; i < count; i += tile) {
        Offsets here = at;
        for (std::size_t k = 0; k < here.size(); ++k) here[k] += i * kept_.inner_strides()[k];
        const std::int64_t part = std::min(tile, count - i);
        f(place, here, part);
        place += part;
      }
    });
  };
  std::atomic<bool> known = false;  // the only result: other ranges then add zeros to it
  parallel_for(tasks * ranges, 1, [&](std::int64_t first, std::int64_t last) {
    Scratch scratch;
    Pairwise tree(f_.combine, bytes(columns ? tile : 1));
    for (std::int64_t task = first; task < last && !known.load(std::memory_order_relaxed); ++task) {
      const std::int64_t begin = task % ranges * range, end = std::min(n, begin + range);
      for_tiles(task / ranges, [&](std::int64_t place, const Offsets& at, std::int64_t count) {
        std::byte* to = ranges == 1 ? scratch.results : partial.data() + bytes(task % ranges * kept_.size() + place);
        if (columns)
          reduce_columns(at, count, begin, end, to, tree, scratch);
        else
          reduce_rows(at, count, begin, end, to, tree, scratch);
        if (kept_.size() == 1 && n > 0 && settles(to)) known = true;
        if (ranges == 1) write(to, at[1], count);
      });
    }
  });
  if (ranges == 1) return;
  parallel_for(tasks, 1, [&](std::int64_t first, std::int64_t last) {
    Scratch scratch;
    Pairwise tree(f_.combine, bytes(tile));
    for (std::int64_t task = first; task < last; ++task)
      for_tiles(task, [&](std::int64_t place, const Offsets& at, std::int64_t count) {
        for (std::int64_t r = 0; r < ranges; ++r) {
          std::memcpy(tree.next(), partial.data() + bytes(r * kept_.size() + place), bytes(count));
          tree.push(static_cast<std::size_t>(count));
        }
        std::memcpy(scratch.results, tree.finish(static_cast<std::size_t>(count)), bytes(count));
        write(scratch.results, at[1], count);
      });
  });
}

}  // namespace

void reduce_kernel(const Call& call) {
  if (call.outputs[0].numel() > 0) Reducer(call).run();
}

}  // namespace ingot::cpu
