// Elements by their place.
//
// Indices are integers of any dtype; negative ones count from the end. One outside its axis throws out_of_range naming
// it, the axis and the size, before anything is written.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "ingot/ops/operand.h"

namespace [[gnu::visibility("default")]] ingot {

/// start:stop:step of Python, with its defaults and its clamping. step ≠ 0.
struct Slice {
  std::optional<std::int64_t> start, stop;
  std::int64_t step = 1;
};
/// As many full slices as the other indices leave.
struct Ellipsis {};
/// A new axis of size 1.
struct NewAxis {};
/// One entry of x[…]. A tensor is one of integers, or a mask: bool of the shape of the axes it stands for.
using Index = std::variant<std::int64_t, Slice, Ellipsis, NewAxis, Tensor>;

/// x[indices] with NumPy's rules: a view where there are no tensors among the indices (0-d integers count as numbers),
/// else a copy. Index tensors broadcast together; their axes take the place of the indexed ones where these (and the
/// integers) stand side by side, else they come first. A mask is its nonzero().
/// Throws out_of_range, also for a mask that does not fit (one without elements does), and dtype_mismatch.
Tensor index(const Tensor& x, std::span<const Index> indices);
inline Tensor index(const Tensor& x, std::initializer_list<Index> indices) {
  return index(x, std::span(indices.begin(), indices.size()));
}
/// x[indices] = value, broadcast and converted. Of several values for one element the last stays.
void index_put_(const Tensor& x, std::span<const Index> indices, const Operand& value);
inline void index_put_(const Tensor& x, std::initializer_list<Index> indices, const Operand& value) {
  index_put_(x, std::span(indices.begin(), indices.size()), value);
}

/// x (…, n, …) at `indices` (any shape) along `axis` → (…, indices' shape, …); without an axis of the flattened x.
Tensor take(const Tensor& x, const Tensor& indices, std::optional<int> axis = {});
/// out[…, i, …] = x[…, indices[…, i, …], …]. x and `indices` have one rank and broadcast but for `axis`.
Tensor take_along_axis(const Tensor& x, const Tensor& indices, int axis = -1);
/// x[…, indices[…, i, …], …] = values[…, i, …]; `indices` broadcast to x but for `axis`, `values` to `indices`. NumPy.
void put_along_axis_(const Tensor& x, const Tensor& indices, const Operand& values, int axis);
/// take_along_axis without broadcasting: `indices` may be smaller than x along the other axes. PyTorch's gather.
Tensor gather(const Tensor& x, int axis, const Tensor& indices);

enum class ScatterMode : std::uint8_t {
  replace,  // the last of several values for one element stays
  add,      // values are added one by one in their row-major order, each sum rounded to x's dtype
};
/// x with values[…, i, …] put at, or added to, […, indices[…, i, …], …]. `indices` have x's rank and are no larger than
/// `values` in any axis and than x but for `axis`. Adding takes integers from 8 bits on, f16, bf16, f32, f64. PyTorch.
Tensor scatter(const Tensor& x, int axis, const Tensor& indices, const Operand& values,
               ScatterMode mode = ScatterMode::replace);
/// x with the slices of `values` along `axis` added to those at `indices` (1-D), one by one in order. PyTorch.
Tensor index_add(const Tensor& x, int axis, const Tensor& indices, const Tensor& values);

/// The places of elements other than 0 (NaN is one), in row-major order: i64 (count) for each axis of x.
/// Throws shape_mismatch for rank 0.
std::vector<Tensor> nonzero(const Tensor& x);

}  // namespace ingot
