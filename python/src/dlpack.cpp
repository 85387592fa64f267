// DLPack, both ways, without copying: https://data-apis.org/array-api/2024.12/API_specification/generated/
// array_api.array.__dlpack__.html
#include "dlpack.h"

#include <array>
#include <memory>
#include <string>

#include "casters.h"
#include "errors.h"
#include "exchange.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

std::uint8_t type_code(DType dtype) {
  switch (dtype) {
    case DType::bf16: return dlpack::brain_floating;
    case DType::f8_e4m3: return dlpack::float8_e4m3fn;
    case DType::f8_e5m2: return dlpack::float8_e5m2;
    default: break;
  }
  switch (kind(dtype)) {
    case Kind::boolean: return dlpack::boolean;
    case Kind::unsigned_integer: return dlpack::unsigned_integer;
    case Kind::signed_integer: return dlpack::signed_integer;
    case Kind::floating: return dlpack::floating;
  }
  return dlpack::floating;
}

DType dtype_of_dlpack(dlpack::DataType found) {
  if (found.lanes == 1)
    for (int i = 0; i < dtype_count; ++i) {
      const auto dtype = static_cast<DType>(i);
      if (type_code(dtype) == found.code && bit_width(dtype) == found.bits) return dtype;
    }
  raise(PyExc_BufferError, "DLPack: type code %d of %d bits in %d lanes is no dtype of ingot", int{found.code},
        int{found.bits}, int{found.lanes});
}

dlpack::Device dlpack_device_of(Device device) {
  switch (device.type) {
    case DeviceType::cpu: return {dlpack::cpu, 0};
    case DeviceType::cuda: return {dlpack::cuda, device.index};
    case DeviceType::metal: return {dlpack::metal, device.index};
  }
  return {dlpack::cpu, 0};
}

// What a lent array stands in; it keeps the tensor.
template <class M>
struct Lent {
  explicit Lent(Tensor x) : tensor(std::move(x)) {
    for (int i = 0; i < tensor.rank(); ++i) {
      shape[static_cast<std::size_t>(i)] = tensor.shape()[i];
      strides[static_cast<std::size_t>(i)] = tensor.strides()[i];
    }
    managed.array = {.data = tensor.numel() ? const_cast<std::byte*>(tensor.bytes()) : nullptr,
                     .device = dlpack_device_of(tensor.device()),
                     .rank = tensor.rank(),
                     .dtype = {type_code(tensor.dtype()), static_cast<std::uint8_t>(bit_width(tensor.dtype())), 1},
                     .shape = shape.data(),
                     .strides = strides.data(),
                     .byte_offset = 0};
    managed.context = this;
    managed.deleter = [](M* self) { delete static_cast<Lent*>(self->context); };
  }
  Tensor tensor;
  std::array<std::int64_t, max_rank> shape{}, strides{};
  M managed{};
};

// A capsule that nobody took gives its tensor back.
template <class M>
nb::object capsule_of(std::unique_ptr<Lent<M>> lent, const char* name) {
  nb::object capsule = nb::steal(PyCapsule_New(&lent->managed, name, [](PyObject* self) {
    const char* current = PyCapsule_GetName(self);
    for (const char* unused : {dlpack::capsule, dlpack::versioned_capsule})
      if (std::string_view(current) == unused) {
        auto* managed = static_cast<M*>(PyCapsule_GetPointer(self, current));
        managed->deleter(managed);
      }
  }));
  if (!capsule) throw nb::python_error();
  (void)lent.release();
  return capsule;
}

std::optional<Tensor> needed_copy(const Tensor& x, std::optional<bool> copy) {
  const bool packed = bit_width(x.dtype()) < 8;
  const bool needed = !x.is_aligned() || (packed && x.meta().offset * bit_width(x.dtype()) % 8 != 0);
  if (needed && copy == false)
    raise(PyExc_BufferError, "%s begins at an unaligned place and can only be lent as a copy", describe(x).c_str());
  if (!needed && copy != true) return {};
  return released([&] { return astype(x, x.dtype(), true); });
}

template <class M>
Tensor take(PyObject* capsule, const char* name, const char* used_name, bool read_only) {
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  if (!managed) throw nb::python_error();
  const dlpack::Array& array = managed->array;
  if (array.device.type != dlpack::cpu)
    raise(PyExc_BufferError, "DLPack: an array on device type %d; only the CPU's memory can be taken",
          int{array.device.type});
  const DType dtype = dtype_of_dlpack(array.dtype);
  const auto rank = static_cast<std::size_t>(array.rank);
  const Shape shape(std::span<const std::int64_t>(array.shape, rank));
  const Shape strides =
      array.strides ? Shape(std::span<const std::int64_t>(array.strides, rank)) : contiguous_strides(shape);
  if (PyCapsule_SetName(capsule, used_name) != 0) throw nb::python_error();
  // Deleters of libraries written in Python want the GIL, whoever lets go of the tensor last.
  std::shared_ptr<M> owner(managed, [](M* lent) {
    if (!lent->deleter || !python_alive()) return;
    const nb::gil_scoped_acquire acquire;
    lent->deleter(lent);
  });
  void* data = static_cast<std::byte*>(array.data) + array.byte_offset;
  return borrow_strided(data, shape, strides, dtype, [owner = std::move(owner)](void*) {}, read_only);
}

}  // namespace

nb::object dlpack_device(const Tensor& x) {
  const auto [type, index] = dlpack_device_of(x.device());
  return nb::make_tuple(type, index);
}

nb::object to_dlpack(const Tensor& x, nb::handle stream, nb::handle max_version, nb::handle dl_device,
                     std::optional<bool> copy) {
  if (!stream.is_none()) raise(PyExc_BufferError, "__dlpack__: the CPU has no streams, found stream=%R", stream.ptr());
  if (!dl_device.is_none() && !dlpack_device(x).equal(dl_device))
    raise(PyExc_BufferError, "__dlpack__: a tensor on %s cannot be lent on device %R", to_string(x.device()).c_str(),
          dl_device.ptr());
  if (x.is_quantized()) raise(PyExc_BufferError, "%s is encoded: use ingot.dequantize", describe(x).c_str());
  const bool versioned = !max_version.is_none() && nb::cast<int>(max_version[nb::int_(0)]) >= 1;
  const auto copied = needed_copy(x, copy);
  const Tensor& lent = copied ? *copied : x;
  const bool read_only = lent.storage()->read_only();
  if (versioned) {
    auto owner = std::make_unique<Lent<dlpack::ManagedVersioned>>(lent);
    owner->managed.version = dlpack::our_version;
    owner->managed.flags = (read_only ? dlpack::flag_read_only : 0) | (copied ? dlpack::flag_copied : 0);
    return capsule_of(std::move(owner), dlpack::versioned_capsule);
  }
  if (read_only) raise(PyExc_BufferError, "a read-only tensor needs DLPack 1.0 (max_version=(1, 0)), or copy=True");
  return capsule_of(std::make_unique<Lent<dlpack::Managed>>(lent), dlpack::capsule);
}

Tensor from_dlpack(nb::handle source, std::optional<Device> device, std::optional<bool> copy) {
  if (!nb::hasattr(source, "__dlpack__"))
    raise(PyExc_TypeError, "an object with __dlpack__ expected, found type %U", name_of_type(source).ptr());
  nb::dict keywords;
  keywords["max_version"] = nb::make_tuple(dlpack::our_version.major, dlpack::our_version.minor);
  if (copy) keywords["copy"] = *copy;
  if (device) {
    const auto [type, index] = dlpack_device_of(*device);
    keywords["dl_device"] = nb::make_tuple(type, index);
  }
  nb::object capsule;
  try {
    capsule = source.attr("__dlpack__")(**keywords);
  } catch (nb::python_error& error) {
    // Libraries from before DLPack 1.0 know no keywords.
    if (!error.matches(PyExc_TypeError) || copy || device) throw;
    capsule = source.attr("__dlpack__")();
  }
  if (PyCapsule_IsValid(capsule.ptr(), dlpack::capsule))
    return take<dlpack::Managed>(capsule.ptr(), dlpack::capsule, dlpack::used_capsule, false);
  auto* versioned =
      static_cast<dlpack::ManagedVersioned*>(PyCapsule_GetPointer(capsule.ptr(), dlpack::versioned_capsule));
  if (!versioned) throw nb::python_error();
  if (versioned->version.major != dlpack::our_version.major)
    raise(PyExc_BufferError, "DLPack version %d.%d is not read", static_cast<int>(versioned->version.major),
          static_cast<int>(versioned->version.minor));
  if (versioned->flags & dlpack::flag_padded)
    raise(PyExc_BufferError, "DLPack: elements of less than a byte in a byte each are not read");
  return take<dlpack::ManagedVersioned>(capsule.ptr(), dlpack::versioned_capsule, dlpack::used_versioned_capsule,
                                        versioned->flags & dlpack::flag_read_only);
}

}  // namespace ingot::python
