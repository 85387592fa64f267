// argmax, argmin, searchsorted.
#include "ingot/ops/searching.h"

#include <vector>

#include "device/kernel_table.h"
#include "ingot/ops/dtypes.h"
#include "ingot/ops/manipulation.h"
#include "ingot/ops/reductions.h"
#include "ops/check.h"
#include "ops/params.h"

namespace ingot {
namespace {

Tensor extreme_index(const char* name, bool smallest, const Tensor& x, std::optional<int> given, bool keepdims) {
  check_inputs(name, {&x});
  check_unpacked(name, x);
  if (!given || x.rank() == 0) {
    if (given) normalize_axis(*given, 1, name);  // as for any statistic, 0 and −1 are axes of a number
    const Tensor flat = extreme_index(name, smallest, reshape(x, Shape{-1}), 0, false);
    return keepdims ? flat.view(Shape::filled(x.rank(), 1)) : flat;
  }
  const int axis = normalize_axis(*given, x.rank(), name);
  Shape shape = x.shape();
  shape[axis] = 1;
  const Tensor out = Tensor::empty(shape, DType::i64, x.device());
  if (out.numel() > 0) {
    if (x.shape()[axis] == 0)
      fail(ErrorCode::invalid_argument, name, "{} has no elements along axis {}", describe(x), axis);
    dispatch(Op::argmax, {&x}, {&out}, ArgmaxParams{axis, smallest});
  }
  return keepdims ? out : out.squeeze(axis);
}

}  // namespace

Tensor argmax(const Tensor& x, std::optional<int> axis, bool keepdims) {
  return extreme_index("argmax", false, x, axis, keepdims);
}

Tensor argmin(const Tensor& x, std::optional<int> axis, bool keepdims) {
  return extreme_index("argmin", true, x, axis, keepdims);
}

Tensor searchsorted(const Tensor& x, const Tensor& values, bool right, const Tensor* sorter) {
  const char* name = "searchsorted";
  std::vector<const Tensor*> inputs{&x, &values};
  if (sorter) inputs.push_back(sorter);
  check_inputs(name, inputs);
  for (const Tensor* input : inputs) check_unpacked(name, *input);
  if (x.rank() != 1) fail(ErrorCode::shape_mismatch, name, "{} is searched: one dimension expected", describe(x));
  const DType dtype = promote_types(x.dtype(), values.dtype());
  const Tensor sorted = astype(x, dtype), wanted = astype(values, dtype);
  const Tensor out = Tensor::empty(values.shape(), DType::i64, x.device());
  if (!sorter) {
    if (out.numel() > 0) dispatch(Op::searchsorted, {&sorted, &wanted}, {&out}, SearchParams{right});
    return out;
  }
  if (!is_integer(sorter->dtype()))
    fail(ErrorCode::dtype_mismatch, name, "sorter is {}: integers expected", describe(*sorter));
  if (sorter->shape() != x.shape())
    fail(ErrorCode::shape_mismatch, name, "sorter is {} for {}", describe(*sorter), describe(x));
  const Tensor places = astype(*sorter, DType::i64);
  if (x.numel() > 0) {
    const double low = min(places).item(), high = max(places).item();
    if (low < 0 || high >= static_cast<double>(x.numel()))
      fail(ErrorCode::out_of_range, name, "sorter has places {} … {} for {}", low, high, describe(x));
  }
  if (out.numel() > 0) dispatch(Op::searchsorted, {&sorted, &wanted, &places}, {&out}, SearchParams{right});
  return out;
}

}  // namespace ingot
