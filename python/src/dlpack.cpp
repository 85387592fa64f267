// DLPack's capsules, both ways: https://data-apis.org/array-api/2024.12/API_specification/generated/
// array_api.array.__dlpack__.html
#include "ingot/ops/dlpack.h"

#include <memory>
#include <string_view>

#include "casters.h"
#include "errors.h"
#include "exchange.h"
#include "gil.h"

namespace ingot::python {
namespace {

constexpr const char *unversioned = "dltensor", *used_unversioned = "used_dltensor", *versioned = "dltensor_versioned",
                     *used_versioned = "used_dltensor_versioned";

// What the library refuses is a BufferError here.
template <class F>
auto exchange(F&& f) {
  try {
    return f();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::out_of_memory) throw;
    raise(PyExc_BufferError, "%s", error.what());
  }
}

// A capsule that nobody took gives its tensor back.
template <class M>
nb::object capsule_of(M* lent, const char* name) {
  nb::object capsule = nb::steal(PyCapsule_New(lent, name, [](PyObject* self) {
    const char* current = PyCapsule_GetName(self);
    for (const char* unused : {unversioned, versioned})
      if (std::string_view(current) == unused) {
        auto* managed = static_cast<M*>(PyCapsule_GetPointer(self, current));
        managed->deleter(managed);
      }
  }));
  if (capsule) return capsule;
  lent->deleter(lent);
  throw nb::python_error();
}

template <class M>
Tensor take(PyObject* capsule, const char* name, const char* used_name) {
  auto* lent = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  if (!lent || PyCapsule_SetName(capsule, used_name) != 0) throw nb::python_error();
  // Deleters of libraries written in Python want the GIL, whoever lets go of the tensor last.
  const std::shared_ptr<M> owner(lent, [](M* managed) {
    if (!managed->deleter || !python_alive()) return;
    const nb::gil_scoped_acquire acquire;
    managed->deleter(managed);
  });
  return exchange([&] { return ingot::from_dlpack(lent, [owner](void*) {}); });
}

}  // namespace

nb::object dlpack_device(const Tensor& x) {
  const auto [type, index] = dlpack::device_of(x.device());
  return nb::make_tuple(static_cast<int>(type), index);
}

nb::object to_dlpack(const Tensor& x, nb::handle stream, nb::handle max_version, nb::handle dl_device,
                     std::optional<bool> copy) {
  if (!stream.is_none()) raise(PyExc_BufferError, "__dlpack__: the CPU has no streams, found stream=%R", stream.ptr());
  if (!dl_device.is_none() && !dlpack_device(x).equal(dl_device))
    raise(PyExc_BufferError, "__dlpack__: a tensor on %s cannot be lent on device %R", to_string(x.device()).c_str(),
          dl_device.ptr());
  if (!max_version.is_none() && nb::cast<int>(max_version[nb::int_(0)]) >= 1)
    return capsule_of(exchange([&] { return released([&] { return ingot::to_dlpack(x, copy); }); }), versioned);
  return capsule_of(exchange([&] { return released([&] { return to_dlpack_unversioned(x, copy); }); }), unversioned);
}

Tensor from_dlpack(nb::handle source, std::optional<Device> device, std::optional<bool> copy) {
  if (!nb::hasattr(source, "__dlpack__"))
    raise(PyExc_TypeError, "an object with __dlpack__ expected, found type %U", name_of_type(source).ptr());
  nb::dict keywords;
  keywords["max_version"] = nb::make_tuple(dlpack::our_version.major, dlpack::our_version.minor);
  if (copy) keywords["copy"] = *copy;
  if (device) {
    const auto [type, index] = dlpack::device_of(*device);
    keywords["dl_device"] = nb::make_tuple(static_cast<int>(type), index);
  }
  nb::object capsule;
  try {
    capsule = source.attr("__dlpack__")(**keywords);
  } catch (nb::python_error& error) {
    // Libraries from before DLPack 1.0 know no keywords.
    if (!error.matches(PyExc_TypeError) || copy || device) throw;
    capsule = source.attr("__dlpack__")();
  }
  if (PyCapsule_IsValid(capsule.ptr(), unversioned))
    return take<dlpack::Managed>(capsule.ptr(), unversioned, used_unversioned);
  return take<dlpack::ManagedVersioned>(capsule.ptr(), versioned, used_versioned);
}

}  // namespace ingot::python
