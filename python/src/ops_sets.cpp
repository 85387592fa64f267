// Sets.
#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"
#include "results.h"

namespace ingot::python {
void bind_sets(nb::module_& m) {
  m.def(
      "unique_all",
      [](const Tensor& x) {
        const UniqueAll all = released([&] { return unique_all(x); });
        return named("UniqueAll", all.values, all.indices, all.inverse_indices, all.counts);
      },
      nb::arg(), nb::sig("def unique_all(x: Tensor, /) -> ingot._results.UniqueAll"),
      R"(The different elements of x in ascending order, with where and how often: (values, indices, inverse_indices, counts).

values (n), x's dtype; indices (n), int64: first occurrences in the flattened x; inverse_indices, int64, x's shape: where
in values each element is; counts (n), int64. Every NaN is an element of its own, −0 is 0. Any dtype from 8 bits on;
raises TypeError for others.

>>> import ingot
>>> result = ingot.unique_all(ingot.asarray([3, 1, 3]))
>>> result.values.tolist(), result.indices.tolist(), result.inverse_indices.tolist(), result.counts.tolist()
([1, 3], [1, 0], [1, 0, 1], [1, 2])
)");
  m.def(
      "unique_counts",
      [](const Tensor& x) {
        const UniqueCounts found = released([&] { return unique_counts(x); });
        return named("UniqueCounts", found.values, found.counts);
      },
      nb::arg(), nb::sig("def unique_counts(x: Tensor, /) -> ingot._results.UniqueCounts"),
      R"(The different elements of x in ascending order and how often each occurs: (values, counts), as unique_all.

>>> import ingot
>>> ingot.unique_counts(ingot.asarray([3, 1, 3])).counts.tolist()
[1, 2]
)");
  m.def(
      "unique_inverse",
      [](const Tensor& x) {
        const UniqueInverse found = released([&] { return unique_inverse(x); });
        return named("UniqueInverse", found.values, found.inverse_indices);
      },
      nb::arg(), nb::sig("def unique_inverse(x: Tensor, /) -> ingot._results.UniqueInverse"),
      R"(The different elements of x in ascending order and where each of x's is: (values, inverse_indices), as unique_all.

>>> import ingot
>>> ingot.unique_inverse(ingot.asarray([3, 1, 3])).inverse_indices.tolist()
[1, 0, 1]
)");
  m.def("unique_values", without_gil(&unique_values), nb::arg(), nb::sig("def unique_values(x: Tensor, /) -> Tensor"),
        R"(The different elements of x in ascending order: values (n) of x's dtype, as unique_all.

>>> import ingot
>>> ingot.unique_values(ingot.asarray([[3, 1], [3, 2]])).tolist()
[1, 2, 3]
)");
}

}  // namespace ingot::python
