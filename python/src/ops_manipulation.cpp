// Moving, joining and repeating elements.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

using Axes = std::optional<Shape>;

Tensor reshaped(const Tensor& x, const Shape& shape, std::optional<bool> copy) {
  if (copy == false) return x.view(shape);
  return released([&] {
    const Tensor result = reshape(x, shape);
    return copy == true && result.same_storage(x) ? astype(result, result.dtype(), true) : result;
  });
}

std::vector<Tensor> tensors_of(const nb::args& arrays) {
  std::vector<Tensor> tensors;
  for (const nb::handle array : arrays) tensors.push_back(nb::cast<Tensor>(array));
  return tensors;
}

std::vector<Tensor> parts(const Tensor& x, nb::handle where, int axis) {
  if (PyLong_Check(where.ptr())) return split(x, nb::cast<std::int64_t>(where), axis);
  return split(x, nb::cast<std::vector<std::int64_t>>(where), axis);
}

Tensor repeated(const Tensor& x, nb::handle repeats, std::optional<int> axis) {
  if (PyLong_Check(repeats.ptr())) {
    const auto count = nb::cast<std::int64_t>(repeats);
    return released([&] { return repeat(x, count, axis); });
  }
  const auto counts = nb::cast<Tensor>(repeats);
  return released([&] { return repeat(x, counts, axis); });
}

// NumPy's pad_width: n, (before, after), ((before, after),) or one pair for each dimension.
std::vector<PadWidth> pad_widths(nb::handle source) {
  if (PyIndex_Check(source.ptr()) && !PySequence_Check(source.ptr())) {
    const auto n = nb::cast<std::int64_t>(source);
    return {{n, n}};
  }
  if (!PySequence_Check(source.ptr()) || nb::len(source) == 0)
    raise(PyExc_TypeError, "pad: widths as n, (before, after) or a pair for each dimension expected, found %R",
          source.ptr());
  const auto pair = [](nb::handle item) {
    const Shape both = to_shape(item);
    if (both.rank() < 1 || both.rank() > 2)
      raise(PyExc_ValueError, "pad: (before, after) expected, found %R", item.ptr());
    return PadWidth{both[0], both.back()};
  };
  if (!PySequence_Check(source[0].ptr())) return {pair(source)};
  std::vector<PadWidth> widths;
  for (const nb::handle item : source) widths.push_back(pair(item));
  return widths;
}

PadMode pad_mode(std::string_view name) {
  constexpr std::array<std::string_view, 5> names{"constant", "edge", "reflect", "symmetric", "wrap"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<PadMode>(i);
  throw Error(ErrorCode::invalid_argument, "pad", "no mode is called '" + std::string(name) + "'");
}

Tensor padded(const Tensor& x, nb::handle width, std::string_view mode, const Operand& value) {
  if (value.is_tensor()) throw Error(ErrorCode::dtype_mismatch, "pad", "constant_values: a number expected");
  const std::vector<PadWidth> widths = pad_widths(width);
  return released([&] { return pad(x, widths, pad_mode(mode), value.scalar()); });
}

void bind_views(nb::module_& m) {
  m.def("permute_dims", &permute_dims, nb::arg(), "axes"_a,
        nb::sig("def permute_dims(x: Tensor, /, axes: ingot._typing.ShapeLike) -> Tensor"),
        R"(A view whose dimension i is dimension axes[i] of x.

Raises ValueError unless every dimension occurs once.

>>> import ingot
>>> ingot.permute_dims(ingot.zeros((2, 3, 4)), (2, 0, 1)).shape
(4, 2, 3)
)");
  m.def("matrix_transpose", &matrix_transpose, nb::arg(), nb::sig("def matrix_transpose(x: Tensor, /) -> Tensor"),
        R"(A view (..., n, m) of x (..., m, n).

Raises ValueError below two dimensions.

>>> import ingot
>>> ingot.matrix_transpose(ingot.zeros((2, 3, 4))).shape
(2, 4, 3)
)");
  m.def(
      "squeeze", [](const Tensor& x, const Shape& axis) { return squeeze(x, axis); }, nb::arg(), "axis"_a,
      nb::sig("def squeeze(x: Tensor, /, axis: ingot._typing.ShapeLike) -> Tensor"),
      R"(A view without the dimensions `axis` (an int or several).

Raises ValueError where one has not size 1.

>>> import ingot
>>> ingot.squeeze(ingot.zeros((1, 3, 1)), (0, 2)).shape
(3,)
)");
  m.def("expand_dims", &expand_dims, nb::arg(), "axis"_a = 0,
        nb::sig("def expand_dims(x: Tensor, /, axis: int = 0) -> Tensor"),
        R"(A view with a dimension of size 1 in front of dimension `axis`; -1 puts it last.

>>> import ingot
>>> ingot.expand_dims(ingot.zeros((2, 3)), axis=1).shape
(2, 1, 3)
)");
  m.def("broadcast_to", &broadcast_to, nb::arg(), "shape"_a,
        nb::sig("def broadcast_to(x: Tensor, /, shape: ingot._typing.ShapeLike) -> Tensor"),
        R"(A view of `shape`, with stride 0 where a dimension stretches. Raises ValueError where x does not fit.

>>> import ingot
>>> ingot.broadcast_to(ingot.asarray([1, 2]), (2, 2)).tolist()
[[1, 2], [1, 2]]
)");
  m.def(
      "broadcast_arrays", [](const nb::args& arrays) { return broadcast_arrays(tensors_of(arrays)); }, "arrays"_a,
      nb::sig("def broadcast_arrays(*arrays: Tensor) -> list[Tensor]"),
      R"(Views of one shape, to which all tensors stretch. Raises ValueError where there is none.

>>> import ingot
>>> [x.shape for x in ingot.broadcast_arrays(ingot.zeros((2, 1)), ingot.zeros((3,)))]
[(2, 3), (2, 3)]
)");
  m.def("moveaxis", &moveaxis, nb::arg(), nb::arg(), nb::arg(),
        nb::sig("def moveaxis(x: Tensor, source: ingot._typing.ShapeLike, destination: ingot._typing.ShapeLike, /) -> "
                "Tensor"),
        R"(A view with the dimensions `source` (an int or several) at `destination`, the others in order around them.

>>> import ingot
>>> ingot.moveaxis(ingot.zeros((2, 3, 4)), 0, -1).shape
(3, 4, 2)
)");
  m.def(
      "flip", [](const Tensor& x, const Axes& axis) { return flip(x, axis); }, nb::arg(), nb::kw_only(),
      "axis"_a = nb::none(),
      nb::sig("def flip(x: Tensor, /, *, axis: ingot._typing.ShapeLike | None = None) -> Tensor"),
      R"(A view, reversed along `axis` (an int, several, or None for all).

>>> import ingot
>>> ingot.flip(ingot.asarray([[1, 2], [3, 4]]), axis=1).tolist()
[[2, 1], [4, 3]]
)");
  m.def(
      "unstack", [](const Tensor& x, int axis) { return nb::tuple(nb::cast(unstack(x, axis))); }, nb::arg(),
      nb::kw_only(), "axis"_a = 0, nb::sig("def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]"),
      R"(Views x[..., i, ...] for every i along `axis`.

>>> import ingot
>>> [x.tolist() for x in ingot.unstack(ingot.asarray([[1, 2], [3, 4]]), axis=1)]
[[1, 3], [2, 4]]
)");
  m.def("split", &parts, "x"_a, "indices_or_sections"_a, "axis"_a = 0,
        R"(Views: equal parts along `axis`, or parts cut in front of each of several indices, clamped as in a slice.

Raises ValueError where the size is no multiple of the number of sections.

>>> import ingot
>>> [x.tolist() for x in ingot.split(ingot.arange(6), [1, 4])]
[[0], [1, 2, 3], [4, 5]]
)");
}

}  // namespace

void bind_manipulation(nb::module_& m) {
  bind_views(m);
  m.def("contiguous", without_gil(&contiguous), "x"_a, R"(x itself if it is row-major, aligned and plain, else a copy.

>>> import ingot
>>> ingot.contiguous(ingot.zeros((2, 3)).T).strides
(2, 1)
)");
  m.def("reshape", &reshaped, nb::arg(), "shape"_a, nb::kw_only(), "copy"_a = nb::none(),
        nb::sig("def reshape(x: Tensor, /, shape: ingot._typing.ShapeLike, *, copy: bool | None = None) -> Tensor"),
        R"(The elements in another shape, of which one size may be -1: a view where strides allow, else a copy.

`copy` forces (True) or forbids (False) the copy. Raises ValueError where the counts differ or a forbidden copy is needed.

>>> import ingot
>>> ingot.reshape(ingot.asarray([[1, 2], [3, 4]]).T, (-1,)).tolist()
[1, 3, 2, 4]
)");
  m.def(
      "concat",
      [](const std::vector<Tensor>& arrays, std::optional<int> axis) {
        return released([&] { return concat(arrays, axis); });
      },
      nb::arg(), nb::kw_only(), "axis"_a.none() = 0,
      nb::sig("def concat(arrays: Sequence[Tensor], /, *, axis: int | None = 0) -> Tensor"),
      R"(Tensors joined along `axis`, in their promoted dtype; flattened first where `axis` is None.

Raises ValueError where the other sizes differ.

>>> import ingot
>>> ingot.concat([ingot.asarray([1, 2]), ingot.asarray([3])]).tolist()
[1, 2, 3]
)");
  m.def(
      "stack",
      [](const std::vector<Tensor>& arrays, int axis) { return released([&] { return stack(arrays, axis); }); },
      nb::arg(), nb::kw_only(), "axis"_a = 0,
      nb::sig("def stack(arrays: Sequence[Tensor], /, *, axis: int = 0) -> Tensor"),
      R"(Tensors of one shape joined along a new dimension, in their promoted dtype. Raises ValueError for other shapes.

>>> import ingot
>>> ingot.stack([ingot.asarray([1, 2]), ingot.asarray([3, 4])], axis=1).tolist()
[[1, 3], [2, 4]]
)");
  m.def(
      "roll",
      [](const Tensor& x, const Shape& shift, const Axes& axis) {
        return released([&] { return roll(x, std::span(shift.begin(), shift.end()), axis); });
      },
      nb::arg(), "shift"_a, nb::kw_only(), "axis"_a = nb::none(),
      nb::sig("def roll(x: Tensor, /, shift: ingot._typing.ShapeLike, *, axis: ingot._typing.ShapeLike | None = None) "
              "-> Tensor"),
      R"(Elements moved by `shift` along `axis` (an int each, or several), round at the ends; as if flat without `axis`.

>>> import ingot
>>> ingot.roll(ingot.arange(5), 2).tolist()
[3, 4, 0, 1, 2]
)");
  m.def(
      "tile", without_gil(&tile), nb::arg(), nb::arg(),
      nb::sig("def tile(x: Tensor, repetitions: ingot._typing.ShapeLike, /) -> Tensor"),
      R"(x `repetitions[i]` times along dimension i; the shorter of shape and repetitions is filled with ones in front.

>>> import ingot
>>> ingot.tile(ingot.asarray([1, 2]), (2, 2)).tolist()
[[1, 2, 1, 2], [1, 2, 1, 2]]
)");
  m.def("repeat", &repeated, nb::arg(), nb::arg(), nb::kw_only(), "axis"_a = nb::none(),
        nb::sig("def repeat(x: Tensor, repeats: object, /, *, axis: int | None = None) -> Tensor"),
        R"(Every element several times in a row along `axis`, or of the flattened tensor.

`repeats` is a number, or a tensor with a number for each element. Raises ValueError for negative ones.

>>> import ingot
>>> ingot.repeat(ingot.asarray([7, 8]), ingot.asarray([1, 3])).tolist()
[7, 8, 8, 8]
)");
  m.def("pad", &padded, "x"_a, "pad_width"_a, "mode"_a = "constant", nb::kw_only(), "constant_values"_a = 0,
        R"(x with elements around it: n, (before, after), or a pair for each dimension. NumPy's pad.

Modes: constant, edge, reflect, symmetric, wrap. Raises ValueError where an empty dimension has nothing to extend.

>>> import ingot
>>> ingot.pad(ingot.arange(3), (1, 2), "reflect").tolist()
[1, 0, 1, 2, 1, 0]
)");
}

}  // namespace ingot::python
