// Elementwise operations one element at a time: floats in double, integers in their own type.
#include "backends/reference/kernels.h"
#include "core/strided.h"
#include "core/visit.h"
#include "ops/element.h"
#include "ops/elementwise_function.h"
#include "ops/params.h"

namespace ingot::reference {
namespace {

// In: what elements are stored as; T: what they are computed in: double, float (nextafter: its steps are those of the
// dtype) or the integer type itself.
template <class In, class T>
void compute(const Call& call, ElementwiseOp op) {
  const Tensor& out = call.outputs[0];
  const auto f = elementwise_function<T, Element<T>>(op);
  const std::size_t arity = call.inputs.size();
  const In* from[3];
  std::array<Shape, 4> strides;
  for (std::size_t k = 0; k < 3; ++k) {
    const Tensor& x = call.inputs[std::min(k, arity - 1)];
    from[k] = reinterpret_cast<const In*>(x.bytes());
    strides[k] = broadcast_strides(x.shape(), x.strides(), out.shape());
  }
  strides[3] = out.strides();
  const bool truth = info(op).gives_bool;
  auto* flags = truth ? out.mutable_data<bool>() : nullptr;
  auto* values = truth ? nullptr : reinterpret_cast<In*>(out.mutable_bytes());
  const auto widen = [](In x) -> Element<T> {
    if constexpr (std::is_integral_v<In>)
      return x;
    else
      return static_cast<T>(to_double(x));
  };
  const StridedLoop<4> loop(out.shape(), strides);
  const auto steps = loop.inner_strides();
  loop.run(0, loop.size(), [&](const auto& at, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      const auto element = [&](std::size_t k) { return widen(from[k][at[k] + i * steps[k]]); };
      const T result = f(element(0), element(1), element(2)).value;
      const std::int64_t to = at[3] + i * steps[3];
      if (truth)
        flags[to] = result != 0;
      else if constexpr (std::is_integral_v<In>)
        values[to] = result;
      else
        values[to] = from_double<In>(static_cast<double>(result));
    }
  });
}

}  // namespace

void elementwise_kernel(const Call& call) {
  if (call.outputs[0].numel() == 0) return;
  const auto op = call.params.as<ElementwiseParams>().function;
  const DType dtype = call.inputs[0].dtype();
  if (dtype == DType::bool_) return compute<std::uint8_t, std::uint8_t>(call, op);
  visit_arithmetic(dtype, info(op).name.data(), [&]<class T>(T) {
    if constexpr (std::is_integral_v<T>)
      compute<T, T>(call, op);
    else if (std::is_same_v<T, float> && op == ElementwiseOp::nextafter)
      compute<T, float>(call, op);
    else
      compute<T, double>(call, op);
  });
}

void select_kernel(const Call& call) {
  const Tensor &condition = call.inputs[0], &a = call.inputs[1], &b = call.inputs[2], &out = call.outputs[0];
  if (out.numel() == 0) return;
  visit_numeric(out.dtype(), "where", [&]<class T>(T) {
    const bool* flags = condition.data<bool>();
    const T *left = a.data<T>(), *right = b.data<T>();
    T* to = out.mutable_data<T>();
    const auto over = [&](const Tensor& x) { return broadcast_strides(x.shape(), x.strides(), out.shape()); };
    const StridedLoop<4> loop(out.shape(), {over(condition), over(a), over(b), out.strides()});
    const auto steps = loop.inner_strides();
    loop.run(0, loop.size(), [&](const auto& at, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i)
        to[at[3] + i * steps[3]] =
            flags[at[0] + i * steps[0]] ? left[at[1] + i * steps[1]] : right[at[2] + i * steps[2]];
    });
  });
}

}  // namespace ingot::reference
