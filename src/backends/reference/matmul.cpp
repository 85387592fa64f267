// matmul, linear, embedding: products summed in double, encoded weights decoded row by row.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "backends/reference/convert_elements.h"
#include "backends/reference/kernels.h"
#include "backends/reference/line.h"
#include "ops/params.h"
#include "quant/rows.h"

namespace ingot::reference {
namespace {

// Row `row` of a plain or encoded (n, k) matrix as doubles.
std::vector<double> matrix_row(const Tensor& matrix, std::int64_t row) {
  if (matrix.is_quantized()) {
    std::vector<float> values(static_cast<std::size_t>(matrix.shape()[1]));
    decode_rows(matrix, row, row + 1, values.data());
    return {values.begin(), values.end()};
  }
  const Tensor line = matrix.slice(0, row, row + 1);
  return visit_floating(line.dtype(), "linear",
                        [&]<class T>(T) { return read_line(line.data<T>(), line.strides()[1], line.shape()[1]); });
}

// BitNet b1.58 activations, in float as transformers does them: q = round(x · s), s = 127 / max(|x|max, 1e-5); the row
// becomes q / s.
void round_to_int8(std::vector<double>& row) {
  float largest = 0;
  for (const double value : row) largest = std::max(largest, std::fabs(static_cast<float>(value)));
  const float scale = 127.0f / std::max(largest, 1e-5f);
  for (double& value : row) {
    const float rounded = std::nearbyint(static_cast<float>(value) * scale);
    value = static_cast<double>(std::clamp(rounded, -128.0f, 127.0f)) / static_cast<double>(scale);
  }
}

}  // namespace

void matmul_kernel(const Call& call) {
  const Tensor &a = call.inputs[0], &b = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const int row = out.rank() - 2, column = out.rank() - 1;
  const std::int64_t m = out.shape()[row], n = out.shape()[column], k = a.shape()[column];
  visit_arithmetic(a.dtype(), "matmul", [&]<class T>(T) {
    // Integers modulo 2⁶⁴ are right modulo any smaller power as well.
    using Sum = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;
    using Out = std::conditional_t<std::is_same_v<T, std::int8_t>, std::int32_t, T>;
    const auto wide = [](T x) -> Sum {
      if constexpr (std::is_integral_v<T>)
        return static_cast<Sum>(x);
      else
        return to_double(x);
    };
    const T *pa = k ? a.data<T>() : nullptr, *pb = k ? b.data<T>() : nullptr;
    Out* to = out.mutable_data<Out>();
    const auto batch = [&](Shape strides) {
      strides.erase(column);
      strides.erase(row);
      return strides;
    };
    const StridedLoop<3> loop(batch(out.shape()), {batch(a.strides()), batch(b.strides()), batch(out.strides())});
    loop.run(0, loop.size(), [&](const auto& at, std::int64_t count) {
      for (std::int64_t c = 0; c < count; ++c) {
        const auto base = [&](std::size_t which) { return at[which] + c * loop.inner_strides()[which]; };
        for (std::int64_t i = 0; i < m; ++i)
          for (std::int64_t j = 0; j < n; ++j) {
            Sum sum = 0;
            for (std::int64_t l = 0; l < k; ++l)
              sum += wide(pa[base(0) + i * a.strides()[row] + l * a.strides()[column]]) *
                     wide(pb[base(1) + l * b.strides()[row] + j * b.strides()[column]]);
            Out& result = to[base(2) + i * out.strides()[row] + j * out.strides()[column]];
            if constexpr (std::is_integral_v<T>)
              result = static_cast<Out>(sum);
            else
              result = from_double<Out>(sum);
          }
      }
    });
  });
}

void linear_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &weight = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const std::int64_t m = out.shape()[0], n = out.shape()[1], k = x.shape()[1];
  visit_floating(out.dtype(), "linear", [&]<class T>(T) {
    T* to = out.mutable_data<T>();
    std::vector<std::vector<double>> rows;
    for (std::int64_t i = 0; i < m; ++i) {
      rows.push_back(read_line(k ? x.data<T>() + i * x.strides()[0] : nullptr, x.strides()[1], k));
      if (call.params.as<LinearParams>().activations == Activations::int8_per_row) round_to_int8(rows.back());
    }
    for (std::int64_t j = 0; j < n; ++j) {
      const std::vector<double> w = k ? matrix_row(weight, j) : std::vector<double>();
      for (std::int64_t i = 0; i < m; ++i) {
        double sum = 0;
        for (std::size_t l = 0; l < w.size(); ++l) sum += rows[static_cast<std::size_t>(i)][l] * w[l];
        to[i * out.strides()[0] + j * out.strides()[1]] = from_double<T>(sum);
      }
    }
  });
}

void embedding_kernel(const Call& call) {
  const Tensor &weight = call.inputs[0], &ids = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const std::int64_t* row = ids.data<std::int64_t>();
  for (std::int64_t i = 0; i < ids.numel(); ++i) {
    if (weight.is_quantized()) {
      decode_rows(weight, row[i], row[i] + 1, out.mutable_data<float>() + i * out.strides()[0]);
      continue;
    }
    const Tensor source = weight.slice(0, row[i], row[i] + 1);
    const Tensor target = out.slice(0, i, i + 1);
    convert_elements(source.dtype(), target.dtype())(source.storage()->data() + source.meta().byte_offset,
                                                     source.meta().offset, source.strides()[1],
                                                     target.storage()->mutable_data() + target.meta().byte_offset,
                                                     target.meta().offset, target.strides()[1], target.shape()[1]);
  }
}

}  // namespace ingot::reference
