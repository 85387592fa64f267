#include "ingot/ops/sorting.h"

#include "device/kernel_table.h"
#include "ops/check.h"
#include "ops/params.h"

namespace ingot {
namespace {

// x with at least one axis, and which one is meant.
struct Line {
  Tensor x;
  int axis;
  Line(const char* name, const Tensor& given, int given_axis) : x(given) {
    check_inputs(name, {&given});
    check_unpacked(name, given);
    // NumPy lets the functions of a 0-d array work on its only element along axis 0 or -1.
    axis = normalize_axis(given_axis, std::max(given.rank(), 1), name);
    if (given.rank() == 0) x = given.unsqueeze(0);
  }
};

TopK first_sorted(const Tensor& x, int axis, std::int64_t k, bool descending) {
  Shape shape = x.shape();
  shape[axis] = k;
  TopK found{Tensor::empty(shape, x.dtype(), x.device()), Tensor::empty(shape, DType::i64, x.device())};
  if (found.values.numel() > 0)
    dispatch(Op::argsort, {&x}, {&found.indices, &found.values}, SortParams{axis, descending});
  return found;
}

}  // namespace

Tensor sort(const Tensor& x, int axis, bool descending, bool /*stable*/) {
  const Line line("sort", x, axis);
  const Tensor out = Tensor::empty(line.x.shape(), x.dtype(), x.device());
  if (out.numel() > 0) dispatch(Op::sort, {&line.x}, {&out}, SortParams{line.axis, descending});
  return out.view(x.shape());
}

Tensor argsort(const Tensor& x, int axis, bool descending, bool /*stable*/) {
  const Line line("argsort", x, axis);
  const Tensor out = Tensor::empty(line.x.shape(), DType::i64, x.device());
  if (out.numel() > 0) dispatch(Op::argsort, {&line.x}, {&out}, SortParams{line.axis, descending});
  return out.view(x.shape());
}

TopK topk(const Tensor& x, std::int64_t k, int axis, bool largest) {
  const Line line("topk", x, axis);
  if (k < 0 || k > line.x.shape()[line.axis])
    fail(ErrorCode::invalid_argument, "topk", "k is {} for axis {} of {}", k, line.axis, describe(x));
  TopK found = first_sorted(line.x, line.axis, k, largest);
  if (x.rank() == 0 && k == 1) return {found.values.squeeze(0), found.indices.squeeze(0)};
  return found;
}

}  // namespace ingot
