// Elements as Python's numbers.
#include <cmath>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

// The widest type of each kind holds every element exactly.
DType widest(DType dtype) {
  switch (kind(dtype)) {
    case Kind::boolean: return DType::bool_;
    case Kind::unsigned_integer: return DType::u64;
    case Kind::signed_integer: return DType::i64;
    case Kind::floating: return DType::f64;
  }
  return DType::f64;
}

PyObject* number(const Tensor& wide, std::int64_t at) {
  switch (wide.dtype()) {
    case DType::bool_: return PyBool_FromLong(wide.data<bool>()[at]);
    case DType::u64: return PyLong_FromUnsignedLongLong(wide.data<std::uint64_t>()[at]);
    case DType::i64: return PyLong_FromLongLong(wide.data<std::int64_t>()[at]);
    default: return PyFloat_FromDouble(wide.data<double>()[at]);
  }
}

nb::object nested(const Tensor& wide, int axis, std::int64_t& at) {
  if (axis == wide.rank()) return nb::steal(number(wide, at++));
  const auto length = static_cast<Py_ssize_t>(wide.shape()[axis]);
  nb::object list = nb::steal(PyList_New(length));
  if (!list) throw nb::python_error();
  for (Py_ssize_t i = 0; i < length; ++i) PyList_SetItem(list.ptr(), i, nested(wide, axis + 1, at).release().ptr());
  return list;
}

nb::object tolist(const Tensor& x) {
  const Tensor wide = released([&] { return contiguous(astype(x, widest(x.dtype()))); });
  std::int64_t at = 0;
  return nested(wide, 0, at);
}

nb::object item(const Tensor& x) {
  if (x.numel() != 1) throw Error(ErrorCode::shape_mismatch, "item", "one element expected, found " + describe(x));
  return tolist(x.view({}));
}

}  // namespace

void bind_values(nb::class_<Tensor>& cls) {
  cls.def("item", &item, nb::sig("def item(self) -> bool | int | float"), R"(The only element as a Python number.

Raises ValueError for a tensor that has not exactly one.

>>> import ingot
>>> ingot.asarray([[2.5]]).item()
2.5
)")
      .def("tolist", &tolist, nb::sig("def tolist(self) -> typing.Any"),
           R"(The elements as nested lists of Python numbers; a number for a tensor without dimensions.

A quantized tensor is decoded.

>>> import ingot
>>> ingot.asarray([[True], [False]]).tolist()
[[True], [False]]
)")
      .def("__bool__", [](const Tensor& x) { return PyObject_IsTrue(item(x).ptr()) == 1; })
      .def("__int__", [](const Tensor& x) { return nb::int_(item(x)); })
      .def("__float__", [](const Tensor& x) { return nb::float_(item(x)); })
      .def(
          "__complex__",
          [](const Tensor& x) {
            const auto real = nb::cast<double>(nb::float_(item(x)));
            return nb::steal(PyComplex_FromDoubles(real, std::isnan(real) ? real : 0.0));
          },
          nb::sig("def __complex__(self) -> complex"))
      .def("__index__", [](const Tensor& x) {
        if (!is_integer(x.dtype()) || x.rank() != 0)
          throw Error(ErrorCode::dtype_mismatch, "__index__",
                      "an integer without dimensions expected, found " + describe(x));
        return nb::int_(item(x));
      });
}

}  // namespace ingot::python
