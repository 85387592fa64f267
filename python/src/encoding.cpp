// ingot.Encoding: how a quantized tensor's elements are held.
#include "ingot/encoding.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <optional>
#include <string>

#include "bind.h"
#include "casters.h"
#include "encoding_object.h"
#include "errors.h"
#include "ingot/tensor.h"

namespace ingot::python {

namespace {

bool same_handle(const Tensor& a, const Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || &a.meta() == &b.meta());
}

}  // namespace

Scheme to_scheme(nb::handle source) {
  EncodingObject* own = nullptr;
  if (nb::try_cast(source, own) && own) return own->value->scheme();
  if (!PyUnicode_Check(source.ptr()))
    raise(PyExc_TypeError, "the name of a scheme such as 'Q8_0' expected, found %R", source.ptr());
  const auto found = scheme_from_string(nb::cast<std::string_view>(source));
  if (!found) raise(PyExc_ValueError, "no scheme is called %R", source.ptr());
  return *found;
}

void bind_encoding(nb::module_& m) {
  nb::class_<EncodingObject>(
      m, "Encoding",
      R"(How the elements of a quantized tensor are held: in blocks of a scheme, or as codes (ingot.affine_parts).

>>> import ingot
>>> encoding = ingot.quantize(ingot.zeros((2, 64)), "Q8_0").encoding
>>> encoding.scheme, encoding.block_elements, encoding.block_bytes
('Q8_0', 32, 34)
)")
      .def_prop_ro(
          "scheme", [](const EncodingObject& self) { return to_string(self.value->scheme()); },
          "The name of the scheme, as in GGUF; of codes 'AFFINE_' and their dtype.")
      .def_prop_ro(
          "block_elements", [](const EncodingObject& self) { return info(self.value->scheme()).block_elements; },
          "Elements that a block holds.")
      .def_prop_ro(
          "block_bytes", [](const EncodingObject& self) { return info(self.value->scheme()).block_bytes; },
          "Bytes that a block takes.")
      .def_prop_ro(
          "packing", [](const EncodingObject& self) { return to_string(self.value->packing()); },
          "The order of elements in I2_S: 'x86', 'arm' or 'rows'; 'none' for other schemes.")
      .def_prop_ro(
          "scale", [](const EncodingObject& self) { return self.value->scale(); },
          "One factor for the whole tensor (I2_S); 1 for other schemes.")
      .def("__repr__",
           [](const EncodingObject& self) {
             return "ingot.Encoding('" + std::string(to_string(self.value->scheme())) + "')";
           })
      .def(
          "__eq__",
          [](const EncodingObject& a, const EncodingObject& b) {
            return a.value->scheme() == b.value->scheme() && a.value->packing() == b.value->packing() &&
                   a.value->scale() == b.value->scale() && same_handle(a.value->scales(), b.value->scales()) &&
                   same_handle(a.value->zero_points(), b.value->zero_points());
          },
          nb::is_operator())
      .def("__hash__", [](const EncodingObject& self) { return static_cast<int>(self.value->scheme()); });
}

}  // namespace ingot::python
