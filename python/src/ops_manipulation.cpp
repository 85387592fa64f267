// Moving and joining elements.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <vector>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

Tensor reshaped(const Tensor& x, const Shape& shape, std::optional<bool> copy) {
  if (copy == false) return x.view(shape);
  return released([&] {
    const Tensor result = reshape(x, shape);
    return copy == true && result.same_storage(x) ? astype(result, result.dtype(), true) : result;
  });
}

}  // namespace

void bind_manipulation(nb::module_& m) {
  m.def("contiguous", without_gil(&contiguous), "x"_a, R"(x itself if it is row-major, aligned and plain, else a copy.

>>> import ingot
>>> ingot.contiguous(ingot.zeros((2, 3)).T).strides
(2, 1)
)");
  m.def("reshape", &reshaped, "x"_a, "shape"_a, nb::kw_only(), "copy"_a = nb::none(),
        R"(The elements in another shape, of which one size may be -1: a view where strides allow, else a copy.

`copy` forces (True) or forbids (False) the copy. Raises ValueError where the counts differ or a forbidden copy is needed.

>>> import ingot
>>> ingot.reshape(ingot.asarray([[1, 2], [3, 4]]).T, (-1,)).tolist()
[1, 3, 2, 4]
)");
  m.def(
      "concat",
      [](const std::vector<Tensor>& arrays, std::optional<int> axis) {
        return released([&] {
          if (axis) return concat(arrays, *axis);
          std::vector<Tensor> flat;
          for (const Tensor& x : arrays) flat.push_back(reshape(x, {-1}));
          return concat(flat);
        });
      },
      "arrays"_a, nb::kw_only(), "axis"_a.none() = 0,
      R"(Tensors joined along `axis`, in their promoted dtype; flattened first where `axis` is None.

Raises ValueError where the other sizes differ.

>>> import ingot
>>> ingot.concat([ingot.asarray([1, 2]), ingot.asarray([3])]).tolist()
[1, 2, 3]
)");
}

}  // namespace ingot::python
