// ingot.DType, its instances, and what is taken for one.
#include "ingot/dtype.h"

#include <nanobind/stl/string.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "ingot/ops/print.h"

namespace ingot::python {
namespace {

// What Python sees of a dtype. There is one instance of each, so comparing is comparing identities.
struct DTypeObject {
  DType value;
};

// Borrowed from the module, which never goes away.
std::array<PyObject*, dtype_count> objects{};

std::optional<DType> dtype_named(std::string_view name) {
  for (int i = 0; i < dtype_count; ++i)
    if (array_api_name(static_cast<DType>(i)) == name) return static_cast<DType>(i);
  return dtype_from_string(name);
}

std::string_view view_of(nb::handle text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
  if (!data) throw nb::python_error();
  return {data, static_cast<std::size_t>(size)};
}

// A module variable `bool` would hide the type in the stub's signatures; ingot/__init__.py gives it its name.
const char* attribute_name(DType dtype) { return dtype == DType::bool_ ? "bool_" : dtype_name(dtype); }

// `name` of np.dtype("float32"), `__name__` of np.float32 and ml_dtypes.bfloat16.
std::optional<DType> foreign_dtype(nb::handle source) {
  const nb::object name = nb::getattr(source, PyType_Check(source.ptr()) ? "__name__" : "name", nb::none());
  if (!PyUnicode_Check(name.ptr())) return {};
  if (!nb::cast<bool>(nb::getattr(source, "isnative", nb::bool_(true))))
    raise(PyExc_TypeError, "%R: the byte order is not this machine's", source.ptr());
  return dtype_named(view_of(name));
}

}  // namespace

const char* dtype_name(DType dtype) noexcept { return array_api_name(dtype).data(); }

nb::object dtype_object(DType dtype) { return nb::borrow(objects[static_cast<std::size_t>(dtype)]); }

DType to_dtype(nb::handle source) {
  DTypeObject* own = nullptr;
  if (nb::try_cast(source, own) && own) return own->value;
  const auto found = PyUnicode_Check(source.ptr()) ? dtype_named(view_of(source)) : foreign_dtype(source);
  if (!found) raise(PyExc_TypeError, "a dtype such as ingot.float32 or 'float32' expected, found %R", source.ptr());
  return *found;
}

void bind_dtype(nb::module_& m) {
  nb::class_<DTypeObject> cls(m, "DType", R"(What the elements of a tensor are.

The instances are ingot.float32, ingot.int64 and so on; there is one of each. Wherever a dtype is expected, those of
NumPy and ml_dtypes and names are taken too.

>>> import ingot
>>> ingot.bfloat16.name, ingot.bfloat16.itemsize
('bfloat16', 2)
>>> ingot.zeros((2,), dtype="int8").dtype == ingot.int8
True
)");
  cls.def_prop_ro(
         "name", [](const DTypeObject& self) { return dtype_name(self.value); }, "The array API's name of the dtype.")
      .def_prop_ro(
          "itemsize", [](const DTypeObject& self) { return (bit_width(self.value) + 7) / 8; },
          "Bytes of one element; 1 for int4 and int2, of which a byte holds several.")
      .def_prop_ro(
          "bits", [](const DTypeObject& self) { return bit_width(self.value); }, "Bits of one element.")
      .def("__repr__", [](const DTypeObject& self) { return std::string("ingot.") + dtype_name(self.value); })
      .def("__str__", [](const DTypeObject& self) { return dtype_name(self.value); })
      .def("__reduce__", [](const DTypeObject& self) { return attribute_name(self.value); });
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const nb::object instance = nb::cast(DTypeObject{static_cast<DType>(i)});
    m.attr(attribute_name(static_cast<DType>(i))) = instance;
    objects[i] = instance.ptr();
  }
}

}  // namespace ingot::python
