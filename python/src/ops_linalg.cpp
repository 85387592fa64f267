// Linear algebra: products.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include <string_view>
#include <vector>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

std::vector<int> to_axes(nb::handle source) {
  std::vector<int> axes;
  for (const std::int64_t axis : to_shape(source)) axes.push_back(static_cast<int>(axis));
  return axes;
}

// `axes`: how many, or two sequences of them.
Tensor contracted(const Tensor& a, const Tensor& b, const nb::object& axes) {
  if (PyIndex_Check(axes.ptr())) {
    const auto count = to_axes(axes)[0];
    return released([&] { return tensordot(a, b, count); });
  }
  if (!PySequence_Check(axes.ptr()) || nb::len(axes) != 2)
    throw nb::type_error("tensordot: axes is an int or two sequences of ints");
  const std::vector<int> of_a = to_axes(axes[0]), of_b = to_axes(axes[1]);
  return released([&] { return tensordot(a, b, of_a, of_b); });
}

Tensor summed(std::string_view subscripts, const nb::args& operands) {
  std::vector<Tensor> tensors(operands.size());
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (!nb::try_cast<Tensor>(operands[i], tensors[i])) throw nb::type_error("einsum: tensors expected");
  return released([&] { return einsum(subscripts, tensors); });
}

}  // namespace

void bind_linalg(nb::module_& m) {
  m.def("matmul", without_gil(&matmul), nb::arg(), nb::arg(),
        nb::sig("def matmul(x1: Tensor, x2: Tensor, /) -> Tensor"),
        R"((…, m, k) × (…, k, n) → (…, m, n) with broadcast batches; vectors as in NumPy.

The promoted dtype: float16 and bfloat16 sum in float32; two int8 give int32, their sums; other integers wrap; bool is
any(a and b). Raises ValueError where the shapes do not fit, TypeError for the packed and 8-bit float dtypes.

>>> import ingot
>>> ingot.matmul(ingot.asarray([[1.0, 2.0]]), ingot.asarray([[3.0], [4.0]])).tolist()
[[11.0]]
)");
  m.def("vecdot", without_gil(&vecdot), nb::arg(), nb::arg(), nb::kw_only(), "axis"_a = -1,
        nb::sig("def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor"),
        R"(Σ x1·x2 along `axis`, which both have; the other axes broadcast.

Dtypes and errors as matmul's.

>>> import ingot
>>> ingot.vecdot(ingot.asarray([[1, 2], [3, 4]]), ingot.asarray([10, 1])).tolist()
[12, 34]
)");
  m.def(
      "dot", without_gil(&dot), "x1"_a, "x2"_a,
      R"(NumPy's: a product with a number, Σ over the last axis of x1 and the last but one (of a vector the only) of x2.

Dtypes and errors as matmul's.

>>> import ingot
>>> ingot.dot(ingot.asarray([1, 2]), ingot.asarray([3, 4])).item()
11
)");
  m.def("outer", without_gil(&outer), nb::arg(), nb::arg(), nb::sig("def outer(x1: Tensor, x2: Tensor, /) -> Tensor"),
        R"(Vectors (n), (m) → (n, m): x1[i]·x2[j], in the promoted dtype.

Raises ValueError for other shapes.

>>> import ingot
>>> ingot.outer(ingot.asarray([1, 2]), ingot.asarray([3, 4])).tolist()
[[3, 4], [6, 8]]
)");
  m.def("tensordot", &contracted, nb::arg(), nb::arg(), nb::kw_only(), "axes"_a = nb::int_(2),
        nb::sig("def tensordot(x1: Tensor, x2: Tensor, /, *, axes: object = 2) -> Tensor"),
        R"(Σ over the last `axes` axes of x1 and the first of x2, or over pairs of axes named by two sequences.

The other axes of x1, then those of x2. Dtypes as matmul's. Raises ValueError where sizes differ or an axis is named
twice, IndexError for an axis out of range.

>>> import ingot
>>> x = ingot.asarray([[1, 2], [3, 4]])
>>> ingot.tensordot(x, x, axes=2).item(), ingot.tensordot(x, x, axes=([0], [0])).tolist()
(30, [[10, 14], [14, 20]])
)");
  m.def("einsum", &summed, "subscripts"_a, "operands"_a,
        R"(Sums of products as NumPy's subscripts say: "bij,bjk->bik", "ii", "...i,i".

Letters repeated in one operand take its diagonal; without "->" the result has the letters that occur once, sorted, after
the ellipsis. Operands are contracted from left to right. Dtypes as matmul's. Raises ValueError for subscripts that do
not fit.

>>> import ingot
>>> x = ingot.asarray([[1, 2], [3, 4]])
>>> ingot.einsum("ij,ij->i", x, x).tolist(), ingot.einsum("ii", x).item()
([5, 25], 5)
)");
  m.def("cross", without_gil(&cross), nb::arg(), nb::arg(), nb::kw_only(), "axis"_a = -1,
        nb::sig("def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor"),
        R"(The cross product of vectors of three along `axis`; the other axes broadcast.

Raises ValueError for other sizes.

>>> import ingot
>>> ingot.cross(ingot.asarray([1, 0, 0]), ingot.asarray([0, 1, 0])).tolist()
[0, 0, 1]
)");
  m.def("matrix_power", without_gil(&matrix_power), nb::arg(), nb::arg(),
        nb::sig("def matrix_power(x: Tensor, n: int, /) -> Tensor"),
        R"(Square matrices (…, k, k) multiplied with themselves n times; powers of the inverse for n < 0.

The identity for n = 0. Raises ValueError for other shapes, and where an inverse is needed of a singular matrix.

>>> import ingot
>>> ingot.matrix_power(ingot.asarray([[1, 1], [1, 0]]), 10).tolist()
[[89, 55], [55, 34]]
)");
  m.def(
      "diagonal",
      [](const Tensor& x, std::int64_t offset, int axis1, int axis2) { return diagonal(x, offset, axis1, axis2); },
      nb::arg(), nb::kw_only(), "offset"_a = 0, "axis1"_a = -2, "axis2"_a = -1,
      nb::sig("def diagonal(x: Tensor, /, *, offset: int = 0, axis1: int = -2, axis2: int = -1) -> Tensor"),
      R"(The elements [i, i + offset] (offset < 0: [i − offset, i]) of two axes, as the last axis of a view.

Any dtype from 8 bits on. Raises ValueError for fewer than two axes, IndexError for an axis out of range.

>>> import ingot
>>> ingot.diagonal(ingot.asarray([[1, 2], [3, 4]]), offset=1).tolist()
[2]
)");
  m.def(
      "trace",
      [](const Tensor& x, std::int64_t offset, std::optional<DType> dtype, int axis1, int axis2) {
        return released([&] { return trace(x, offset, dtype, axis1, axis2); });
      },
      nb::arg(), nb::kw_only(), "offset"_a = 0, "dtype"_a = nb::none(), "axis1"_a = -2, "axis2"_a = -1,
      nb::sig("def trace(x: Tensor, /, *, offset: int = 0, dtype: ingot._typing.DTypeLike | None = None, axis1: int = "
              "-2, axis2: int = -1) -> Tensor"),
      R"(The sum of the diagonal. Integers sum in int64, unsigned ones in uint64, unless `dtype` says otherwise.

Raises as diagonal does.

>>> import ingot
>>> ingot.trace(ingot.asarray([[1, 2], [3, 4]])).item()
5
)");
}

}  // namespace ingot::python
