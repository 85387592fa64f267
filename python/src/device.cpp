// ingot.Device, ingot.devices, threads.
#include "ingot/device.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <functional>
#include <string>

#include "bind.h"
#include "casters.h"
#include "errors.h"

namespace ingot::python {
namespace {

struct DeviceObject {
  Device value;
};

}  // namespace

nb::object device_object(Device device) { return nb::cast(DeviceObject{device}); }

Device to_device(nb::handle source) {
  DeviceObject* own = nullptr;
  if (nb::try_cast(source, own) && own) return own->value;
  if (!PyUnicode_Check(source.ptr())) raise(PyExc_TypeError, "a device such as 'cpu' expected, found %R", source.ptr());
  const auto name = nb::cast<std::string>(source);
  std::string present;
  for (const Device device : devices()) {
    if (to_string(device) == name) return device;
    present += (present.empty() ? "" : ", ") + to_string(device);
  }
  raise(PyExc_ValueError, "device %R is not present; there is: %s", source.ptr(), present.c_str());
}

void bind_device(nb::module_& m) {
  nb::class_<DeviceObject>(m, "Device", R"(Where a tensor lives. Wherever a device is expected, its name is taken too.

>>> import ingot
>>> ingot.zeros((2,)).device
ingot.Device('cpu')
>>> ingot.Device('cpu') == ingot.zeros((2,)).device
True
)")
      .def(
          "__init__", [](DeviceObject* self, nb::handle name) { new (self) DeviceObject{to_device(name)}; }, "name"_a)
      .def("__repr__", [](const DeviceObject& self) { return "ingot.Device('" + to_string(self.value) + "')"; })
      .def("__str__", [](const DeviceObject& self) { return to_string(self.value); })
      .def(
          "__eq__", [](const DeviceObject& a, const DeviceObject& b) { return a.value == b.value; }, nb::is_operator())
      .def("__hash__", [](const DeviceObject& self) { return std::hash<std::string>{}(to_string(self.value)); })
      .def("__reduce__", [](nb::handle self) { return nb::make_tuple(self.type(), nb::make_tuple(nb::str(self))); });

  m.def("devices", &devices, R"(The devices present, the CPU first.

>>> import ingot
>>> ingot.devices()[0]
ingot.Device('cpu')
)");
  m.def("set_num_threads", &set_num_threads, "n"_a,
        R"(Threads that operations use from now on; results do not depend on it.

Raises ValueError for n < 1.

>>> import ingot
>>> ingot.set_num_threads(2)
>>> ingot.num_threads()
2
)");
  m.def("num_threads", &num_threads, R"(Threads that operations use.

>>> import ingot
>>> ingot.num_threads() >= 1
True
)");
}

}  // namespace ingot::python
