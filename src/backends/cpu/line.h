// Lines of a tensor along one axis as contiguous floats (doubles for f64): what the row kernels compute on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "backends/cpu/gather.h"
#include "backends/cpu/simd/rows.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "ingot/tensor.h"

namespace ingot::cpu {

/// Calls f(T{}) with the type that `dtype` (f16, bf16, f32 or f64) is computed in: float or double.
template <class F>
decltype(auto) visit_computed(DType dtype, F&& f) {
  if (dtype == DType::f64) return f(double{});
  return f(float{});
}

/// Brings lines of elements of `dtype` to T and back. Holds scratch: one for each task.
template <class T>
class LineBuffer {
 public:
  LineBuffer(DType dtype, std::int64_t n) : width_(static_cast<std::size_t>(bit_width(dtype) / 8)), n_(n) {
    if (dtype != dtype_of<T>) {
      widen_ = convert_row(dtype, dtype_of<T>);
      narrow_ = convert_row(dtype_of<T>, dtype);
      raw_.resize(static_cast<std::size_t>(n) * width_);
    }
  }

  /// The line at `from`: where it lies if it is contiguous and of T, else in this buffer.
  const T* read(const std::byte* from, std::int64_t step) {
    const bool plain = step == 1 || n_ == 1;
    if (!widen_) {
      if (plain) return reinterpret_cast<const T*>(from);
      gather(from, step, width_, reinterpret_cast<std::byte*>(line()), n_);
      return line();
    }
    if (!plain) {
      gather(from, step, width_, raw_.data(), n_);
      from = raw_.data();
    }
    widen_(from, line(), static_cast<std::size_t>(n_));
    return line();
  }

  /// Where to compute a line that write() will put at `to`.
  T* target(std::byte* to, std::int64_t step) {
    return !narrow_ && (step == 1 || n_ == 1) ? reinterpret_cast<T*>(to) : line();
  }
  void write(const T* result, std::byte* to, std::int64_t step) {
    const bool plain = step == 1 || n_ == 1;
    if (!narrow_) {
      if (!plain) scatter(reinterpret_cast<const std::byte*>(result), to, step, width_, n_);
      return;
    }
    narrow_(result, plain ? static_cast<void*>(to) : raw_.data(), static_cast<std::size_t>(n_));
    if (!plain) scatter(raw_.data(), to, step, width_, n_);
  }

 private:
  // Made on first use: contiguous floats need none.
  T* line() {
    if (line_.empty()) line_.resize(static_cast<std::size_t>(n_));
    return line_.data();
  }

  std::size_t width_;
  std::int64_t n_;
  std::vector<T> line_;
  std::vector<std::byte> raw_;
  ConvertRow widen_ = nullptr, narrow_ = nullptr;
};

/// Calls body(range) on several threads, where range(f) calls f(address in a, address in b) for each line of its share
/// along `axis`; a and b have one shape but for that axis. Shares are fixed by the shapes; a line counts as `weight`
/// lines of work.
template <class Body>
void for_lines(const Tensor& a, const Tensor& b, int axis, std::int64_t weight, Body&& body) {
  Shape shape = a.shape(), strides_a = a.strides(), strides_b = b.strides();
  const std::int64_t length = shape[axis];
  shape.erase(axis);
  strides_a.erase(axis);
  strides_b.erase(axis);
  const StridedLoop<2> loop(shape, {strides_a, strides_b});
  const std::byte* from = a.bytes();
  std::byte* to = b.mutable_bytes();
  const std::int64_t width_a = bit_width(a.dtype()) / 8, width_b = bit_width(b.dtype()) / 8;
  const std::int64_t grain =
      std::max<std::int64_t>(1, (std::int64_t{1} << 14) / std::max<std::int64_t>(length * weight, 1));
  parallel_for(loop.size(), grain, [&](std::int64_t begin, std::int64_t end) {
    body([&](auto&& f) {
      const auto steps = loop.inner_strides();
      loop.run(begin, end, [&](const auto& at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i)
          f(from + (at[0] + i * steps[0]) * width_a, to + (at[1] + i * steps[1]) * width_b);
      });
    });
  });
}

}  // namespace ingot::cpu
