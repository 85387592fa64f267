// ingot.Tensor: what it is and where it lives. Views, values and exchange add to it in files of their own.
#include "ingot/tensor.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <optional>
#include <string>
#include <vector>

#include "bind.h"
#include "casters.h"
#include "encoding_object.h"
#include "errors.h"
#include "exchange.h"
#include "gil.h"
#include "ingot/ops.h"
#include "ingot/ops/print.h"
#include "operators.h"

namespace ingot::python {
namespace {

Tensor matrix_transpose(const Tensor& x) {
  if (x.rank() < 2)
    throw Error(ErrorCode::shape_mismatch, "mT", "two or more dimensions expected, found " + describe(x));
  return x.transpose(-2, -1);
}

}  // namespace

nb::class_<Tensor> bind_tensor(nb::module_& m) {
  static std::vector<PyType_Slot> slots = operator_slots();
  slots.push_back({Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)});
  slots.push_back({Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)});
  slots.push_back({0, nullptr});
  nb::class_<Tensor> cls(m, "Tensor", nb::type_slots(slots.data()), nb::is_weak_referenceable(),
                         R"(Elements of one dtype in up to eight dimensions.

A handle to shared memory: views share it, and so do NumPy arrays and tensors of other libraries that it is made from or
made into. Its shape, dtype and place never change. Tensors are hashed by identity. Make one with ingot.asarray,
ingot.from_dlpack, ingot.zeros or ingot.open.

>>> import ingot
>>> x = ingot.asarray([[1.0, 2.0], [3.0, 4.0]])
>>> x.shape, x.dtype, x.T.tolist()
((2, 2), ingot.float32, [[1.0, 3.0], [2.0, 4.0]])
)");
  tensor_type = reinterpret_cast<PyTypeObject*>(cls.ptr());
  // NumPy's operators leave the work to ours: array + tensor is a tensor.
  cls.attr("__array_priority__") = 1000;
  cls.def_prop_ro(
         "shape", [](const Tensor& x) { return x.shape(); }, "The sizes of the dimensions.")
      .def_prop_ro(
          "strides", [](const Tensor& x) { return x.strides(); },
          "Elements (not bytes) from one item of a dimension to the next; negative in reversed views.")
      .def_prop_ro(
          "dtype", [](const Tensor& x) { return x.dtype(); },
          "What the elements are; of a quantized tensor, what they decode to.")
      .def_prop_ro(
          "encoding",
          [](const Tensor& x) -> std::optional<EncodingObject> {
            if (!x.is_quantized()) return {};
            return EncodingObject{Ref<const Encoding>(x.encoding())};
          },
          "How the elements of a quantized tensor are held; None for a plain one.")
      .def_prop_ro(
          "device", [](const Tensor& x) { return x.device(); }, "Where the elements are.")
      .def_prop_ro(
          "ndim", [](const Tensor& x) { return x.rank(); }, "The number of dimensions.")
      .def_prop_ro(
          "size", [](const Tensor& x) { return x.numel(); }, "The number of elements.")
      .def_prop_ro(
          "nbytes", [](const Tensor& x) { return x.nbytes(); }, "Bytes that the elements take without gaps.")
      .def_prop_ro(
          "T",
          [](const Tensor& x) {
            if (x.rank() != 2)
              throw Error(ErrorCode::shape_mismatch, "T",
                          "two dimensions expected, found " + describe(x) + ": use mT or permute");
            return x.transpose(0, 1);
          },
          "The transpose of a matrix: a view. Raises ValueError for other than two dimensions.")
      .def_prop_ro("mT", &matrix_transpose, "The last two dimensions exchanged: a view. Raises ValueError below two.")
      .def("__len__",
           [](const Tensor& x) {
             if (x.rank() == 0) throw nb::type_error("len() of a tensor without dimensions");
             return x.shape()[0];
           })
      .def("__repr__", [](const Tensor& x) { return released([&] { return repr(x); }); })
      .def("__str__", [](const Tensor& x) { return released([&] { return to_string(x); }); })
      .def(
          "__array_namespace__",
          [](const Tensor&, nb::handle api_version) {
            if (!api_version.is_none()) {
              const auto version = nb::cast<std::string>(api_version);
              if (version != "2021.12" && version != "2022.12" && version != "2023.12" && version != "2024.12")
                raise(PyExc_ValueError, "the array API of version %R is not here; 2024.12 is", api_version.ptr());
            }
            return nb::module_::import_("ingot");
          },
          nb::kw_only(), "api_version"_a = nb::none(), R"(The functions of the array API: the module ingot.

>>> import ingot
>>> ingot.zeros((2,)).__array_namespace__().__name__
'ingot'
)")
      .def(
          "to_device",
          [](const Tensor& x, Device device, nb::handle stream) {
            if (!stream.is_none()) raise(PyExc_ValueError, "to_device: the CPU has no streams, found %R", stream.ptr());
            if (device != x.device())
              throw NotImplemented("to_device", "from " + to_string(x.device()) + " to " + to_string(device));
            return x;
          },
          nb::arg(), nb::kw_only(), "stream"_a = nb::none(),
          nb::sig("def to_device(self, device: Device | str, /, *, stream: object | None = None) -> Tensor"),
          R"(The tensor on `device`: itself where it is there already.

>>> import ingot
>>> ingot.zeros((2,)).to_device("cpu").device
ingot.Device('cpu')
)")
      .def("__copy__", [](const Tensor& x) { return released([&] { return clone(x); }); })
      .def("__deepcopy__", [](const Tensor& x, nb::handle) { return released([&] { return clone(x); }); }, "memo"_a);
  return cls;
}

}  // namespace ingot::python
