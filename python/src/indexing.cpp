// x[...] as NumPy has it.
#include "ingot/ops/indexing.h"

#include <optional>
#include <vector>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "exchange.h"
#include "gil.h"

namespace ingot::python {
namespace {

std::int64_t integer(nb::handle source) {
  const Py_ssize_t value = PyNumber_AsSsize_t(source.ptr(), PyExc_IndexError);
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return value;
}

std::optional<std::int64_t> bound(nb::handle source) {
  if (source.is_none()) return {};
  if (!PyIndex_Check(source.ptr())) raise(PyExc_TypeError, "slices are of integers or None, found %R", source.ptr());
  const Py_ssize_t value = PyNumber_AsSsize_t(source.ptr(), nullptr);  // clipped
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return value;
}

Index entry(nb::handle key) {
  PyObject* object = key.ptr();
  if (key.is_none()) return NewAxis{};
  if (object == Py_Ellipsis) return Ellipsis{};
  if (PySlice_Check(object))
    return Slice{bound(key.attr("start")), bound(key.attr("stop")), bound(key.attr("step")).value_or(1)};
  if (PyLong_Check(object) && !PyBool_Check(object)) return integer(key);
  const Tensor* tensor = nullptr;
  if (nb::try_cast(key, tensor) && tensor) return *tensor;
  const bool listed = PyList_Check(object) || PyTuple_Check(object);
  // Numbers of other libraries, which are no sequences; arrays have __index__ too.
  if (!listed && !PyBool_Check(object) && !PyFloat_Check(object) && PyIndex_Check(object) && !PySequence_Check(object))
    return integer(key);
  if (PyUnicode_Check(object) || PyBytes_Check(object))
    raise(PyExc_TypeError, "Tensor[]: integers, slices, None, ..., masks and tensors expected, found %R", object);
  Tensor indices = asarray(key, {}, {}, {});
  if (listed && indices.numel() == 0) indices = Tensor::empty(indices.shape(), DType::i64);  // [] has no dtype
  return indices;
}

std::vector<Index> entries(nb::handle key) {
  std::vector<Index> list;
  if (PyTuple_Check(key.ptr()))
    for (const nb::handle part : nb::borrow<nb::tuple>(key)) list.push_back(entry(part));
  else
    list.push_back(entry(key));
  return list;
}

Tensor get(const Tensor& x, nb::handle key) {
  const std::vector<Index> list = entries(key);
  for (const Index& part : list)
    if (std::holds_alternative<Tensor>(part)) return released([&] { return index(x, list); });
  return index(x, list);  // a view takes less time than letting go of the GIL
}

void set(const Tensor& x, nb::handle key, nb::handle value) {
  const std::vector<Index> list = entries(key);
  HeldOperand held;
  if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr())) {
    held.array = asarray(value, {}, {}, {});
    held.operand = held.array;
  } else {
    held.operand = to_operand(value, held);
  }
  released([&] { index_put_(x, list, held.operand); });
}

}  // namespace

void bind_indexing(nb::class_<Tensor>& cls) {
  cls.def("__getitem__", &get, nb::arg().none(), nb::sig("def __getitem__(self, key: object, /) -> Tensor"))
      .def("__setitem__", &set, nb::arg().none(), nb::arg().none(),
           nb::sig("def __setitem__(self, key: object, value: object, /) -> None"))
      .def(
          "__iter__",
          [](nb::handle self) {
            if (nb::cast<const Tensor&>(self).rank() == 0)
              throw nb::type_error("a tensor without dimensions has no items");
            return nb::steal(PySeqIter_New(self.ptr()));
          },
          nb::sig("def __iter__(self) -> collections.abc.Iterator[Tensor]"));
}

}  // namespace ingot::python
