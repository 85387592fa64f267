// sort, argsort by comparison; searchsorted by counting.
#include <algorithm>
#include <numeric>

#include "backends/reference/kernels.h"
#include "backends/reference/line.h"
#include "ops/params.h"

namespace ingot::reference {
namespace {

// NaN is the largest.
template <class T>
bool less(T a, T b) noexcept {
  if constexpr (std::is_arithmetic_v<T>)
    return a < b || (b != b && a == a);
  else
    return less(to_double(a), to_double(b));
}

// each(line's indices in order, offset of the line, offset in the output)
template <class T, class F>
void for_sorted_lines(const Call& call, F&& each) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const auto [axis, descending] = call.params.as<SortParams>();
  const std::int64_t step = x.strides()[axis];
  const T* from = x.data<T>();
  for_each_line(x, out, axis, [&](std::int64_t at, std::int64_t to_at) {
    std::vector<std::int64_t> order(static_cast<std::size_t>(x.shape()[axis]));
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
      const T a = from[at + i * step], b = from[at + j * step];
      const bool before = descending ? less(b, a) : less(a, b), after = descending ? less(a, b) : less(b, a);
      return before || (!after && i < j);
    });
    each(order, at, to_at);
  });
}

}  // namespace

void sort_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const int axis = call.params.as<SortParams>().axis;
  visit_numeric(x.dtype(), "sort", [&]<class T>(T) {
    const T* from = x.data<T>();
    T* to = out.mutable_data<T>();
    for_sorted_lines<T>(call, [&](const std::vector<std::int64_t>& order, std::int64_t at, std::int64_t to_at) {
      for (const std::int64_t i : order) to[to_at] = from[at + i * x.strides()[axis]], to_at += out.strides()[axis];
    });
  });
}

void argsort_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const int axis = call.params.as<SortParams>().axis;
  auto* to = out.mutable_data<std::int64_t>();
  visit_numeric(x.dtype(), "argsort", [&]<class T>(T) {
    const T* from = x.data<T>();
    T* values = call.outputs.size() > 1 ? call.outputs[1].mutable_data<T>() : nullptr;
    for_sorted_lines<T>(call, [&](const std::vector<std::int64_t>& order, std::int64_t at, std::int64_t to_at) {
      for (std::int64_t i = 0; i < out.shape()[axis]; ++i, to_at += out.strides()[axis]) {
        to[to_at] = order[static_cast<std::size_t>(i)];
        if (values) values[to_at] = from[at + to[to_at] * x.strides()[axis]];
      }
    });
  });
}

void searchsorted_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &values = call.inputs[1], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const bool right = call.params.as<SearchParams>().right;
  auto* to = out.mutable_data<std::int64_t>();
  visit_numeric(x.dtype(), "searchsorted", [&]<class T>(T) {
    const T *elements = x.data<T>(), *wanted = values.data<T>();
    // The order of a sorter does not change how many elements come before a value.
    const StridedLoop<2> loop(values.shape(), {values.strides(), out.strides()});
    const auto steps = loop.inner_strides();
    loop.run(0, loop.size(), [&](const auto& at, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i) {
        const T value = wanted[at[0] + i * steps[0]];
        std::int64_t before = 0;
        for (std::int64_t k = 0; k < x.numel(); ++k) {
          const T element = elements[k * x.strides()[0]];
          before += right ? !less(value, element) : less(element, value);
        }
        to[at[1] + i * steps[1]] = before;
      }
    });
  });
}

}  // namespace ingot::reference
