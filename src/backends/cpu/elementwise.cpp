// Elementwise operations: any strides are brought to contiguous rows, which the SIMD kernels compute.
#include "backends/cpu/gather.h"
#include "backends/cpu/kernels.h"
#include "backends/cpu/simd/rows.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

// Elements a task takes: 64 Ki of them keep the scheduler's cost (about 1 µs) below 10 % even of a plain addition.
constexpr std::int64_t grain = std::int64_t{1} << 16;
// Elements gathered at once: two operands of 8 bytes fill a quarter of a 32 KiB L1 cache.
constexpr std::int64_t tile = 512;

// One operand of a row: used where it lies if it is contiguous or one element, else gathered tile by tile.
struct Operand {
  const std::byte* base;
  std::int64_t step;
  std::size_t width;

  bool direct() const noexcept { return step == 0 || step == 1; }
  const std::byte* at(std::int64_t offset) const noexcept { return base + offset * static_cast<std::int64_t>(width); }
  const std::byte* take(std::int64_t offset, std::int64_t i, std::int64_t n, std::byte* buffer) const noexcept {
    const std::byte* first = at(offset + i * step);
    if (direct()) return first;
    gather(first, step, width, buffer, n);
    return buffer;
  }
};

}  // namespace

void unary_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const UnaryRow row = unary_row(call.params.as<UnaryParams>().function, out.dtype());
  const auto width = static_cast<std::size_t>(bit_width(out.dtype()) / 8);
  const StridedLoop<2> loop(out.shape(), {x.strides(), out.strides()});
  const Operand from{x.bytes(), loop.inner_strides()[0], width};
  std::byte* to = out.mutable_bytes();
  parallel_for(loop.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    alignas(64) std::byte buffer[tile * 8];
    loop.run(begin, end, [&](const auto& at, std::int64_t n) {
      const std::int64_t piece = from.step == 1 ? n : tile;
      for (std::int64_t i = 0; i < n; i += piece) {
        const std::int64_t count = std::min(piece, n - i);
        // A stretched element has no row of its own: it is repeated in the buffer.
        if (from.step == 0) gather(from.at(at[0]), 0, width, buffer, count);
        const std::byte* line = from.step == 0 ? buffer : from.take(at[0], i, count, buffer);
        row(line, to + (at[1] + i) * static_cast<std::int64_t>(width), static_cast<std::size_t>(count));
      }
    });
  });
}

void binary_kernel(const Call& call) {
  const Tensor &a = call.inputs[0], &b = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const BinaryRow row = binary_row(call.params.as<BinaryParams>().function, out.dtype());
  const auto width = static_cast<std::size_t>(bit_width(out.dtype()) / 8);
  const StridedLoop<3> loop(out.shape(), {a.strides(), b.strides(), out.strides()});
  const Operand left{a.bytes(), loop.inner_strides()[0], width}, right{b.bytes(), loop.inner_strides()[1], width};
  std::byte* to = out.mutable_bytes();
  parallel_for(loop.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    alignas(64) std::byte buffers[2][tile * 8];
    loop.run(begin, end, [&](const auto& at, std::int64_t n) {
      const std::int64_t piece = left.direct() && right.direct() ? n : tile;
      for (std::int64_t i = 0; i < n; i += piece) {
        const std::int64_t count = std::min(piece, n - i);
        row(left.take(at[0], i, count, buffers[0]), left.step != 0, right.take(at[1], i, count, buffers[1]),
            right.step != 0, to + (at[2] + i) * static_cast<std::int64_t>(width), static_cast<std::size_t>(count));
      }
    });
  });
}

}  // namespace ingot::cpu
