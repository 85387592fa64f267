// Products. Every output of floats is a dot product along k of two rows; rows that do not run along k, or are of a type
// the kernels do not read, are first copied into f32 rows (a transposition for a row-major right operand).
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "backends/cpu/dot.h"
#include "backends/cpu/float_rows.h"
#include "backends/cpu/kernels.h"
#include "core/parallel.h"
#include "core/visit.h"

namespace ingot::cpu {
namespace {

constexpr std::int64_t tile_rows = 64;      // weight rows of one task: with k = 1024, 256 KiB of the second cache
constexpr std::int64_t tile_columns = 128;  // activation rows of one task

/// A matrix of `rows` × k elements: `row` and `step` are strides in elements.
template <class T>
struct Matrix {
  const T* data;
  std::int64_t rows, k, row, step;
};

template <class T>
auto widened(T x) noexcept {
  if constexpr (std::is_same_v<T, double>)
    return x;
  else if constexpr (std::is_same_v<T, float>)
    return x;
  else
    return to_float(x);
}

/// Columns begin … end of a matrix whose rows lie beside each other, as rows: squares of 4 × 4 in registers.
void transpose(const Matrix<float>& m, std::int64_t begin, std::int64_t end, float* out) {
  using Vector = float __attribute__((vector_size(16)));
  const auto load = [&](std::int64_t i, std::int64_t r) {
    Vector v;
    std::memcpy(&v, m.data + i * m.step + r, sizeof v);
    return v;
  };
  std::int64_t r = begin;
  for (; r + 4 <= end; r += 4) {
    std::int64_t i = 0;
    for (; i + 4 <= m.k; i += 4) {
      const Vector a = load(i, r), b = load(i + 1, r), c = load(i + 2, r), d = load(i + 3, r);
      const Vector ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
      const Vector ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      const Vector cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
      const Vector rows[4] = {__builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                              __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5),
                              __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7)};
      for (int j = 0; j < 4; ++j) std::memcpy(out + (r + j) * m.k + i, &rows[j], sizeof rows[j]);
    }
    for (; i < m.k; ++i)
      for (int j = 0; j < 4; ++j) out[(r + j) * m.k + i] = m.data[i * m.step + r + j];
  }
  for (; r < end; ++r)
    for (std::int64_t i = 0; i < m.k; ++i) out[r * m.k + i] = m.data[i * m.step + r];
}

/// The matrix as row-major f32 or f64 rows. Squares of 16 × 16, so that neither side is crossed a line per element.
template <class U, class T>
std::unique_ptr<U[]> packed(const Matrix<T>& m) {
  std::unique_ptr<U[]> out(new U[static_cast<std::size_t>(m.rows * m.k)]);
  constexpr std::int64_t square = 16;
  const std::int64_t rows = square * std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(m.k, 1));
  parallel_for(m.rows, rows, [&](std::int64_t begin, std::int64_t end) {
    if constexpr (std::is_same_v<U, float> && std::is_same_v<T, float>)
      if (m.row == 1) return transpose(m, begin, end, out.get());
    for (std::int64_t r0 = begin; r0 < end; r0 += square)
      for (std::int64_t k0 = 0; k0 < m.k; k0 += square)
        for (std::int64_t r = r0; r < std::min(end, r0 + square); ++r)
          for (std::int64_t i = k0; i < std::min(m.k, k0 + square); ++i)
            out[static_cast<std::size_t>(r * m.k + i)] = static_cast<U>(widened(m.data[r * m.row + i * m.step]));
  });
  return out;
}

/// out[i · n + j] = x row i · w row j.
template <class X, class W>
void multiply(const Matrix<X>& x, const Matrix<W>& w, float* out) {
  const DotKernels& kernels = dot_kernels();
  constexpr FloatFormat format = std::is_same_v<W, Float16>    ? FloatFormat::f16
                                 : std::is_same_v<W, BFloat16> ? FloatFormat::bf16
                                                               : FloatFormat::f32;
  std::unique_ptr<float[]> x_rows, w_rows;
  const float* xs = nullptr;
  std::int64_t x_stride = x.k;
  if constexpr (std::is_same_v<X, float>)
    if (x.step == 1 || x.k == 1) xs = x.data, x_stride = x.row;
  if (!xs) xs = (x_rows = packed<float>(x)).get();

  // Weights are widened tile by tile inside the kernel where they run along k; with many activation rows, once here.
  const bool direct = (w.step == 1 || w.k == 1) && (std::is_same_v<W, float> || x.rows < 16);
  if (!direct) w_rows = packed<float>(w);
  const auto* base =
      direct ? reinterpret_cast<const std::byte*>(w.data) : reinterpret_cast<const std::byte*>(w_rows.get());
  const std::int64_t stride = direct ? w.row * static_cast<std::int64_t>(sizeof(W)) : w.k * 4;
  const FloatFormat as = direct ? format : FloatFormat::f32;

  const std::int64_t row_tiles = (w.rows - 1) / tile_rows + 1, column_tiles = (x.rows - 1) / tile_columns + 1;
  parallel_for(row_tiles * column_tiles, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const std::int64_t j = t / column_tiles * tile_rows, i = t % column_tiles * tile_columns;
      const WeightRows rows{base + j * stride, static_cast<std::ptrdiff_t>(stride), std::min(tile_rows, w.rows - j), 1};
      kernels.dot_float(as, rows, xs + i * x_stride, x_stride, std::min(tile_columns, x.rows - i), x.k,
                        out + i * w.rows + j, w.rows);
    }
  });
}

/// The same in f64: eight partial sums, which compilers turn into vectors of the baseline.
template <class X, class W>
void multiply(const Matrix<X>& x, const Matrix<W>& w, double* out) {
  const std::unique_ptr<double[]> x_rows = packed<double>(x), w_rows = packed<double>(w);
  const std::int64_t k = x.k;
  parallel_for(x.rows, 4, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t j = 0; j < w.rows; ++j) {
        const double *a = x_rows.get() + i * k, *b = w_rows.get() + j * k;
        double sums[8] = {};
        std::int64_t l = 0;
        for (; l + 8 <= k; l += 8)
          for (int lane = 0; lane < 8; ++lane) sums[lane] += a[l + lane] * b[l + lane];
        for (; l < k; ++l) sums[l % 8] += a[l] * b[l];
        out[i * w.rows + j] = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
      }
  });
}

template <class From>
void store(const From* from, std::int64_t n, const Tensor& out, std::int64_t at) {
  visit_floating(out.dtype(), "matmul", [&]<class T>(T) {
    T* to = out.mutable_data<T>() + at;
    parallel_for(n, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        if constexpr (std::is_same_v<T, Float16>)
          to[i] = to_float16(from[i]);
        else if constexpr (std::is_same_v<T, BFloat16>)
          to[i] = to_bfloat16(from[i]);
        else
          to[i] = static_cast<T>(from[i]);
      }
    });
  });
}

/// Writes x · wᵀ into the x.rows · w.rows elements of `out` from element `at` on.
template <class X, class W>
void multiply_into(const Matrix<X>& x, const Matrix<W>& w, const Tensor& out, std::int64_t at) {
  using Sum = std::conditional_t<std::is_same_v<X, double> || std::is_same_v<W, double>, double, float>;
  const std::int64_t count = x.rows * w.rows;
  if (out.dtype() == dtype_of<Sum>) return multiply(x, w, out.mutable_data<Sum>() + at);
  const std::unique_ptr<Sum[]> sums(new Sum[static_cast<std::size_t>(count)]);
  multiply(x, w, sums.get());
  store(sums.get(), count, out, at);
}

/// Integers, modulo 2^bits of Out: rows of `w` by k are first laid out by n, so that a row of the result grows by
/// multiples of contiguous rows.
template <class T, class Out>
void multiply_integers(const Matrix<T>& x, const Matrix<T>& w, Out* out) {
  using Sum = std::make_unsigned_t<Out>;
  using Product =
      std::conditional_t<sizeof(Sum) < 4, std::uint32_t, Sum>;  // u16 would be promoted to int, and overflow
  constexpr std::int64_t rows = 8;
  const std::unique_ptr<T[]> columns(new T[static_cast<std::size_t>(w.rows * w.k)]);
  for (std::int64_t l = 0; l < w.k; ++l)
    for (std::int64_t j = 0; j < w.rows; ++j)
      columns[static_cast<std::size_t>(l * w.rows + j)] = w.data[j * w.row + l * w.step];
  parallel_for(x.rows, rows, [&](std::int64_t begin, std::int64_t end) {
    std::fill(out + begin * w.rows, out + end * w.rows, Out{0});
    for (std::int64_t l = 0; l < w.k; ++l) {
      const T* b = columns.get() + l * w.rows;
      for (std::int64_t i = begin; i < end; ++i) {
        const auto a = static_cast<Product>(x.data[i * x.row + l * x.step]);
        Out* to = out + i * w.rows;
        for (std::int64_t j = 0; j < w.rows; ++j)
          to[j] = static_cast<Out>(static_cast<Sum>(static_cast<Product>(to[j]) + a * static_cast<Product>(b[j])));
      }
    }
  });
}

}  // namespace

FloatOutput::FloatOutput(const Tensor& out) : out_(out) {
  if (out.dtype() == DType::f32) {
    data_ = out.mutable_data<float>();
  } else {
    beside_.reset(new float[static_cast<std::size_t>(out.numel())]);
    data_ = beside_.get();
  }
}

void FloatOutput::finish() {
  if (beside_) store(data_, out_.numel(), out_, 0);
}

void multiply_rows(const Tensor& x, const Tensor& weight, const Tensor& out) {
  visit_floating(x.dtype(), "linear", [&]<class X>(X) {
    visit_floating(weight.dtype(), "linear", [&]<class W>(W) {
      multiply_into(
          Matrix<X>{x.data<X>(), x.shape()[0], x.shape()[1], x.strides()[0], x.strides()[1]},
          Matrix<W>{weight.data<W>(), weight.shape()[0], weight.shape()[1], weight.strides()[0], weight.strides()[1]},
          out, 0);
    });
  });
}

void matmul_kernel(const Call& call) {
  const Tensor &a = call.inputs[0], &b = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const int row = out.rank() - 2, column = out.rank() - 1;
  const std::int64_t m = out.shape()[row], n = out.shape()[column], k = a.shape()[column];
  if (k == 0) {
    std::memset(out.mutable_bytes(), 0, out.nbytes());
    return;
  }
  visit_arithmetic(a.dtype(), "matmul", [&]<class T>(T) {
    const T *pa = a.data<T>(), *pb = b.data<T>();
    parallel_for(out.numel() / (m * n), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t batch = begin; batch < end; ++batch) {
        std::int64_t rest = batch, a_offset = 0, b_offset = 0;
        for (int axis = row - 1; axis >= 0; --axis) {
          const std::int64_t index = rest % out.shape()[axis];
          rest /= out.shape()[axis];
          a_offset += index * a.strides()[axis];
          b_offset += index * b.strides()[axis];
        }
        const Matrix<T> left{pa + a_offset, m, k, a.strides()[row], a.strides()[column]};
        const Matrix<T> right{pb + b_offset, n, k, b.strides()[column], b.strides()[row]};
        if constexpr (std::is_same_v<T, std::int8_t>)
          multiply_integers(left, right, out.mutable_data<std::int32_t>() + batch * m * n);
        else if constexpr (std::is_integral_v<T>)
          multiply_integers(left, right, out.mutable_data<T>() + batch * m * n);
        else
          multiply_into(left, right, out, batch * m * n);
      }
    });
  });
}

}  // namespace ingot::cpu
