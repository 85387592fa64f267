// Elements by their place.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string_view>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {

void bind_index_functions(nb::module_& m) {
  m.def(
      "take", without_gil(&take), nb::arg(), nb::arg(), nb::kw_only(), "axis"_a = nb::none(),
      nb::sig("def take(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor"),
      R"(x (..., n, ...) at `indices` (integers, any shape) along `axis`, which they replace; flattened without `axis`.

Raises IndexError for an index outside -n ... n - 1.

>>> import ingot
>>> ingot.take(ingot.asarray([[1, 2, 3], [4, 5, 6]]), ingot.asarray([2, 0]), axis=1).tolist()
[[3, 1], [6, 4]]
)");
  m.def("take_along_axis", without_gil(&take_along_axis), nb::arg(), nb::arg(), nb::kw_only(), "axis"_a = -1,
        nb::sig("def take_along_axis(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor"),
        R"(x[..., indices[..., i, ...], ...]: one element for each index. Both broadcast but for `axis`.

Raises IndexError for an index out of range, ValueError where the ranks differ.

>>> import ingot
>>> ingot.take_along_axis(ingot.asarray([[1, 2], [3, 4]]), ingot.asarray([[1], [0]])).tolist()
[[2], [3]]
)");
  m.def(
      "put_along_axis_",
      [](const Tensor& x, const Tensor& indices, const Operand& values, int axis) {
        released([&] { put_along_axis_(x, indices, values, axis); });
      },
      "x"_a, "indices"_a, "values"_a, "axis"_a,
      R"(Writes x[..., indices[..., i, ...], ...] = values[..., i, ...]. Nothing is written where an index is out of range.

>>> import ingot
>>> x = ingot.zeros((2, 2))
>>> ingot.put_along_axis_(x, ingot.asarray([[1], [0]]), 5, 1)
>>> x.tolist()
[[0.0, 5.0], [5.0, 0.0]]
)");
  m.def("gather", without_gil(&gather), "x"_a, "axis"_a, "indices"_a,
        R"(take_along_axis without broadcasting: `indices` may be smaller than x along the other dimensions. PyTorch's.

>>> import ingot
>>> ingot.gather(ingot.asarray([[1, 2], [3, 4]]), 1, ingot.asarray([[1, 1, 0]])).tolist()
[[2, 2, 1]]
)");
  m.def(
      "scatter",
      [](const Tensor& x, int axis, const Tensor& indices, const Operand& values, std::string_view mode) {
        if (mode != "replace" && mode != "add")
          throw Error(ErrorCode::invalid_argument, "scatter",
                      "mode is 'replace' or 'add', not '" + std::string(mode) + "'");
        const ScatterMode which = mode == "add" ? ScatterMode::add : ScatterMode::replace;
        return released([&] { return scatter(x, axis, indices, values, which); });
      },
      "x"_a, "axis"_a, "indices"_a, "values"_a, nb::kw_only(), "mode"_a = "replace",
      R"(x with values put at, or added to, [..., indices[..., i, ...], ...]. PyTorch's.

Of several values for one element the last stays ('replace'), or all are added in order ('add').

>>> import ingot
>>> ingot.scatter(ingot.zeros((3,)), 0, ingot.asarray([2, 2, 0]), ingot.asarray([1.0, 2.0, 3.0]), mode="add").tolist()
[3.0, 0.0, 3.0]
)");
  m.def("index_add", without_gil(&index_add), "x"_a, "axis"_a, "indices"_a, "values"_a,
        R"(x with the slices of `values` along `axis` added to those at `indices` (one dimension), in order. PyTorch's.

>>> import ingot
>>> ingot.index_add(ingot.zeros((2, 2)), 0, ingot.asarray([1, 1]), ingot.ones((2, 2))).tolist()
[[0.0, 0.0], [2.0, 2.0]]
)");
  m.def(
      "nonzero", [](const Tensor& x) { return nb::tuple(nb::cast(released([&] { return nonzero(x); }))); }, nb::arg(),
      nb::sig("def nonzero(x: Tensor, /) -> tuple[Tensor, ...]"),
      R"(The places of elements other than 0, in row-major order: an int64 tensor for each dimension.

Raises ValueError for a tensor without dimensions.

>>> import ingot
>>> [i.tolist() for i in ingot.nonzero(ingot.asarray([[0, 7], [8, 0]]))]
[[0, 1], [1, 0]]
)");
}

}  // namespace ingot::python
