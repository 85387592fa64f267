// asarray, DLPack and NumPy's protocol in Python.
#include "exchange.h"

#include <nanobind/stl/optional.h>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

// A NumPy array over the tensor's memory. bfloat16 and the 8-bit floats go as integers of their size, which ml_dtypes
// then names; int4 and int2 take a byte each there, so they are copied.
nb::object numpy_view(const Tensor& x) {
  const nb::module_ numpy = nb::module_::import_("numpy");
  const char* name = dtype_name(x.dtype());
  const bool packed = bit_width(x.dtype()) < 8;
  const bool narrow = x.dtype() == DType::bf16 || x.dtype() == DType::f8_e4m3 || x.dtype() == DType::f8_e5m2;
  if (!packed && !narrow) return numpy.attr("asarray")(nb::steal(PyMemoryView_FromObject(nb::cast(x).ptr())));
  nb::object extension;
  try {
    extension = nb::module_::import_("ml_dtypes").attr(name);
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_ImportError)) throw;
    raise(PyExc_TypeError, "NumPy has no %s: install ml_dtypes, or convert with ingot.astype", name);
  }
  Tensor integers;
  if (packed) {
    integers = released([&] { return astype(x, DType::i8); });
  } else {
    const Ref<TensorMeta> meta(new TensorMeta);
    meta->storage = x.storage();
    meta->shape = x.shape();
    meta->strides = x.strides();
    meta->offset = x.meta().offset;
    meta->byte_offset = x.meta().byte_offset;
    meta->dtype = x.dtype() == DType::bf16 ? DType::u16 : DType::u8;
    integers = Tensor(Ref<const TensorMeta>(meta.get()));
  }
  return numpy_view(integers).attr("view")(extension);
}

nb::object to_numpy(const Tensor& x, nb::handle dtype, std::optional<bool> copy) {
  if (x.is_quantized()) raise(PyExc_TypeError, "%s is encoded: use ingot.dequantize", describe(x).c_str());
  if (bit_width(x.dtype()) < 8 && copy == false)
    raise(PyExc_ValueError, "copy=False, but NumPy holds %s in a byte each", dtype_name(x.dtype()));
  const nb::object array = numpy_view(x);
  if (dtype.is_none() || array.attr("dtype").equal(dtype)) return copy == true ? array.attr("copy")() : array;
  if (copy == false) raise(PyExc_ValueError, "copy=False, but the dtype changes from %s", dtype_name(x.dtype()));
  return array.attr("astype")(dtype);
}

}  // namespace

void bind_exchange(nb::module_& m, nb::class_<Tensor>& cls) {
  cls.def("__dlpack__", &to_dlpack, nb::kw_only(), "stream"_a = nb::none(), "max_version"_a = nb::none(),
          "dl_device"_a = nb::none(), "copy"_a = nb::none(),
          R"(A capsule over the tensor's memory, for from_dlpack of other libraries.

Raises BufferError for a quantized tensor, for another device, and for a read-only tensor without max_version ≥ (1, 0).

>>> import ingot, numpy
>>> numpy.from_dlpack(ingot.asarray([1, 2, 3])).sum()
np.int64(6)
)")
      .def("__dlpack_device__", &dlpack_device, nb::sig("def __dlpack_device__(self) -> tuple[int, int]"),
           R"(Where the tensor lives, in DLPack's numbers: (1, 0) is the CPU.

>>> import ingot
>>> ingot.zeros((2,)).__dlpack_device__()
(1, 0)
)")
      .def("__array__", &to_numpy, "dtype"_a = nb::none(), "copy"_a = nb::none(),
           R"(A NumPy array over the tensor's memory, read-only where the tensor is.

bfloat16, the 8-bit floats, int4 and int2 are ml_dtypes' and raise TypeError where that is not installed; the last two
are copied. Raises TypeError for a quantized tensor, ValueError where copy=False cannot be kept.

>>> import ingot, numpy
>>> numpy.asarray(ingot.asarray([1.5, 2.5], dtype="bfloat16"))
array([1.5, 2.5], dtype=bfloat16)
)");

  m.def("asarray", &asarray, nb::arg(), nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
        "copy"_a = nb::none(),
        nb::sig("def asarray(obj: object, /, *, dtype: ingot._typing.DTypeLike | None = None, device: Device | str | "
                "None = None, copy: bool | None = None) -> Tensor"),
        R"(A tensor of a number, nested lists, or an array.

Arrays of NumPy (with ml_dtypes' dtypes), PyTorch and others, and objects with the buffer protocol share their memory
unless `copy` is True or the dtype changes; read-only memory stays so. Python's bool gives bool, int int64, float
float32; float64 arrays stay float64. Raises TypeError for what is no number, ValueError for ragged lists and where
copy=False cannot be kept, OverflowError for an integer that does not fit.

>>> import ingot
>>> ingot.asarray([[1, 2], [3, 4]]).dtype, ingot.asarray(0.5).shape
(ingot.int64, ())
>>> ingot.asarray([1, 2], dtype="float16").tolist()
[1.0, 2.0]
)");
  m.def("from_dlpack", &from_dlpack, nb::arg(), nb::kw_only(), "device"_a = nb::none(), "copy"_a = nb::none(),
        nb::sig(
            "def from_dlpack(x: object, /, *, device: Device | str | None = None, copy: bool | None = None) -> Tensor"),
        R"(A tensor over the memory of any object with __dlpack__.

Raises BufferError for memory that is not the CPU's and for elements that are no dtype of ingot.

>>> import ingot, numpy
>>> array = numpy.arange(3)
>>> x = ingot.from_dlpack(array)
>>> array[0] = 7
>>> x.tolist()
[7, 1, 2]
)");
}

}  // namespace ingot::python
