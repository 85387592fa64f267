// What dtypes are and become.
#include <nanobind/stl/string_view.h>

#include <string_view>
#include <vector>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "ingot/ops.h"
#include "results.h"

namespace ingot::python {
namespace {

// A dtype, or that of a tensor.
DType dtype_of_either(nb::handle source) {
  const Tensor* tensor = nullptr;
  return nb::try_cast(source, tensor) && tensor ? tensor->dtype() : to_dtype(source);
}

bool is_kind(DType dtype, nb::handle kind) {
  if (PyTuple_Check(kind.ptr())) {
    bool found = false;
    for (const nb::handle part : kind) found |= is_kind(dtype, part);  // each is checked, found or not
    return found;
  }
  if (PyUnicode_Check(kind.ptr())) return isdtype(dtype, nb::cast<std::string_view>(kind));
  return dtype == to_dtype(kind);
}

DType promoted(const nb::args& sources) {
  std::vector<HeldOperand> held(sources.size());
  std::vector<const Operand*> operands;
  for (std::size_t i = 0; i < held.size(); ++i) {
    HeldOperand& x = held[i];
    if (PyType_Check(sources[i].ptr()) || !hold_operand(sources[i], x)) {
      x.array = Tensor::empty(Shape{}, to_dtype(sources[i]));
      x.operand = x.array;
    }
    operands.push_back(&x.operand);
  }
  return result_type(operands);
}

}  // namespace

void bind_dtype_functions(nb::module_& m) {
  m.def(
      "can_cast", [](nb::handle from, DType to) { return can_cast(dtype_of_either(from), to); }, nb::arg(), nb::arg(),
      nb::sig("def can_cast(from_: ingot._typing.DTypeLike | Tensor, to: ingot._typing.DTypeLike, /) -> bool"),
      R"(Whether promotion takes the dtype, or that of a tensor, to `to`: what an operation may do without being asked.

>>> import ingot
>>> ingot.can_cast(ingot.int32, ingot.int64), ingot.can_cast(ingot.float64, ingot.float32)
(True, False)
)");
  m.def(
      "finfo",
      [](nb::handle type) {
        const DType dtype = dtype_of_either(type);
        const FloatLimits x = finfo(dtype);
        return named("FloatLimits", x.bits, x.eps, x.max, x.min, x.smallest_normal, dtype);
      },
      nb::arg(), nb::sig("def finfo(type: ingot._typing.DTypeLike | Tensor, /) -> ingot._results.FloatLimits"),
      R"(The limits of a floating dtype, or that of a tensor: (bits, eps, max, min, smallest_normal, dtype).

Raises TypeError for another dtype.

>>> import ingot
>>> ingot.finfo(ingot.float16).max, ingot.finfo(ingot.bfloat16).eps
(65504.0, 0.0078125)
)");
  m.def(
      "iinfo",
      [](nb::handle type) {
        const DType dtype = dtype_of_either(type);
        const IntegerLimits x = iinfo(dtype);
        return named("IntegerLimits", x.bits, x.max, x.min, dtype);
      },
      nb::arg(), nb::sig("def iinfo(type: ingot._typing.DTypeLike | Tensor, /) -> ingot._results.IntegerLimits"),
      R"(The limits of an integer dtype, or that of a tensor: (bits, max, min, dtype).

Raises TypeError for another dtype.

>>> import ingot
>>> ingot.iinfo(ingot.int8).min, ingot.iinfo("uint8").max
(-128, 255)
)");
  m.def("isdtype", &is_kind, "dtype"_a, "kind"_a,
        nb::sig("def isdtype(dtype: ingot._typing.DTypeLike, kind: ingot._typing.DTypeLike | "
                "tuple[ingot._typing.DTypeLike, ...]) -> bool"),
        R"(Whether the dtype is `kind`: a dtype, a kind of the array API, or a tuple of such, one of which fits.

Kinds: 'bool', 'signed integer', 'unsigned integer', 'integral', 'real floating', 'complex floating' (none is) and
'numeric' (all but bool). Raises ValueError for another string.

>>> import ingot
>>> ingot.isdtype(ingot.bfloat16, "real floating"), ingot.isdtype(ingot.int8, ("bool", ingot.uint8))
(True, False)
)");
  m.def("result_type", &promoted, nb::arg(),
        nb::sig("def result_type(*arrays_and_dtypes: ingot._typing.Operand | ingot._typing.DTypeLike) -> DType"),
        R"(The dtype that operations on these tensors, dtypes and numbers compute in.

Raises ValueError for nothing, TypeError for dtypes that do not promote (the packed ones and the 8-bit floats).

>>> import ingot
>>> ingot.result_type(ingot.int8, ingot.uint8), ingot.result_type(ingot.zeros(2, dtype="int32"), 0.5)
(ingot.int16, ingot.float32)
)");
}

}  // namespace ingot::python
