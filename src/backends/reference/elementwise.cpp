// Elementwise operations one element at a time: floats in double, integers in their own type.
#include "ops/elementwise.h"

#include "backends/reference/kernels.h"
#include "core/strided.h"
#include "core/visit.h"
#include "ops/params.h"
#include "ops/scalar.h"

namespace ingot::reference {
namespace {

template <class V>
V evaluate(UnaryOp op, V x) {
  switch (op) {
#define INGOT_UNARY(name, dtypes, value, gradient)                                                \
  case UnaryOp::name:                                                                             \
    if constexpr (DTypeClass::dtypes == DTypeClass::numeric || requires { x / x; }) return value; \
    break;
#include "ops/elementwise.def"
  }
  return x;
}

template <class V>
V evaluate(BinaryOp op, V a, V b) {
  switch (op) {
#define INGOT_BINARY(name, dtypes, value, gradient_a, gradient_b)                                 \
  case BinaryOp::name:                                                                            \
    if constexpr (DTypeClass::dtypes == DTypeClass::numeric || requires { a / b; }) return value; \
    break;
#include "ops/elementwise.def"
  }
  return a;
}

template <class T>
using Number = Scalar<std::conditional_t<std::is_integral_v<T>, T, double>>;

template <class T>
Number<T> widen(T x) noexcept {
  if constexpr (std::is_integral_v<T>)
    return x;
  else
    return to_double(x);
}

template <class T>
T narrow(Number<T> x) noexcept {
  if constexpr (std::is_integral_v<T>)
    return x.value;
  else
    return from_double<T>(x.value);
}

}  // namespace

void unary_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  const UnaryOp op = call.params.as<UnaryParams>().function;
  if (out.numel() == 0) return;
  visit_arithmetic(out.dtype(), info(op).name, [&]<class T>(T) {
    const T* from = x.data<T>();
    T* to = out.mutable_data<T>();
    const StridedLoop<2> loop(out.shape(), {x.strides(), out.strides()});
    const auto steps = loop.inner_strides();
    loop.run(0, loop.size(), [&](const auto& at, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i)
        to[at[1] + i * steps[1]] = narrow<T>(evaluate(op, widen(from[at[0] + i * steps[0]])));
    });
  });
}

void binary_kernel(const Call& call) {
  const Tensor &a = call.inputs[0], &b = call.inputs[1], &out = call.outputs[0];
  const BinaryOp op = call.params.as<BinaryParams>().function;
  if (out.numel() == 0) return;
  visit_arithmetic(out.dtype(), info(op).name, [&]<class T>(T) {
    const T *pa = a.data<T>(), *pb = b.data<T>();
    T* to = out.mutable_data<T>();
    const StridedLoop<3> loop(out.shape(), {a.strides(), b.strides(), out.strides()});
    const auto steps = loop.inner_strides();
    loop.run(0, loop.size(), [&](const auto& at, std::int64_t n) {
      for (std::int64_t i = 0; i < n; ++i)
        to[at[2] + i * steps[2]] =
            narrow<T>(evaluate(op, widen(pa[at[0] + i * steps[0]]), widen(pb[at[1] + i * steps[1]])));
    });
  });
}

}  // namespace ingot::reference
