// Reductions one element after the other: floats in double, integers in the accumulator's type.
#include "backends/reference/convert_elements.h"
#include "backends/reference/kernels.h"
#include "core/strided.h"
#include "core/visit.h"
#include "ops/element.h"
#include "ops/elementwise.h"
#include "ops/params.h"

namespace ingot::reference {
namespace {

// Calls each(at) with the offsets of every element of a loop.
template <class Loop, class F>
void for_each(const Loop& loop, F&& each) {
  const auto steps = loop.inner_strides();
  loop.run(0, loop.size(), [&](auto at, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i) {
      each(at);
      for (std::size_t k = 0; k < steps.size(); ++k) at[k] += steps[k];
    }
  });
}

// The combination of one result's elements. T: what elements are stored as; A: what they are combined in.
template <class T, class A>
A combined(ReduceOp op, const StridedLoop<1>& reduced, const T* from, double center) {
  [[maybe_unused]] constexpr A lowest = lowest_of<A>, highest = highest_of<A>;
  const auto over = [&](A initial, auto element, auto combine) {
    Element<A> result = initial;
    for_each(reduced, [&](const auto& at) {
      const T value = from[at[0]];
      A wide;
      if constexpr (std::is_integral_v<T>)
        wide = static_cast<A>(value);
      else
        wide = to_double(value);
      result = combine(result, element(Element<A>(wide), Element<A>(center)));
    });
    return result.value;
  };
  switch (op) {
#define INGOT_REDUCTION(name, takes, initial, value, combination)                       \
  case ReduceOp::name:                                                                  \
    if constexpr (computes<A>(Takes::takes))                                            \
      return over(                                                                      \
          initial, [](auto x, [[maybe_unused]] auto c) -> Element<A> { return value; }, \
          [](auto a, auto b) -> Element<A> { return combination; });                    \
    break;
#define INGOT_COUNT(name, result)                                                     \
  case ReduceOp::name: {                                                              \
    [[maybe_unused]] const std::int64_t n = reduced.size();                           \
    std::int64_t count = 0;                                                           \
    for_each(reduced, [&](const auto& at) { count += to_double(from[at[0]]) != 0; }); \
    return static_cast<A>(result);                                                    \
  }
#include "ops/reductions.def"
  }
  return {};
}

}  // namespace

void reduce_kernel(const Call& call) {
  const Tensor &x = call.inputs[0], &out = call.outputs[0];
  if (out.numel() == 0) return;
  const auto params = call.params.as<ReduceParams>();
  const bool centered = call.inputs.size() > 1;
  const Tensor& center = centered ? call.inputs[1] : out;
  // An empty tensor has no address to count from.
  const Shape steps = x.numel() > 0 ? x.strides() : Shape::filled(x.rank(), 0);
  Shape kept = x.shape(), reduced = x.shape();
  for (int axis = 0; axis < x.rank(); ++axis) (params.axes >> axis & 1 ? kept : reduced)[axis] = 1;
  const StridedLoop<1> inner(reduced, {x.strides()});
  const auto with = [&]<class T, class A>(T, A) {
    const ConvertElements convert = convert_elements(dtype_of<A>, out.dtype());
    const T* from = reinterpret_cast<const T*>(x.bytes());
    for_each(StridedLoop<3>(kept, {steps, out.strides(), center.strides()}), [&](const auto& at) {
      double c = 0;
      if (centered)
        c = visit_floating(center.dtype(), "reduce", [&]<class C>(C) { return to_double(center.data<C>()[at[2]]); });
      const A result = combined<T, A>(params.function, inner, from + at[0], c);
      convert(reinterpret_cast<const std::byte*>(&result), 0, 1, out.mutable_bytes(), at[1], 1, 1);
    });
  };
  if (x.dtype() == DType::bool_) return with(std::uint8_t{}, std::uint64_t{});
  visit_arithmetic(x.dtype(), "reduce", [&]<class T>(T) {
    if constexpr (!std::is_integral_v<T>)
      with(T{}, double{});
    else if constexpr (std::is_signed_v<T>)
      with(T{}, std::int64_t{});
    else
      with(T{}, std::uint64_t{});
  });
}

}  // namespace ingot::reference
