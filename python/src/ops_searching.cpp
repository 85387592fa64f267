// Searching.
#include <nanobind/stl/optional.h>

#include <optional>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {

void bind_searching(nb::module_& m) {
  m.def(
      "argmax",
      [](const Tensor& x, std::optional<int> axis, bool keepdims) {
        return released([&] {
          if (axis) return argmax(x, *axis, keepdims);
          const Tensor index = argmax(reshape(x, {-1}), 0, keepdims);
          return keepdims ? index.view(Shape::filled(x.rank(), 1)) : index;
        });
      },
      "x"_a, nb::kw_only(), "axis"_a = nb::none(), "keepdims"_a = false,
      R"(The index (int64) of the first largest element along `axis`, or of the flattened tensor; NaN counts as largest.

Raises ValueError for an empty dimension, IndexError for an axis out of range.

>>> import ingot
>>> ingot.argmax(ingot.asarray([[1, 5], [7, 2]]), axis=1).tolist()
[1, 0]
)");
}

}  // namespace ingot::python
