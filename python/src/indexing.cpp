// x[...] with integers, slices, None and Ellipsis: a view.
#include <string>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "ingot/tensor.h"

namespace ingot::python {
namespace {

// Python's own limits where a bound is left out; Tensor::slice clamps.
Tensor sliced(const Tensor& x, int axis, nb::handle slice) {
  Py_ssize_t start = 0, stop = 0, step = 0;
  if (PySlice_Unpack(slice.ptr(), &start, &stop, &step) != 0) throw nb::python_error();
  if (start == PY_SSIZE_T_MIN) start = 0;
  return x.slice(axis, start, stop, step);
}

int consumed(nb::handle key) { return key.is_none() || key.ptr() == Py_Ellipsis ? 0 : 1; }

Tensor item(const Tensor& x, nb::handle key) {
  const nb::tuple keys = PyTuple_Check(key.ptr()) ? nb::borrow<nb::tuple>(key) : nb::make_tuple(key);
  int given = 0, ellipses = 0;
  for (const nb::handle part : keys) given += consumed(part), ellipses += part.ptr() == Py_Ellipsis;
  if (given > x.rank() || ellipses > 1)
    throw Error(ErrorCode::out_of_range, "Tensor[]",
                std::to_string(given) + " indices and " + std::to_string(ellipses) + " ellipses for " + describe(x));
  Tensor view = x;
  int axis = 0;
  for (const nb::handle part : keys) {
    if (part.is_none()) {
      view = view.unsqueeze(axis++);
    } else if (part.ptr() == Py_Ellipsis) {
      axis += x.rank() - given;
    } else if (PySlice_Check(part.ptr())) {
      view = sliced(view, axis++, part);
    } else if (PyIndex_Check(part.ptr()) && !PyBool_Check(part.ptr())) {
      const Py_ssize_t index = PyNumber_AsSsize_t(part.ptr(), PyExc_IndexError);
      if (index == -1 && PyErr_Occurred()) throw nb::python_error();
      view = view.select(axis, index);
    } else {
      raise(PyExc_TypeError, "Tensor[]: integers, slices, None and ... expected, found %R", part.ptr());
    }
  }
  return view;
}

}  // namespace

void bind_indexing(nb::class_<Tensor>& cls) {
  cls.def("__getitem__", &item, "key"_a)
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
