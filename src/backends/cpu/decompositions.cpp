// Decompositions by LAPACK: the batch is shared out, each matrix is one thread's business.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <vector>

#include "backends/cpu/kernels.h"
#include "backends/cpu/lapack.h"
#include "backends/reference/matrices.h"
#include "core/fail.h"
#include "core/parallel.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

// LAPACK counts in int.
int to_int(std::int64_t n, Op op) {
  if (n > std::numeric_limits<int>::max())
    fail(ErrorCode::out_of_range, to_string(op), "{} is more than LAPACK can count", n);
  return static_cast<int>(n);
}

// The length of a workspace that LAPACK has reported as T, which may have been rounded downwards.
template <class T>
int work_size(T reported, Op op) {
  const double size = std::ceil(static_cast<double>(reported) * (1 + double{std::numeric_limits<T>::epsilon()}));
  if (size > std::numeric_limits<int>::max())
    fail(ErrorCode::out_of_range, to_string(op), "a workspace of {} elements is more than LAPACK can count", size);
  return std::max(1, static_cast<int>(size));
}

template <class T>
std::vector<T> columns(int m, int n) {
  return std::vector<T>(static_cast<std::size_t>(m) * static_cast<std::size_t>(n));
}

template <class T>
bool finite(const std::vector<T>& x) {
  return std::all_of(x.begin(), x.end(), [](T value) { return std::isfinite(value); });
}

// Calls f(T{}, begin, end, info) over ranges of the batch that depend on the shapes only. An m × n matrix costs about
// m · n · min(m, n); what is smaller than a task's overhead is done together.
template <class F>
void for_ranges(const Call& call, F&& f) {
  const Tensor &x = call.inputs[0], &info = call.outputs[call.outputs.size() - 1];
  if (info.numel() == 0) return;
  const auto m = static_cast<double>(x.shape()[x.rank() - 2]), n = static_cast<double>(x.shape().back());
  const auto grain = static_cast<std::int64_t>(std::max(1.0, 50000 / (m * n * std::min(m, n) + 100)));
  auto* to = info.mutable_data<std::int32_t>();
  visit_lapack(x.dtype(), [&]<class T>(T zero) {
#ifndef __APPLE__
    // Once for the process: threads of OpenBLAS inside ours would be too many, and results would depend on how many.
    static const bool has_threads = (openblas_set_num_threads(1), openblas_get_parallel() != 0);
    if (!has_threads) {
      // Built without threads it hands out its work memory without a lock: of 0.3.21's results from eight threads one
      // in 300 was wrong. Then one call at a time.
      static std::mutex one_at_a_time;
      const std::lock_guard lock(one_at_a_time);
      return f(zero, 0, info.numel(), to);
    }
#endif
    parallel_for(info.numel(), grain, [&](std::int64_t begin, std::int64_t end) { f(zero, begin, end, to); });
  });
}

}  // namespace

void solve_kernel(const Call& call) {
  for_ranges(call, [&]<class T>(T, std::int64_t begin, std::int64_t end, std::int32_t* info) {
    const Matrices<const T> as(call.inputs[0]), bs(call.inputs[1]);
    const Matrices<T> xs(call.outputs[0]);
    const int n = to_int(as.rows, call.op), k = to_int(bs.columns, call.op), leading = std::max(1, n);
    std::vector<T> a = columns<T>(n, n), b = columns<T>(n, k);
    std::vector<int> pivots(static_cast<std::size_t>(n));
    for (std::int64_t i = begin; i < end; ++i) {
      as.load(i, a.data());
      bs.load(i, b.data());
      Lapack<T>::gesv(&n, &k, a.data(), &leading, pivots.data(), b.data(), &leading, &info[i]);
      xs.store(i, b.data(), n);
    }
  });
}

void determinant_kernel(const Call& call) {
  for_ranges(call, [&]<class T>(T, std::int64_t begin, std::int64_t end, std::int32_t* info) {
    const Matrices<const T> xs(call.inputs[0]);
    const int n = to_int(xs.rows, call.op), leading = std::max(1, n);
    std::vector<T> x = columns<T>(n, n);
    std::vector<int> pivots(static_cast<std::size_t>(n));
    for (std::int64_t i = begin; i < end; ++i) {
      xs.load(i, x.data());
      int singular = 0;
      Lapack<T>::getrf(&n, &n, x.data(), &leading, pivots.data(), &singular);
      // The product as mantissa · 2^exponent, which neither overflows nor vanishes on the way.
      double mantissa = singular ? 0 : 1, logarithm = singular ? -std::numeric_limits<double>::infinity() : 0;
      std::int64_t exponent = 0;
      for (int j = 0; j < n && !singular; ++j) {
        const auto at = static_cast<std::size_t>(j);
        const double value = static_cast<double>(x[at * static_cast<std::size_t>(n) + at]);
        int power = 0;
        mantissa = std::frexp((pivots[at] == j + 1 ? value : -value) * mantissa, &power);
        exponent += power;
        logarithm += std::log(std::fabs(value));
      }
      const int power = static_cast<int>(std::clamp<std::int64_t>(exponent, -5000, 5000));
      const double sign = mantissa == 0 || std::isnan(mantissa) ? mantissa : std::copysign(1.0, mantissa);
      call.outputs[0].mutable_data<T>()[i] = static_cast<T>(std::ldexp(mantissa, power));
      call.outputs[1].mutable_data<T>()[i] = static_cast<T>(sign);
      call.outputs[2].mutable_data<T>()[i] = static_cast<T>(logarithm);
      info[i] = 0;
    }
  });
}

void cholesky_kernel(const Call& call) {
  const bool upper = call.params.as<CholeskyParams>().upper;
  for_ranges(call, [&]<class T>(T, std::int64_t begin, std::int64_t end, std::int32_t* info) {
    const Matrices<const T> xs(call.inputs[0]);
    const Matrices<T> out(call.outputs[0]);
    const int n = to_int(xs.rows, call.op), leading = std::max(1, n);
    std::vector<T> x = columns<T>(n, n);
    for (std::int64_t i = begin; i < end; ++i) {
      xs.load(i, x.data());
      Lapack<T>::potrf(upper ? "U" : "L", &n, x.data(), &leading, &info[i], 1);
      for (std::int64_t column = 0; column < n; ++column)
        for (std::int64_t row = upper ? column + 1 : 0; row < (upper ? n : column); ++row)
          x[static_cast<std::size_t>(column * n + row)] = 0;
      out.store(i, x.data(), n);
    }
  });
}

void qr_kernel(const Call& call) {
  for_ranges(call, [&]<class T>(T, std::int64_t begin, std::int64_t end, std::int32_t* info) {
    const Matrices<const T> xs(call.inputs[0]);
    const Matrices<T> qs(call.outputs[0]), rs(call.outputs[1]);
    const int m = to_int(xs.rows, call.op), n = to_int(xs.columns, call.op), k = to_int(qs.columns, call.op);
    const int reflectors = std::min(m, n), leading = std::max(1, m), query = -1;
    // One array holds x, then the reflectors, then q, which may have more columns than x.
    std::vector<T> x = columns<T>(m, std::max(n, k)), r = columns<T>(k, n), tau(static_cast<std::size_t>(reflectors));
    T wanted[2] = {};
    Lapack<T>::geqrf(&m, &n, x.data(), &leading, tau.data(), &wanted[0], &query, &info[begin]);
    Lapack<T>::orgqr(&m, &k, &reflectors, x.data(), &leading, tau.data(), &wanted[1], &query, &info[begin]);
    const int size = work_size(std::max(wanted[0], wanted[1]), call.op);
    std::vector<T> work(static_cast<std::size_t>(size));
    for (std::int64_t i = begin; i < end; ++i) {
      xs.load(i, x.data());
      Lapack<T>::geqrf(&m, &n, x.data(), &leading, tau.data(), work.data(), &size, &info[i]);
      for (std::int64_t column = 0; column < n; ++column)
        for (std::int64_t row = 0; row < k; ++row)
          r[static_cast<std::size_t>(column * k + row)] =
              row <= column ? x[static_cast<std::size_t>(column * m + row)] : T{0};
      Lapack<T>::orgqr(&m, &k, &reflectors, x.data(), &leading, tau.data(), work.data(), &size, &info[i]);
      qs.store(i, x.data(), m);
      rs.store(i, r.data(), k);
    }
  });
}

void svd_kernel(const Call& call) {
  const bool vectors = call.params.as<VectorsParams>().vectors;
  for_ranges(call, [&]<class T>(T, std::int64_t begin, std::int64_t end, std::int32_t* info) {
    const Matrices<const T> xs(call.inputs[0]);
    const Matrices<T> us(call.outputs[1]), vhs(call.outputs[2]);
    const int m = to_int(xs.rows, call.op), n = to_int(xs.columns, call.op), k = std::min(m, n);
    const int u_columns = vectors ? to_int(us.columns, call.op) : 0, v_rows = vectors ? to_int(vhs.rows, call.op) : 0;
    const char* job = !vectors ? "N" : u_columns == m && v_rows == n ? "A" : "S";
    const int leading = std::max(1, m), u_leading = std::max(1, m), v_leading = std::max(1, v_rows), query = -1;
    std::vector<T> x = columns<T>(m, n), u = columns<T>(m, u_columns), vh = columns<T>(v_rows, n), s = columns<T>(k, 1);
    std::vector<int> iwork(8 * static_cast<std::size_t>(k) + 1);
    T wanted = 0;
    const auto decompose = [&](T* work, int size, int* status) {
      Lapack<T>::gesdd(job, &m, &n, x.data(), &leading, s.data(), u.data(), &u_leading, vh.data(), &v_leading, work,
                       &size, iwork.data(), status, 1);
    };
    decompose(&wanted, query, &info[begin]);
    const int size = work_size(wanted, call.op);
    std::vector<T> work(static_cast<std::size_t>(size));
    for (std::int64_t i = begin; i < end; ++i) {
      xs.load(i, x.data());
      if (!finite(x)) {
        info[i] = -1;
        continue;
      }
      if (k == 0) {  // gesdd leaves these alone
        info[i] = 0;
        for (int j = 0; j < u_columns; ++j) u[static_cast<std::size_t>(j) * static_cast<std::size_t>(m + 1)] = 1;
        for (int j = 0; j < v_rows; ++j) vh[static_cast<std::size_t>(j) * static_cast<std::size_t>(n + 1)] = 1;
      } else {
        decompose(work.data(), size, &info[i]);
        std::copy(s.begin(), s.end(), call.outputs[0].mutable_data<T>() + i * k);
      }
      if (!vectors) continue;
      us.store(i, u.data(), m);
      vhs.store(i, vh.data(), v_rows);
    }
  });
}

void eigh_kernel(const Call& call) {
  const bool vectors = call.params.as<VectorsParams>().vectors;
  for_ranges(call, [&]<class T>(T, std::int64_t begin, std::int64_t end, std::int32_t* info) {
    const Matrices<const T> xs(call.inputs[0]);
    const int n = to_int(xs.rows, call.op), leading = std::max(1, n), query = -1;
    if (n == 0) return std::fill(info + begin, info + end, 0);
    std::vector<T> x = columns<T>(n, n), values(static_cast<std::size_t>(n));
    T wanted = 0;
    int wanted_integers = 0;
    const auto decompose = [&](T* work, int size, int* iwork, int isize, int* status) {
      Lapack<T>::syevd(vectors ? "V" : "N", "L", &n, x.data(), &leading, values.data(), work, &size, iwork, &isize,
                       status, 1, 1);
    };
    decompose(&wanted, query, &wanted_integers, query, &info[begin]);
    const int size = work_size(wanted, call.op);
    std::vector<T> work(static_cast<std::size_t>(size));
    std::vector<int> iwork(static_cast<std::size_t>(wanted_integers));
    for (std::int64_t i = begin; i < end; ++i) {
      xs.load(i, x.data());
      for (std::int64_t column = 1; column < n; ++column)  // what is not read may be anything
        for (std::int64_t row = 0; row < column; ++row) x[static_cast<std::size_t>(column * n + row)] = 0;
      if (!finite(x)) {
        info[i] = -1;
        continue;
      }
      decompose(work.data(), size, iwork.data(), wanted_integers, &info[i]);
      std::copy(values.begin(), values.end(), call.outputs[0].mutable_data<T>() + i * n);
      if (vectors) Matrices<T>(call.outputs[1]).store(i, x.data(), n);
    }
  });
}

}  // namespace ingot::cpu
