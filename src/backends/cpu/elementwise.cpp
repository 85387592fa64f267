// Elementwise operations: operands are brought to contiguous rows of the dtype they are computed in, which the SIMD
// kernels take. Where they lie so already, nothing is copied.
#include <array>
#include <cstring>

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
// Elements gathered at once: three operands and a result of 8 bytes fill half of a 32 KiB L1 cache.
constexpr std::int64_t tile = 512;

struct alignas(64) Buffer {
  std::byte bytes[tile * 8];
};

// From this size on results go past the caches: they would push out what is read and be gone before they are used, and
// a store into a cache first reads the line that it overwrites.
constexpr std::int64_t streamed_bytes = std::int64_t{16} << 20;
// Elements computed at a time where a row cannot stream itself. Memory likes reads and writes in short turns: a sum of
// 10⁷ floats took 2.8 ms streamed line by line, 3.1 in tiles of 256, 4.3 in tiles of 1024 or without streaming (Zen 4).
constexpr std::int64_t streamed_tile = 256;

// One input: used where it lies if it is a contiguous row of the dtype computed in, else brought to a buffer.
struct Input {
  const std::byte* base = nullptr;
  std::int64_t step = 1, width = 0;
  ConvertRow widen = nullptr;

  bool direct() const noexcept { return step == 1 && !widen; }

  // `gathered` and `widened` hold a tile each. A stretched element fills the tile once a row.
  const void* take(std::int64_t offset, std::int64_t i, std::int64_t n, Buffer& gathered, Buffer& widened) const {
    const std::byte* from = base + (offset + i * step) * width;
    if (step == 0 && i > 0) return (widen ? widened : gathered).bytes;
    if (step != 1) {
      gather(from, step, static_cast<std::size_t>(width), gathered.bytes, n);
      from = gathered.bytes;
    }
    if (!widen) return from;
    widen(from, widened.bytes, static_cast<std::size_t>(n));
    return widened.bytes;
  }
};

struct Work {
  ElementwiseRow row;
  std::size_t arity;
  std::array<Input, 3> inputs;
  std::byte* out;
  std::int64_t out_step, out_width;
  ConvertRow narrow;
  bool direct;          // nothing is converted or gathered
  bool stream;          // past the caches
  bool streams_itself;  // the row can

  void operator()(const std::array<std::int64_t, 4>& at, std::int64_t n) const {
    std::byte* to = out + at[3] * out_width;
    const void* in[3];
    const bool to_line = reinterpret_cast<std::uintptr_t>(to) % 64 == 0;  // of a cache
    if (direct && (!stream || (streams_itself && to_line))) {
      for (std::size_t k = 0; k < arity; ++k) in[k] = inputs[k].base + at[k] * inputs[k].width;
      return row(in, to, static_cast<std::size_t>(n), stream);
    }
    Buffer gathered[3], widened[3], result, narrowed;
    // A result that needs no conversion is computed where it belongs; past the caches only by a row that can do so.
    const bool in_place = out_step == 1 && !narrow && (!stream || (streams_itself && to_line));
    const std::int64_t piece = stream && !in_place ? streamed_tile : tile;
    for (std::int64_t i = 0; i < n; i += piece) {
      const std::int64_t count = std::min(piece, n - i);
      for (std::size_t k = 0; k < arity; ++k) in[k] = inputs[k].take(at[k], i, count, gathered[k], widened[k]);
      std::byte* target = to + i * out_step * out_width;
      row(in, in_place ? target : result.bytes, static_cast<std::size_t>(count), in_place && stream);
      if (in_place) continue;
      const std::byte* from = result.bytes;
      if (narrow) {
        narrow(result.bytes, narrowed.bytes, static_cast<std::size_t>(count));
        from = narrowed.bytes;
      }
      if (stream)
        stream_bytes(from, target, static_cast<std::size_t>(count * out_width));
      else
        scatter(from, target, out_step, static_cast<std::size_t>(out_width), count);
    }
  }
};

// Strides of x over out.
Shape over(const Tensor& x, const Tensor& out) { return broadcast_strides(x.shape(), x.strides(), out.shape()); }

// Whether x lies in a row and is all of out, or what out's trailing axes hold, again and again: a number, a bias.
bool repeats(const Tensor& x, const Tensor& out) noexcept {
  if (!x.is_contiguous()) return false;
  const int lead = out.rank() - x.rank();
  int axis = 0;
  while (axis < x.rank() && x.shape()[axis] == 1) ++axis;
  while (axis < x.rank() && x.shape()[axis] == out.shape()[lead + axis]) ++axis;
  return axis == x.rank();
}

void repeat(const std::byte* from, std::size_t bytes, std::byte* to, std::size_t total) noexcept {
  std::memcpy(to, from, bytes);
  for (std::size_t filled = bytes; filled < total; filled *= 2)
    std::memcpy(to + filled, to, std::min(filled, total - filled));
}

}  // namespace

void elementwise_kernel(const Call& call) {
  const Tensor& out = call.outputs[0];
  if (out.numel() == 0) return;
  const auto op = call.params.as<ElementwiseParams>().function;
  const DType given = call.inputs[0].dtype();
  const DType computed = given == DType::f16 || given == DType::bf16 ? DType::f32 : given;
  const bool predicate = out.dtype() == DType::bool_;

  Work work{};
  work.row = elementwise_row(op, computed);
  work.arity = call.inputs.size();
  const std::int64_t numel = out.numel();
  if (given == computed && numel <= grain && out.is_contiguous()) {
    // Small operations must not pay for a loop over any strides.
    Buffer repeated[3];
    const auto width = static_cast<std::size_t>(bit_width(given) / 8);
    const void* in[3];
    std::size_t k = 0;
    for (; k < work.arity; ++k) {
      const Tensor& x = call.inputs[k];
      in[k] = x.bytes();
      if (!repeats(x, out)) break;
      const std::int64_t n = x.numel();
      if (n == numel) continue;
      if (numel > tile) break;
      if (n == 1)
        gather(x.bytes(), 0, width, repeated[k].bytes, numel);
      else
        repeat(x.bytes(), static_cast<std::size_t>(n) * width, repeated[k].bytes,
               static_cast<std::size_t>(numel) * width);
      in[k] = repeated[k].bytes;
    }
    if (k == work.arity) return work.row(in, out.mutable_bytes(), static_cast<std::size_t>(numel), false);
  }

  std::array<Shape, 4> strides;
  for (std::size_t k = 0; k < 4; ++k)
    strides[k] = k == 3 ? out.strides() : over(call.inputs[std::min(k, work.arity - 1)], out);
  const StridedLoop<4> loop(out.shape(), strides);
  const auto& steps = loop.inner_strides();
  work.out = out.mutable_bytes();
  work.out_step = loop.inner_size() == 1 ? 1 : steps[3];
  work.out_width = bit_width(out.dtype()) / 8;
  work.narrow = given == computed || predicate ? nullptr : convert_row(computed, given);
  work.stream = work.out_step == 1 && numel * work.out_width >= streamed_bytes;
  work.streams_itself = is_floating(computed) && !predicate;
  work.direct = work.out_step == 1 && !work.narrow;
  for (std::size_t k = 0; k < work.arity; ++k) {
    work.inputs[k] = {call.inputs[k].bytes(), loop.inner_size() == 1 ? 1 : steps[k], bit_width(given) / 8,
                      given == computed ? nullptr : convert_row(given, computed)};
    work.direct = work.direct && work.inputs[k].direct();
  }
  parallel_for(numel, grain, [&](std::int64_t begin, std::int64_t end) {
    loop.run(begin, end, work);
    if (work.stream) stream_fence();
  });
}

void select_kernel(const Call& call) {
  const Tensor& out = call.outputs[0];
  if (out.numel() == 0) return;
  const auto width = static_cast<std::size_t>(bit_width(out.dtype()) / 8);
  const auto row = select_row(width);
  const StridedLoop<4> loop(
      out.shape(), {over(call.inputs[0], out), over(call.inputs[1], out), over(call.inputs[2], out), out.strides()});
  const auto& steps = loop.inner_strides();
  std::array<Input, 3> inputs;
  for (std::size_t k = 0; k < 3; ++k)
    inputs[k] = {call.inputs[k].bytes(), loop.inner_size() == 1 ? 1 : steps[k],
                 k == 0 ? 1 : static_cast<std::int64_t>(width), nullptr};
  std::byte* to = out.mutable_bytes();
  const bool direct = inputs[0].direct() && inputs[1].direct() && inputs[2].direct();
  parallel_for(loop.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    Buffer buffers[3], unused;
    loop.run(begin, end, [&](const auto& at, std::int64_t n) {
      const std::int64_t piece = direct ? n : tile;
      for (std::int64_t i = 0; i < n; i += piece) {
        const std::int64_t count = std::min(piece, n - i);
        const void* in[3];
        for (std::size_t k = 0; k < 3; ++k) in[k] = inputs[k].take(at[k], i, count, buffers[k], unused);
        row(in, to + (at[3] + i) * static_cast<std::int64_t>(width), static_cast<std::size_t>(count));
      }
    });
  });
}

}  // namespace ingot::cpu
