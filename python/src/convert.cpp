// Shapes and operands out of Python objects.
#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>

#include "casters.h"
#include "errors.h"
#include "exchange.h"

namespace ingot::python {
namespace {

std::int64_t to_integer(nb::handle source, nb::handle whole) {
  if (PyBool_Check(source.ptr()) || !PyIndex_Check(source.ptr()))
    raise(PyExc_TypeError, "an int or a sequence of ints expected, found %R", whole.ptr());
  const nb::object index = nb::steal(PyNumber_Index(source.ptr()));
  if (!index) throw nb::python_error();
  const long long value = PyLong_AsLongLong(index.ptr());
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return value;
}

}  // namespace

Shape to_shape(nb::handle source) {
  Shape shape;
  if (PyIndex_Check(source.ptr()) && !PySequence_Check(source.ptr())) {
    shape.push_back(to_integer(source, source));
    return shape;
  }
  if (!PySequence_Check(source.ptr()) || PyUnicode_Check(source.ptr()) || PyBytes_Check(source.ptr()))
    raise(PyExc_TypeError, "an int or a sequence of ints expected, found %R", source.ptr());
  for (const nb::handle item : source) shape.push_back(to_integer(item, source));
  return shape;
}

nb::object shape_object(const Shape& shape) {
  nb::object tuple = nb::steal(PyTuple_New(shape.rank()));
  if (!tuple) throw nb::python_error();
  for (int i = 0; i < shape.rank(); ++i) PyTuple_SetItem(tuple.ptr(), i, PyLong_FromLongLong(shape[i]));
  return tuple;
}

Axes to_axes(nb::handle source) {
  if (source.is_none()) return {};
  const Shape given = to_shape(source);
  std::array<int, max_rank> axes;
  // What no int holds is no axis either: the operation refuses it.
  std::transform(given.begin(), given.end(), axes.begin(), [](std::int64_t axis) {
    using Limits = std::numeric_limits<int>;
    return static_cast<int>(std::clamp<std::int64_t>(axis, Limits::min(), Limits::max()));
  });
  return Axes(std::span<const int>(axes.data(), static_cast<std::size_t>(given.rank())));
}

bool hold_operand(nb::handle source, HeldOperand& held) {
  PyObject* object = source.ptr();
  const Tensor* tensor = nullptr;
  if (Py_TYPE(object) == tensor_type) {
    held.operand = *nb::inst_ptr<Tensor>(source);
  } else if (nb::try_cast(source, tensor) && tensor) {
    held.operand = *tensor;
  } else if (PyBool_Check(object)) {
    held.operand = object == Py_True;
  } else if (PyFloat_Check(object)) {
    held.operand = PyFloat_AsDouble(object);
  } else if (PyLong_Check(object)) {
    int overflow = 0;
    const long long value = PyLong_AsLongLongAndOverflow(object, &overflow);
    held.operand = value;
    if (overflow > 0) held.operand = PyLong_AsUnsignedLongLong(object);
    if (overflow < 0) raise(PyExc_OverflowError, "%R does not fit 64 bits", object);
    if (PyErr_Occurred()) throw nb::python_error();
  } else if (auto array = borrowed_array(source)) {
    held.array = std::move(*array);
    held.operand = held.array;
  } else {
    return false;
  }
  return true;
}

Operand to_operand(nb::handle source, HeldOperand& held) {
  if (!hold_operand(source, held))
    raise(PyExc_TypeError, "a tensor, an array or a number expected, found type %U", name_of_type(source).ptr());
  return held.operand;
}

}  // namespace ingot::python
