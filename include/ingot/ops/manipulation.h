// Moving, joining and repeating elements.
//
// Sources of the definitions: the array API standard 2024.12, and NumPy 2 for what it does not have (moveaxis, pad,
// repeat by counts, split). Where a result is said to be a view it shares its elements with the argument. Encoded
// tensors can be viewed along their outer dimensions; functions that copy decode them.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ingot/ops/operand.h"

namespace [[gnu::visibility("default")]] ingot {

/// x itself if it is row-major, aligned and plain, else a copy.
Tensor contiguous(const Tensor& x);
/// A view where strides allow, else a copy. One size may be −1. Throws for an encoded tensor that has no such view.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Writes `source`, broadcast and converted, into `target`; they must not overlap.
void copy_(const Tensor& target, const Tensor& source);

/// A view whose axis i is axis axes[i] of x. Throws invalid_argument unless every axis occurs once.
Tensor permute_dims(const Tensor& x, const Shape& axes);
/// A view (…, n, m) of x (…, m, n). Throws shape_mismatch below rank 2.
Tensor matrix_transpose(const Tensor& x);
/// A view without `axes`. Throws shape_mismatch where one has not size 1.
Tensor squeeze(const Tensor& x, const Shape& axes);
/// A view with a new axis of size 1 in front of axis `axis`; −1 puts it last.
Tensor expand_dims(const Tensor& x, int axis = 0);
/// A read-only-by-nature view (stride 0 where it stretches) of `shape`. Throws shape_mismatch.
Tensor broadcast_to(const Tensor& x, const Shape& shape);
/// Views of one shape. Throws shape_mismatch.
std::vector<Tensor> broadcast_arrays(std::span<const Tensor> tensors);
/// A view with the axes of `source` at the places of `destination` and the others in order around them. NumPy.
Tensor moveaxis(const Tensor& x, const Shape& source, const Shape& destination);
/// A view, reversed along `axes` (none: all).
Tensor flip(const Tensor& x, const std::optional<Shape>& axes = {});

/// Element i along axes[k] goes to (i + shifts[k]) mod size; an axis may occur several times. One shift serves all
/// axes. Without axes x is rolled as if flat.
Tensor roll(const Tensor& x, std::span<const std::int64_t> shifts, const std::optional<Shape>& axes = {});
/// Joined along `axis`; the other sizes must agree; the promoted dtype. Without an axis all are flattened first.
Tensor concat(std::span<const Tensor> tensors, std::optional<int> axis = 0);
/// Joined along a new axis; the shapes must agree; the promoted dtype.
Tensor stack(std::span<const Tensor> tensors, int axis = 0);
/// Views x[…, i, …] for every i along `axis`.
std::vector<Tensor> unstack(const Tensor& x, int axis = 0);
/// Views: `sections` equal parts along `axis`. Throws shape_mismatch where the size is no multiple.
std::vector<Tensor> split(const Tensor& x, std::int64_t sections, int axis = 0);
/// Views: cut in front of each of `indices`, which are clamped as a slice's.
std::vector<Tensor> split(const Tensor& x, std::span<const std::int64_t> indices, int axis = 0);

/// x repetitions[i] times along axis i; the shorter of x's shape and `repetitions` is filled with ones at the left.
Tensor tile(const Tensor& x, const Shape& repetitions);
/// Every element `count` times in a row along `axis`, or of the flattened x.
Tensor repeat(const Tensor& x, std::int64_t count, std::optional<int> axis = {});
/// Element i counts[i] times. `counts`: integers ≥ 0 of shape (size of the axis), or one for all.
Tensor repeat(const Tensor& x, const Tensor& counts, std::optional<int> axis = {});

/// How many elements go in front of an axis and behind it.
struct PadWidth {
  std::int64_t before = 0, after = 0;
};
enum class PadMode : std::uint8_t {
  constant,   // a given value
  edge,       // the nearest element:            a a [a b c] c c
  reflect,    // mirrored at the last element:   c b [a b c] b a
  symmetric,  // mirrored behind it:             b a [a b c] c b
  wrap,       // periodic:                       b c [a b c] a b
};
/// x with `widths` (one, or one for each axis) around it. Modes but `constant` throw invalid_argument where an axis
/// without elements should grow. NumPy.
Tensor pad(const Tensor& x, std::span<const PadWidth> widths, PadMode mode = PadMode::constant,
           const Scalar& value = 0);

}  // namespace ingot
