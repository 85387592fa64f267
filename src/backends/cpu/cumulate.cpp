// Running sums and products: floats in double, integers in 64 bits.
#include <algorithm>

#include "backends/cpu/kernels.h"
#include "backends/cpu/simd/rows.h"
#include "backends/reference/convert_elements.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

// A line is taken in blocks, four parts at once: each hides the latency of the others' additions.
constexpr std::int64_t part = 256, block = 4 * part;
constexpr std::int64_t grain = std::int64_t{1} << 16;

// Elements of one dtype ↔ A, in vectors where there is such a conversion.
struct Converter {
  Converter(DType from, DType to)
      : elements(convert_elements(from, to)),
        row(convert_row(from, to)),
        from_width(bit_width(from) / 8),
        to_width(bit_width(to) / 8) {}
  void operator()(const void* from, std::int64_t at, std::int64_t step, void* to, std::int64_t to_at,
                  std::int64_t to_step, std::int64_t n) const {
    const auto* source = static_cast<const std::byte*>(from);
    auto* target = static_cast<std::byte*>(to);
    if (row && step == 1 && to_step == 1)
      row(source + at * from_width, target + to_at * to_width, static_cast<std::size_t>(n));
    else
      elements(source, at, step, target, to_at, to_step, n);
  }

  ConvertElements elements;
  ConvertRow row;
  std::int64_t from_width, to_width;
};

// The running total of n ≤ block elements, after `total`.
template <class A>
void scan(A* x, std::int64_t n, A& total, bool product) {
  if (product) {  // an infinity that a part alone would meet must not spoil zeros before it
    for (std::int64_t i = 0; i < n; ++i) x[i] = total = total * x[i];
    return;
  }
  if (n < block) {
    A sum = 0;
    for (std::int64_t i = 0; i < n; ++i) x[i] = sum = sum + x[i];
    for (std::int64_t i = 0; i < n; ++i) x[i] = total + x[i];
    if (n > 0) total = x[n - 1];
    return;
  }
  A sums[4] = {};
  for (std::int64_t i = 0; i < part; ++i)
    for (std::int64_t k = 0; k < 4; ++k) x[k * part + i] = sums[k] = sums[k] + x[k * part + i];
  for (std::int64_t k = 0; k < 4; ++k) {
    for (std::int64_t i = k * part; i < (k + 1) * part; ++i) x[i] = total + x[i];
    total = x[(k + 1) * part - 1];
  }
}

template <class A>
void cumulate(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const auto params = call.params.as<CumulateParams>();
  const int axis = params.axis;
  const bool product = params.product;
  const std::int64_t n = x.shape()[axis], step = x.strides()[axis], to_step = out.strides()[axis];
  Shape shape = x.shape(), strides = x.strides(), to_strides = out.strides();
  shape.erase(axis);
  strides.erase(axis);
  to_strides.erase(axis);
  const StridedLoop<2> loop(shape, {strides, to_strides});
  const auto line_steps = loop.inner_strides();
  const Converter widen(x.dtype(), dtype_of<A>), narrow(dtype_of<A>, out.dtype());
  const std::byte* from = x.bytes();
  std::byte* to = out.mutable_bytes();
  // Lines side by side are taken together, a vector of totals row by row.
  const bool side_by_side = loop.inner_size() >= 16 && std::abs(line_steps[0]) < std::abs(step);
  parallel_for(loop.size(), std::max(side_by_side ? block : 1, grain / n), [&](std::int64_t begin, std::int64_t end) {
    A buffer[block], totals[block];
    loop.run(begin, end, [&](const auto& at, std::int64_t count) {
      if (!side_by_side) {
        for (std::int64_t line = 0; line < count; ++line) {
          A total = product ? 1 : 0;
          for (std::int64_t i = 0; i < n; i += block) {
            const std::int64_t some = std::min(block, n - i);
            widen(from, at[0] + line * line_steps[0] + i * step, step, buffer, 0, 1, some);
            scan(buffer, some, total, product);
            narrow(buffer, 0, 1, to, at[1] + line * line_steps[1] + i * to_step, to_step, some);
          }
        }
        return;
      }
      for (std::int64_t first = 0; first < count; first += block) {
        const std::int64_t wide = std::min(block, count - first);
        std::fill_n(totals, wide, product ? A{1} : A{0});
        for (std::int64_t i = 0; i < n; ++i) {
          widen(from, at[0] + first * line_steps[0] + i * step, line_steps[0], buffer, 0, 1, wide);
          for (std::int64_t j = 0; j < wide; ++j) totals[j] = product ? totals[j] * buffer[j] : totals[j] + buffer[j];
          narrow(totals, 0, 1, to, at[1] + first * line_steps[1] + i * to_step, line_steps[1], wide);
        }
      }
    });
  });
}

}  // namespace

void cumulate_kernel(const Call& call) {
  if (call.outputs[0].numel() == 0) return;
  // Integers of either sign wrap alike.
  if (is_floating(call.outputs[0].dtype()))
    cumulate<double>(call);
  else
    cumulate<std::uint64_t>(call);
}

}  // namespace ingot::cpu
