// rope and attention as their formulas read.
#include <algorithm>
#include <cmath>
#include <limits>

#include "backends/reference/kernels.h"
#include "backends/reference/line.h"
#include "ops/params.h"

namespace ingot::reference {

void rope_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const std::int64_t* positions = call.inputs[1].data<std::int64_t>();
  const std::int64_t pairs = call.inputs[2].shape()[0];
  const float* frequencies = pairs ? call.inputs[2].data<float>() : nullptr;
  const bool interleaved = call.params.as<RopeParams>().layout == RopeLayout::interleaved;
  const int axis = x.rank() - 1;
  const std::int64_t length = x.shape()[axis];
  visit_floating(x.dtype(), "rope", [&]<class T>(T) {
    const T* from = x.data<T>();
    T* to = out.mutable_data<T>();
    for (std::int64_t t = 0; t < x.shape()[axis - 1]; ++t) {
      const Tensor x_t = x.select(axis - 1, t), out_t = out.select(axis - 1, t);
      for_each_line(x_t, out_t, axis - 1, [&](std::int64_t at, std::int64_t to_at) {
        std::vector<double> line = read_line(from + at + t * x.strides()[axis - 1], x.strides()[axis], length);
        for (std::int64_t i = 0; i < pairs; ++i) {
          const double angle = static_cast<double>(positions[t]) * static_cast<double>(frequencies[i]);
          double& first = line[static_cast<std::size_t>(interleaved ? 2 * i : i)];
          double& second = line[static_cast<std::size_t>(interleaved ? 2 * i + 1 : i + pairs)];
          const double a = first, b = second;
          first = a * std::cos(angle) - b * std::sin(angle);
          second = a * std::sin(angle) + b * std::cos(angle);
        }
        for (std::int64_t i = 0; i < length; ++i)
          to[to_at + t * out.strides()[axis - 1] + i * out.strides()[axis]] =
              from_double<T>(line[static_cast<std::size_t>(i)]);
      });
    }
  });
}

void attention_kernel(const Call& call) {
  const Tensor &q = call.inputs[0], &k = call.inputs[1], &v = call.inputs[2], &out = call.outputs[0];
  const Tensor& mask = call.inputs[3];
  const auto params = call.params.as<AttentionParams>();
  if (out.numel() == 0) return;
  const int head = q.rank() - 3, row = q.rank() - 2, column = q.rank() - 1;
  const std::int64_t heads = q.shape()[head], length = q.shape()[row], width = q.shape()[column];
  const std::int64_t keys = k.shape()[row], group = heads / k.shape()[head];
  const auto batch = [&](Shape strides) {
    for (int i = 0; i < 3; ++i) strides.erase(head);
    return strides;
  };
  visit_floating(q.dtype(), "scaled_dot_product_attention", [&]<class T>(T) {
    const T *pq = q.data<T>(), *pk = keys ? k.data<T>() : nullptr, *pv = keys ? v.data<T>() : nullptr;
    const bool* seen = mask.defined() && mask.numel() && mask.dtype() == DType::bool_ ? mask.data<bool>() : nullptr;
    const T* added = mask.defined() && mask.numel() && !seen ? mask.data<T>() : nullptr;
    T* to = out.mutable_data<T>();
    const auto at = [&](const Tensor& x, std::int64_t base, std::int64_t h, std::int64_t i) {
      return base + h * x.strides()[head] + i * x.strides()[row];
    };
    const StridedLoop<5> loop(batch(q.shape()), {batch(q.strides()), batch(k.strides()), batch(v.strides()),
                                                 batch(out.strides()), batch((mask.defined() ? mask : out).strides())});
    loop.run(0, loop.size(), [&](const auto& offsets, std::int64_t count) {
      for (std::int64_t c = 0; c < count; ++c)
        for (std::int64_t h = 0; h < heads; ++h)
          for (std::int64_t i = 0; i < length; ++i) {
            const auto base = [&](std::size_t which) { return offsets[which] + c * loop.inner_strides()[which]; };
            const std::int64_t last = params.causal ? std::min(keys, i + keys - length + 1) : keys;
            const std::int64_t first =
                params.window > 0 ? std::clamp<std::int64_t>(i + keys - length - params.window + 1, 0, keys) : 0;
            std::vector<double> weights;
            for (std::int64_t j = first; j < last; ++j) {
              double dot = 0;
              for (std::int64_t d = 0; d < width; ++d)
                dot += to_double(pq[at(q, base(0), h, i) + d * q.strides()[column]]) *
                       to_double(pk[at(k, base(1), h / group, j) + d * k.strides()[column]]);
              const std::int64_t place = mask.defined() ? at(mask, base(4), h, i) + j * mask.strides()[column] : 0;
              const double more = added ? to_double(added[place]) : 0;
              weights.push_back(seen && !seen[place] ? -HUGE_VAL : dot * params.scale + more);
            }
            double largest = weights.empty() ? -HUGE_VAL : *std::max_element(weights.begin(), weights.end());
            if (largest == -HUGE_VAL) weights.clear();  // nothing is seen
            double sum = 0;
            for (double& weight : weights) sum += weight = std::exp(weight - largest);
            for (std::int64_t d = 0; d < width; ++d) {
              double value = 0;
              for (std::size_t j = 0; j < weights.size(); ++j)
                value +=
                    weights[j] *
                    to_double(
                        pv[at(v, base(2), h / group, first + static_cast<std::int64_t>(j)) + d * v.strides()[column]]);
              to[at(out, base(3), h, i) + d * out.strides()[column]] =
                  from_double<T>(weights.empty() ? 0 : value / sum);
            }
          }
    });
  });
}

}  // namespace ingot::reference
