// gather, scatter, arange.
#include <cstring>

#include "backends/reference/kernels.h"
#include "core/convert.h"
#include "core/strided.h"
#include "ops/params.h"

namespace ingot::reference {
namespace {

// f(row, offset in `block`, offset in `rows`) for every element of every row, rows in order.
template <class F>
void for_rows(const Tensor& block, int indexed, const Tensor& rows, F&& f) {
  Shape shape = rows.shape(), strides = rows.strides(), block_strides = block.strides();
  shape.erase(0);
  strides.erase(0);
  for (int i = 0; i < indexed; ++i) block_strides.erase(0);
  const StridedLoop<2> loop(shape, {block_strides, strides});
  const auto steps = loop.inner_strides();
  for (std::int64_t row = 0; row < rows.shape()[0]; ++row)
    loop.run(0, loop.size(), [&](const auto& at, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i) f(row, at[0] + i * steps[0], at[1] + i * steps[1] + row * rows.strides()[0]);
    });
}

}  // namespace

void gather_kernel(const Call& call) {
  const Tensor &source = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const std::int64_t* offsets = call.inputs[1].data<std::int64_t>();
  const std::int64_t width = bit_width(out.dtype()) / 8;
  const std::byte* from = source.bytes();
  std::byte* to = out.mutable_bytes();
  for_rows(source, call.params.as<GatherParams>().indexed, out,
           [&](std::int64_t row, std::int64_t from_at, std::int64_t to_at) {
             std::memcpy(to + to_at * width, from + (offsets[row] + from_at) * width, static_cast<std::size_t>(width));
           });
}

void scatter_kernel(const Call& call) {
  const Tensor &values = call.inputs[0], &target = call.outputs[0];
  if (values.numel() == 0) return;
  const auto params = call.params.as<ScatterParams>();
  const std::int64_t* offsets = call.inputs[1].data<std::int64_t>();
  visit_numeric(target.dtype(), "scatter", [&]<class T>(T) {
    const T* from = values.data<T>();
    T* to = target.mutable_data<T>();
    for_rows(target, params.indexed, values, [&](std::int64_t row, std::int64_t to_at, std::int64_t from_at) {
      T& element = to[offsets[row] + to_at];
      if (!params.add)
        element = from[from_at];
      else if constexpr (std::is_integral_v<T>)
        element = static_cast<T>(static_cast<std::uint64_t>(element) + static_cast<std::uint64_t>(from[from_at]));
      else
        element = from_double<T>(to_double(element) + to_double(from[from_at]));
    });
  });
}

void arange_kernel(const Call& call) {
  const Tensor& out = call.outputs[0];
  const auto params = call.params.as<ArangeParams>();
  visit_numeric(out.dtype(), "arange", [&]<class T>(T) {
    T* to = out.mutable_data<T>();
    for (std::int64_t i = 0; i < out.numel(); ++i) {
      if constexpr (std::is_integral_v<T>)
        to[i] = convert<T>(params.integer_start + static_cast<std::uint64_t>(i) * params.integer_step);
      else
        to[i] = from_double<T>(params.start + static_cast<double>(i) * params.step);
    }
  });
}

}  // namespace ingot::reference
