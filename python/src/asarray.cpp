// Python numbers, nested lists and arrays as tensors.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "casters.h"
#include "errors.h"
#include "exchange.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

bool is_nested(nb::handle source) { return PyList_Check(source.ptr()) || PyTuple_Check(source.ptr()); }

// The numbers of nested lists in row-major order.
class Leaves {
 public:
  explicit Leaves(nb::handle source) {
    for (nb::object level = nb::borrow(source); is_nested(level);) {
      const auto length = static_cast<std::int64_t>(nb::len(level));
      shape_.push_back(length);
      if (length == 0) break;
      level = level[0];
    }
    collect(source, 0);
  }

  /// bool, int64 or float32: the array API's kinds with our default float.
  DType default_dtype() const {
    if (leaves_.empty() || kind_ == Kind::floating) return DType::f32;
    return kind_ == Kind::boolean ? DType::bool_ : DType::i64;
  }

  Tensor tensor(DType dtype) const {
    if (kind_ == Kind::floating || is_floating(dtype)) return astype(doubles(), dtype);
    if (dtype == DType::u64) return unsigned_integers();
    const Tensor wide = Tensor::empty(shape_, DType::i64);
    auto* out = wide.mutable_data<std::int64_t>();
    for (const nb::object& leaf : leaves_) {
      const long long value = PyLong_AsLongLong(leaf.ptr());
      if (value == -1 && PyErr_Occurred()) throw nb::python_error();
      check_range(value, dtype);
      *out++ = value;
    }
    return astype(wide, dtype);
  }

  static void check_range(std::int64_t value, DType dtype) {
    const int bits = bit_width(dtype);
    if (dtype == DType::bool_ || bits == 64) return;
    const bool is_signed = kind(dtype) == Kind::signed_integer;
    const std::int64_t limit = std::int64_t{1} << (is_signed ? bits - 1 : bits);
    if (value >= limit || value < (is_signed ? -limit : 0))
      raise(PyExc_OverflowError, "%lld does not fit %s", static_cast<long long>(value), dtype_name(dtype));
  }

 private:
  // `number` of Python, out of NumPy's and other libraries' 0-d values too.
  nb::object number(nb::handle source) const {
    PyObject* object = source.ptr();
    if (PyBool_Check(object) || PyLong_Check(object) || PyFloat_Check(object)) return nb::borrow(source);
    if (nb::hasattr(source, "item")) {
      nb::object item = source.attr("item")();
      if (PyBool_Check(item.ptr()) || PyLong_Check(item.ptr()) || PyFloat_Check(item.ptr())) return item;
    } else if (PyIndex_Check(object)) {
      return nb::steal(PyNumber_Index(object));
    }
    raise(PyExc_TypeError, "asarray: numbers, nested lists of numbers or arrays expected, found %R of type %U", object,
          name_of_type(source).ptr());
  }

  void collect(nb::handle source, int depth) {
    if (is_nested(source) != (depth < shape_.rank()) ||
        (depth < shape_.rank() && static_cast<std::int64_t>(nb::len(source)) != shape_[depth]))
      raise(PyExc_ValueError, "asarray: the nested lists are ragged: %s expected at depth %d, found %R",
            depth < shape_.rank() ? (std::to_string(shape_[depth]) + " items").c_str() : "a number", depth,
            source.ptr());
    if (depth < shape_.rank()) {
      for (const nb::handle item : source) collect(item, depth + 1);
      return;
    }
    nb::object leaf = number(source);
    if (PyFloat_Check(leaf.ptr()))
      kind_ = Kind::floating;
    else if (!PyBool_Check(leaf.ptr()) && kind_ == Kind::boolean)
      kind_ = Kind::signed_integer;
    leaves_.push_back(std::move(leaf));
  }

  Tensor doubles() const {
    const Tensor wide = Tensor::empty(shape_, DType::f64);
    auto* out = wide.mutable_data<double>();
    for (const nb::object& leaf : leaves_) {
      *out = PyFloat_AsDouble(leaf.ptr());
      if (*out == -1 && PyErr_Occurred()) throw nb::python_error();
      ++out;
    }
    return wide;
  }

  Tensor unsigned_integers() const {
    const Tensor wide = Tensor::empty(shape_, DType::u64);
    auto* out = wide.mutable_data<std::uint64_t>();
    for (const nb::object& leaf : leaves_) {
      *out++ = PyLong_AsUnsignedLongLong(leaf.ptr());
      if (PyErr_Occurred()) throw nb::python_error();
    }
    return wide;
  }

  Shape shape_;
  Kind kind_ = Kind::boolean;
  std::vector<nb::object> leaves_;
};

// Arrays of ml_dtypes refuse the buffer protocol; as integers of the same size they do not.
std::optional<Tensor> from_ml_dtypes(nb::handle source) {
  const nb::object dtype = nb::getattr(source, "dtype", nb::none());
  if (dtype.is_none() || !nb::hasattr(source, "view") || !nb::hasattr(dtype, "itemsize")) return {};
  const DType found = to_dtype(dtype);
  const auto bits_as = [&](const char* integer) { return from_buffer(source.attr("view")(integer)); };
  switch (found) {
    case DType::bf16:
    case DType::f8_e4m3:
    case DType::f8_e5m2: {
      const auto bits = bits_as(found == DType::bf16 ? "uint16" : "uint8");
      if (!bits) return {};
      const Ref<TensorMeta> meta(new TensorMeta);
      meta->storage = bits->storage();
      meta->shape = bits->shape();
      meta->strides = bits->strides();
      meta->offset = bits->meta().offset;
      meta->dtype = found;
      return Tensor(Ref<const TensorMeta>(meta.get()));
    }
    case DType::i4:
    case DType::i2: {
      const auto bytes = bits_as("int8");
      if (!bytes) return {};
      return released([&] { return astype(*bytes, found); });
    }
    default: return {};
  }
}

void refuse_copy(const char* why) { raise(PyExc_ValueError, "asarray: copy=False, but %s", why); }

}  // namespace

std::optional<Tensor> borrowed_array(nb::handle source) {
  if (auto tensor = from_buffer(source)) return tensor;
  if (auto tensor = from_ml_dtypes(source)) return tensor;
  if (nb::hasattr(source, "__dlpack__")) return from_dlpack(source);
  if (nb::hasattr(source, "__array__") && !PyType_Check(source.ptr())) return from_buffer(source.attr("__array__")());
  return {};
}

Tensor bytes_of(const Tensor& x) {
  if (!x.is_contiguous()) throw Error(ErrorCode::invalid_argument, "bytes_of", describe(x) + " is not contiguous");
  const auto begin = static_cast<std::size_t>(x.bytes() - x.storage()->data());
  return Tensor::view_of(x.storage(), x.nbytes() ? begin : 0, Shape{static_cast<std::int64_t>(x.nbytes())}, DType::u8);
}

Tensor clone(const Tensor& x) {
  if (!x.is_quantized()) return astype(x, x.dtype(), true);
  const Tensor bytes = astype(bytes_of(x), DType::u8, true);
  return Tensor::view_of(bytes.storage(), 0, x.shape(), Ref<const Encoding>(x.encoding()));
}

Tensor asarray(nb::handle source, std::optional<DType> dtype, std::optional<Device> device, std::optional<bool> copy) {
  Tensor* own = nullptr;
  std::optional<Tensor> shared;
  if (nb::try_cast(source, own) && own)
    shared = *own;
  else if (!is_nested(source) && !PyFloat_Check(source.ptr()) && !PyLong_Check(source.ptr()))
    shared = borrowed_array(source);
  if (!shared) {
    if (copy == false) refuse_copy("Python numbers have to be copied");
    const Leaves leaves(source);
    return leaves.tensor(dtype.value_or(leaves.default_dtype()));
  }
  if (device && *device != shared->device())
    throw NotImplemented("asarray", "copying from " + to_string(shared->device()) + " to " + to_string(*device));
  const DType target = dtype.value_or(shared->dtype());
  const bool converts = target != shared->dtype() || (dtype && shared->is_quantized());
  if (converts && copy == false) refuse_copy("the dtype changes");
  if (!converts && copy != true) return *shared;
  return released([&] { return converts ? astype(*shared, target, true) : clone(*shared); });
}

}  // namespace ingot::python
