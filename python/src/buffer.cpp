// The buffer protocol, both ways. Writes through a lent buffer are the borrower's: they are not seen by version().
#include <array>
#include <bit>
#include <memory>
#include <string_view>

#include "casters.h"
#include "errors.h"
#include "exchange.h"
#include "gil.h"
#include "ingot/ops/dlpack.h"

namespace ingot::python {
namespace {

// In the order of INGOT_DTYPES; null: the struct module has no letter for it.
constexpr std::array<const char*, dtype_count> formats = {
    "?", "B", "H", "I", "Q", "b", "h", "i", "q", nullptr, nullptr, "e", nullptr, "f", "d", nullptr, nullptr};

std::optional<DType> dtype_of_format(std::string_view format, Py_ssize_t itemsize) {
  if (!format.empty() &&
      (format[0] == '@' || format[0] == '=' || format[0] == (std::endian::native == std::endian::little ? '<' : '>')))
    format.remove_prefix(1);
  if (format.size() != 1) return {};
  const auto sized = [&](Kind wanted) -> std::optional<DType> {
    for (int i = 0; i < dtype_count; ++i) {
      const auto dtype = static_cast<DType>(i);
      if (formats[static_cast<std::size_t>(i)] && kind(dtype) == wanted && bit_width(dtype) == 8 * itemsize)
        return dtype;
    }
    return {};
  };
  // l and L are 4 or 8 bytes, so the size decides, not the letter.
  constexpr auto npos = std::string_view::npos;
  if (format == "?") return sized(Kind::boolean);
  if (std::string_view("bhilqn").find(format) != npos) return sized(Kind::signed_integer);
  if (std::string_view("BHILQN").find(format) != npos) return sized(Kind::unsigned_integer);
  if (std::string_view("efd").find(format) != npos) return sized(Kind::floating);
  return {};
}

struct ReleaseBuffer {
  void operator()(Py_buffer* view) const {
    if (!python_alive()) return;
    const nb::gil_scoped_acquire acquire;
    PyBuffer_Release(view);
    delete view;
  }
};

// What a lent buffer's shape and strides (in bytes) stand in.
struct LentShape {
  std::array<Py_ssize_t, max_rank> shape, strides;
};

}  // namespace

std::optional<Tensor> from_buffer(nb::handle source) {
  if (!PyObject_CheckBuffer(source.ptr())) return {};
  auto* raw = new Py_buffer{};
  if (PyObject_GetBuffer(source.ptr(), raw, PyBUF_STRIDED_RO | PyBUF_FORMAT) != 0) {
    delete raw;
    PyErr_Clear();  // an array of a dtype that the protocol has no letter for
    return {};
  }
  std::shared_ptr<Py_buffer> view(raw, ReleaseBuffer{});
  const auto dtype = dtype_of_format(view->format ? view->format : "B", view->itemsize);
  if (!dtype) raise(PyExc_TypeError, "elements of format '%s' are no dtype of ingot", view->format);
  Shape shape, strides;
  for (int i = 0; i < view->ndim; ++i) shape.push_back(view->shape[i]);
  bool whole = true;  // fields of records lie at strides that are no multiple of their size
  for (int i = 0; i < view->ndim; ++i) {
    whole = whole && view->strides[i] % view->itemsize == 0;
    strides.push_back(view->strides[i] / view->itemsize);
  }
  if (!whole) {
    const Tensor copy = Tensor::empty(shape, *dtype);
    if (PyBuffer_ToContiguous(copy.mutable_bytes(), view.get(), view->len, 'C') != 0) throw nb::python_error();
    return copy;
  }
  const bool read_only = view->readonly;
  void* data = view->buf;
  return borrow_strided(data, shape, strides, *dtype, [view = std::move(view)](void*) {}, read_only);
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) noexcept {
  view->obj = nullptr;
  return guarded(-1, [&] {
    const Tensor& x = *nb::inst_ptr<Tensor>(self);
    if (x.is_quantized()) raise(PyExc_BufferError, "%s is encoded: use ingot.dequantize", describe(x).c_str());
    const char* format = formats[static_cast<std::size_t>(x.dtype())];
    if (!format)
      raise(PyExc_BufferError, "the buffer protocol has no format for %s: use numpy.asarray or DLPack",
            dtype_name(x.dtype()));
    if (x.device() != cpu_device) raise(PyExc_BufferError, "the tensor is not in the CPU's memory");
    const bool read_only = x.storage()->read_only();
    if ((flags & PyBUF_WRITABLE) && read_only) raise(PyExc_BufferError, "the tensor is read-only");
    const bool strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES;
    const bool wants_rows = !strides || (flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS ||
                            (flags & PyBUF_ANY_CONTIGUOUS) == PyBUF_ANY_CONTIGUOUS;
    const bool wants_columns = (flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS;
    if ((wants_rows && !x.is_contiguous()) || (wants_columns && x.rank() > 1))
      raise(PyExc_BufferError, "%s is not contiguous in the order asked for", describe(x).c_str());

    const std::int64_t itemsize = bit_width(x.dtype()) / 8;
    auto lent = std::make_unique<LentShape>();
    for (int i = 0; i < x.rank(); ++i) {
      lent->shape[static_cast<std::size_t>(i)] = x.shape()[i];
      lent->strides[static_cast<std::size_t>(i)] = x.strides()[i] * itemsize;
    }
    view->buf = const_cast<std::byte*>(x.bytes());
    view->len = static_cast<Py_ssize_t>(x.nbytes());
    view->itemsize = itemsize;
    view->readonly = read_only;
    view->ndim = x.rank();
    view->format = flags & PyBUF_FORMAT ? const_cast<char*>(format) : nullptr;
    view->shape = flags & PyBUF_ND ? lent->shape.data() : nullptr;
    view->strides = strides ? lent->strides.data() : nullptr;
    view->suboffsets = nullptr;
    view->internal = lent.release();
    view->obj = Py_NewRef(self);
    return 0;
  });
}

void release_buffer(PyObject*, Py_buffer* view) noexcept { delete static_cast<LentShape*>(view->internal); }

}  // namespace ingot::python
