// Tensors over memory of other libraries, and the other way round.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>

#include "ingot/tensor.h"

namespace ingot::python {

namespace nb = nanobind;

/// A tensor over the memory of an object with the buffer protocol; none for an object without. Throws TypeError for
/// elements that are no dtype of ours.
std::optional<Tensor> from_buffer(nb::handle source);
/// The slots of the class that lend its memory as a Py_buffer.
int get_buffer(PyObject* self, Py_buffer* view, int flags) noexcept;
void release_buffer(PyObject* self, Py_buffer* view) noexcept;

/// `source.__dlpack__` as a tensor over the same memory.
Tensor from_dlpack(nb::handle source, std::optional<Device> device = {}, std::optional<bool> copy = {});
/// A capsule as the DLPack specification wants it.
nb::object to_dlpack(const Tensor& x, nb::handle stream, nb::handle max_version, nb::handle dl_device,
                     std::optional<bool> copy);
/// (type, index) in DLPack's numbers.
nb::object dlpack_device(const Tensor& x);

/// A tensor over an array's memory, through whichever protocol the object has; none where it has none. Arrays of
/// ml_dtypes' int4 and int2 hold an element a byte and are copied.
std::optional<Tensor> borrowed_array(nb::handle source);
/// The array API's asarray.
Tensor asarray(nb::handle source, std::optional<DType> dtype, std::optional<Device> device, std::optional<bool> copy);
/// Elements of their own, in the same encoding; row-major where plain.
Tensor clone(const Tensor& x);
/// The bytes of a tensor, which must be contiguous, as a u8 tensor over the same storage.
Tensor bytes_of(const Tensor& x);

}  // namespace ingot::python
