// searchsorted: a binary search for each value.
#include "backends/cpu/kernels.h"
#include "core/parallel.h"
#include "core/strided.h"
#include "core/visit.h"
#include "ops/params.h"

namespace ingot::cpu {
namespace {

template <class T>
bool less(T a, T b) noexcept {
  if constexpr (std::is_arithmetic_v<T>)
    return a < b || (b != b && a == a);
  else
    return less(to_float(a), to_float(b));
}

}  // namespace

void searchsorted_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &values = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const bool right = call.params.as<SearchParams>().right;
  const std::int64_t n = x.numel(), step = x.strides()[0];
  const std::int64_t* places = call.inputs.size() > 2 ? call.inputs[2].data<std::int64_t>() : nullptr;
  const std::int64_t place_step = places ? call.inputs[2].strides()[0] : 0;
  auto* to = out.mutable_data<std::int64_t>();
  const StridedLoop<2> loop(values.shape(), {values.strides(), out.strides()});
  visit_numeric(x.dtype(), "searchsorted", [&]<class T>(T) {
    const T *sorted = x.data<T>(), *wanted = values.data<T>();
    const auto find = [&](T value) {
      std::int64_t first = 0;
      for (std::int64_t left = n; left > 0;) {
        const std::int64_t half = left / 2, middle = first + half;
        const T element = sorted[(places ? places[middle * place_step] : middle) * step];
        if (right ? !less(value, element) : less(element, value))
          first = middle + 1, left -= half + 1;
        else
          left = half;
      }
      return first;
    };
    parallel_for(loop.size(), 1 << 12, [&](std::int64_t begin, std::int64_t end) {
      const auto steps = loop.inner_strides();
      loop.run(begin, end, [&](const auto& at, std::int64_t count) {
        for (std::int64_t i = 0; i < count; ++i) to[at[1] + i * steps[1]] = find(wanted[at[0] + i * steps[0]]);
      });
    });
  });
}

}  // namespace ingot::cpu
