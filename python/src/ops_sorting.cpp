// Sorting.
#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"
#include "results.h"

namespace ingot::python {

void bind_sorting(nb::module_& m) {
  m.def("sort", without_gil(&sort), nb::arg(), nb::kw_only(), "axis"_a = -1, "descending"_a = false, "stable"_a = true,
        nb::sig("def sort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor"),
        R"(x sorted along `axis`. NaN counts as largest: last when ascending, first when descending.

Any shape, any dtype from 8 bits on. Every sort is stable. Raises IndexError for an axis out of range, TypeError for int4,
int2 and quantized tensors.

>>> import ingot
>>> ingot.sort(ingot.asarray([[3, 1, 2]]), descending=True).tolist()
[[3, 2, 1]]
)");
  m.def(
      "argsort", without_gil(&argsort), nb::arg(), nb::kw_only(), "axis"_a = -1, "descending"_a = false,
      "stable"_a = true,
      nb::sig("def argsort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor"),
      R"(The indices (int64, x's shape) along `axis` that sort x; equal elements keep their order, descending too.

Dtypes and errors are those of sort.

>>> import ingot
>>> ingot.argsort(ingot.asarray([3, 1, 2, 1])).tolist()
[1, 3, 2, 0]
)");
  m.def(
      "topk",
      [](const Tensor& x, std::int64_t k, int axis, bool largest) {
        const TopK found = released([&] { return topk(x, k, axis, largest); });
        return named("TopK", found.values, found.indices);
      },
      "x"_a, "k"_a, nb::kw_only(), "axis"_a = -1, "largest"_a = true,
      nb::sig("def topk(x: Tensor, k: int, *, axis: int = -1, largest: bool = True) -> ingot._results.TopK"),
      R"(The k largest elements (or smallest) along `axis` in order, and their indices (int64): (values, indices).

The first of equal elements comes first; NaN counts as largest. Raises ValueError unless 0 ≤ k ≤ size of the axis, and as
sort does.

>>> import ingot
>>> values, indices = ingot.topk(ingot.asarray([3, 1, 4, 1, 5]), 2)
>>> values.tolist(), indices.tolist()
([5, 4], [4, 2])
)");
}

}  // namespace ingot::python
