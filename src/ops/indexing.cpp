// x[…] of NumPy: basic indices make views, tensors of indices become offsets for the kernels gather and scatter.
#include "ingot/ops/indexing.h"

#include <limits>

#include "ingot/ops/dtypes.h"
#include "ingot/ops/manipulation.h"
#include "ops/check.h"
#include "ops/gather.h"

namespace ingot {
namespace {

// What stands where in the view that the basic indices leave.
enum class Place {
  kept,      // an axis of x, perhaps sliced
  fresh,     // a new axis
  indexed,   // an axis of x with a tensor of indices
  vanished,  // no axis: an integer was here
  apart,     // no axis: an ellipsis was here, which separates what stands beside it even where it is empty
};

bool has_axis(Place place) { return place != Place::vanished && place != Place::apart; }

struct Entry {
  Place place;
  int axis = 0;  // of x
  Tensor indices;
};

bool is_mask(const Tensor& x) { return x.dtype() == DType::bool_; }

int axes_taken(const char* operation, const Index& index) {
  if (std::holds_alternative<std::int64_t>(index) || std::holds_alternative<Slice>(index)) return 1;
  const auto* tensor = std::get_if<Tensor>(&index);
  if (!tensor) return 0;
  check_inputs(operation, {tensor});
  check_plain(operation, *tensor);
  if (is_mask(*tensor)) return tensor->rank();
  if (!is_integer(tensor->dtype()))
    fail(ErrorCode::dtype_mismatch, operation, "an index of {}: integers or bool expected", describe(*tensor));
  return 1;
}

// An indexing expression with its ellipsis written out.
class Expression {
 public:
  Expression(const char* operation, const Tensor& x, std::span<const Index> indices)
      : operation_(operation), x_(x), view_(x) {
    int taken = 0, ellipses = 0;
    for (const Index& index : indices) {
      taken += axes_taken(operation, index);
      ellipses += std::holds_alternative<Ellipsis>(index);
    }
    if (taken > x.rank())
      fail(ErrorCode::out_of_range, operation, "indices for {} axes, {} has {}", taken, describe(x), x.rank());
    if (ellipses > 1) fail(ErrorCode::out_of_range, operation, "{} ellipses", ellipses);
    for (const Index& index : indices) {
      if (std::holds_alternative<Ellipsis>(index)) {
        entries_.push_back({Place::apart, axis_, {}});
        keep(x.rank() - taken);
      } else {
        std::visit([this](const auto& entry) { add(entry); }, index);
      }
    }
    keep(x.rank() - axis_);
  }

  bool has_tensors() const {
    for (const Entry& entry : entries_)
      if (entry.place == Place::indexed) return true;
    return false;
  }

  /// The result of basic indices; else what remains to be indexed, new axes in place.
  Tensor view() const {
    Tensor view = view_;
    int at = 0;
    for (const Entry& entry : entries_) {
      if (entry.place == Place::fresh) view = view.unsqueeze(at);
      at += has_axis(entry.place);
    }
    return view;
  }

  /// The tensors of indices as offsets into `view`, which has view()'s shape.
  Selection select(const Tensor& view) const {
    Selection result;
    Shape order, rest, broadcast;
    int at = 0, before = 0, runs = 0;
    bool inside = false;
    for (const Entry& entry : entries_) {
      const bool advanced = entry.place == Place::indexed || entry.place == Place::vanished;
      // NumPy counts integers as tensors here, and asks whether all stand side by side.
      if (advanced && !inside && ++runs == 1) before = rest.rank();
      inside = advanced;
      if (entry.place == Place::indexed) {
        order.push_back(at);
        broadcast = broadcast_shapes(broadcast, entry.indices.shape(), operation_);
        result.offsets = sum_of_offsets(
            result.offsets, offsets_of(operation_, entry.indices, entry.axis, view.shape()[at], view.strides()[at]));
      } else if (has_axis(entry.place)) {
        rest.push_back(view.shape()[at]);
      }
      at += has_axis(entry.place);
    }
    result.indexed = order.rank();
    at = 0;
    for (const Entry& entry : entries_) {
      if (entry.place == Place::kept || entry.place == Place::fresh) order.push_back(at);
      at += has_axis(entry.place);
    }
    result.view = view.permute(order);
    result.lead = runs == 1 ? before : 0;
    result.broadcast = broadcast;
    result.rest = rest;
    return result;
  }

 private:
  void keep(int count) {
    for (; count > 0; --count) {
      entries_.push_back({Place::kept, axis_++, {}});
      ++at_;
    }
  }
  void add(std::int64_t index) {
    const std::int64_t n = x_.shape()[axis_];
    if (index < -n || index >= n) fail_index(operation_, index, axis_, n);
    view_ = view_.select(at_, index);
    entries_.push_back({Place::vanished, axis_++, {}});
  }
  void add(const Slice& slice) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (slice.step == 0) fail(ErrorCode::invalid_argument, operation_, "a slice of step 0");
    const bool up = slice.step > 0;
    view_ = view_.slice(at_, slice.start.value_or(up ? 0 : Limits::max()),
                        slice.stop.value_or(up ? Limits::max() : Limits::min()), slice.step);
    keep(1);
  }
  void add(Ellipsis) {}
  void add(NewAxis) { entries_.push_back({Place::fresh, axis_, {}}); }
  void add(const Tensor& tensor) {
    if (is_mask(tensor)) return add_mask(tensor);
    // u64 may not fit the number.
    if (tensor.rank() == 0 && tensor.dtype() != DType::u64)
      return add(*contiguous(astype(tensor, DType::i64)).data<std::int64_t>());
    entries_.push_back({Place::indexed, axis_++, tensor});
    ++at_;
  }
  void add_mask(const Tensor& mask) {
    for (int i = 0; i < mask.rank(); ++i)
      if (mask.shape()[i] != x_.shape()[axis_ + i] && mask.shape()[i] != 0)  // no elements pick none, as in NumPy
        fail(ErrorCode::out_of_range, operation_, "a mask of {} for {} from axis {} on", describe(mask), describe(x_),
             axis_);
    if (mask.rank() == 0) {
      // True is one row of everything, False is none: an index for an axis of size 1 that is made for it.
      view_ = view_.unsqueeze(at_);
      const bool row = *contiguous(mask).data<bool>();
      entries_.push_back({Place::indexed, axis_, Tensor::zeros(Shape{row}, DType::i64)});
      ++at_;
      return;
    }
    for (const Tensor& places : nonzero(mask)) {
      entries_.push_back({Place::indexed, axis_++, places});
      ++at_;
    }
  }

  const char* operation_;
  const Tensor& x_;
  Tensor view_;
  int axis_ = 0, at_ = 0;  // next axis of x, of view_
  std::vector<Entry> entries_;
};

}  // namespace

Tensor index(const Tensor& x, std::span<const Index> indices) {
  check_inputs("index", {&x});
  const Expression expression("index", x, indices);
  if (!expression.has_tensors()) return expression.view();
  const Tensor view = gatherable(expression.view());
  return astype(gathered(expression.select(view)), x.dtype());
}

void index_put_(const Tensor& x, std::span<const Index> indices, const Operand& value) {
  const char* name = "index_put_";
  check_inputs(name, {&x});
  check_plain(name, x);
  const Expression expression(name, x, indices);
  check_writable(name, x);
  const Tensor view = expression.view();
  if (expression.has_tensors())
    return scattered(name, view, value, false, [&](const Tensor& target) { return expression.select(target); });
  copy_(view, fitting(name, value, view, view.shape()));
}

}  // namespace ingot
