// Linear algebra.
#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {

void bind_linalg(nb::module_& m) {
  m.def("matmul", without_gil(&matmul), "x1"_a, "x2"_a,
        R"((…, m, k) × (…, k, n) → (…, m, n) with broadcast batches; vectors as in NumPy.

Floating dtypes; float16 and bfloat16 accumulate in float32. Raises ValueError where the shapes do not fit, TypeError for
other dtypes.

>>> import ingot
>>> ingot.matmul(ingot.asarray([[1.0, 2.0]]), ingot.asarray([[3.0], [4.0]])).tolist()
[[11.0]]
)");
}

}  // namespace ingot::python
