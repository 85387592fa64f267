// Searching.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include <optional>
#include <string>
#include <string_view>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

Tensor searched(const Tensor& x1, const Tensor& x2, std::string_view side, std::optional<Tensor> sorter) {
  if (side != "left" && side != "right")
    throw Error(ErrorCode::invalid_argument, "searchsorted",
                "side is 'left' or 'right', found '" + std::string(side) + "'");
  return released([&] { return searchsorted(x1, x2, side == "right", sorter ? &*sorter : nullptr); });
}

}  // namespace

void bind_searching(nb::module_& m) {
  m.def(
      "argmax", without_gil(&argmax), nb::arg(), nb::kw_only(), "axis"_a = nb::none(), "keepdims"_a = false,
      nb::sig("def argmax(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor"),
      R"(The index (int64) of the first largest element along `axis`, or of the flattened tensor; NaN counts as largest.

x: any shape, any dtype from 8 bits on. `axis` disappears, or stays with size 1. Raises ValueError for no elements,
IndexError for an axis out of range, TypeError for int4, int2 and quantized tensors.

>>> import ingot
>>> ingot.argmax(ingot.asarray([[1, 5], [7, 2]]), axis=1).tolist()
[1, 0]
)");
  m.def(
      "argmin", without_gil(&argmin), nb::arg(), nb::kw_only(), "axis"_a = nb::none(), "keepdims"_a = false,
      nb::sig("def argmin(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor"),
      R"(The index (int64) of the first smallest element along `axis`, or of the flattened tensor, or of the first NaN.

Shapes, dtypes and errors are those of argmax.

>>> import ingot
>>> ingot.argmin(ingot.asarray([[1, 5], [7, 2]]), axis=1).tolist()
[0, 1]
)");
  m.def(
      "searchsorted", &searched, nb::arg(), nb::arg(), nb::kw_only(), "side"_a = "left", "sorter"_a = nb::none(),
      nb::sig(
          "def searchsorted(x1: Tensor, x2: Tensor, /, *, side: str = 'left', sorter: Tensor | None = None) -> Tensor"),
      R"(Where each element of x2 would be inserted to keep x1 sorted → int64, x2's shape.

x1: (n), ascending, or ascending when taken at `sorter` (integers, (n)); NaN counts as largest. `side`: 'left' of the
elements that equal it, or 'right'. Compared in the promoted dtype, from 8 bits on. Raises ValueError for other shapes and
sides, IndexError for a place in `sorter` that x1 has not.

>>> import ingot
>>> ingot.searchsorted(ingot.asarray([1, 3, 3, 5]), ingot.asarray([3, 6]), side="right").tolist()
[3, 4]
)");
}

}  // namespace ingot::python
