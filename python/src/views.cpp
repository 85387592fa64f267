// Methods that give views: they share memory and never copy.
#include <limits>
#include <optional>

#include "bind.h"
#include "casters.h"
#include "ingot/tensor.h"

#include <nanobind/stl/optional.h>

namespace ingot::python {

void bind_views(nb::class_<Tensor>& cls) {
  cls.def(
         "slice",
         [](const Tensor& x, int axis, std::int64_t start, std::optional<std::int64_t> stop, std::int64_t step) {
           constexpr auto end = std::numeric_limits<std::int64_t>::max();
           return x.slice(axis, start, stop.value_or(step < 0 ? -end : end), step);
         },
         "axis"_a, "start"_a = 0, "stop"_a = nb::none(), "step"_a = 1,
         R"(x[..., start:stop:step, ...] along `axis`: a view, bounds clamped as Python clamps them.

Raises IndexError for an axis out of range and ValueError for step 0.

>>> import ingot
>>> ingot.asarray([0, 1, 2, 3, 4]).slice(0, 1, None, 2).tolist()
[1, 3]
)")
      .def("select", &Tensor::select, "axis"_a, "index"_a, R"(x[..., index, ...]: a view without `axis`.

Raises IndexError where the axis or the index is out of range.

>>> import ingot
>>> ingot.asarray([[1, 2], [3, 4]]).select(1, -1).tolist()
[2, 4]
)")
      .def("transpose", &Tensor::transpose, "axis0"_a, "axis1"_a, R"(Two dimensions exchanged: a view.

>>> import ingot
>>> ingot.zeros((2, 3, 4)).transpose(0, 2).shape
(4, 3, 2)
)")
      .def("permute", &Tensor::permute, "axes"_a, R"(The dimensions in the order of `axes`: a view.

Raises ValueError where `axes` is not a permutation.

>>> import ingot
>>> ingot.zeros((2, 3, 4)).permute((1, 2, 0)).shape
(3, 4, 2)
)")
      .def("view", &Tensor::view, "shape"_a, R"(The same elements in another shape, of which one size may be -1: a view.

Raises ValueError where the counts differ or the strides would need a copy (ingot.reshape makes one).

>>> import ingot
>>> ingot.zeros((2, 6)).view((3, -1)).shape
(3, 4)
)")
      .def("expand", &Tensor::expand, "shape"_a,
           R"(Broadcast to `shape`: a view with stride 0 where a dimension stretches.

>>> import ingot
>>> ingot.asarray([1, 2]).expand((2, 2)).tolist()
[[1, 2], [1, 2]]
)")
      .def("squeeze", &Tensor::squeeze, "axis"_a = nb::none(),
           R"(Without `axis`, which must have size 1, or without all of size 1: a view.

>>> import ingot
>>> ingot.zeros((1, 3, 1)).squeeze().shape
(3,)
)")
      .def("unsqueeze", &Tensor::unsqueeze, "axis"_a, R"(A dimension of size 1 inserted before `axis`: a view.

>>> import ingot
>>> ingot.zeros((3,)).unsqueeze(-1).shape
(3, 1)
)");
}

}  // namespace ingot::python
