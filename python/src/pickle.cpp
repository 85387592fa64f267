// Pickling: the elements' bytes (out of band with protocol 5) and what they are.
#include <optional>
#include <string>
#include <string_view>

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include "bind.h"
#include "casters.h"
#include "errors.h"
#include "exchange.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

nb::object reduce(const Tensor& x, int protocol) {
  const nb::module_ functions = nb::module_::import_("ingot._pickle");
  if (x.is_quantized() && affine_codes(x.encoding()->scheme())) {
    const AffineParts parts = affine_parts(x);
    return nb::make_tuple(functions.attr("rebuild_affine"),
                          nb::make_tuple(parts.codes, parts.scale, optional_object(parts.zero_point)));
  }
  const Tensor bytes = bytes_of(x.is_quantized() ? x : released([&] { return contiguous(x); }));
  const nb::object held = nb::cast(bytes);
  const nb::object content = protocol >= 5 ? nb::module_::import_("pickle").attr("PickleBuffer")(held)
                                           : nb::steal(PyBytes_FromObject(held.ptr()));
  if (!content) throw nb::python_error();
  nb::object encoding = nb::none();
  if (const Encoding* e = x.encoding())
    encoding = nb::make_tuple(to_string(e->scheme()), to_string(e->packing()), e->scale());
  return nb::make_tuple(functions.attr("rebuild"), nb::make_tuple(content, x.dtype(), x.shape(), encoding));
}

Tensor rebuild(nb::handle content, DType dtype, const Shape& shape, nb::handle encoding) {
  const auto bytes = from_buffer(content);
  if (!bytes || !bytes->is_contiguous()) raise(PyExc_TypeError, "bytes expected, found %R", content.ptr());
  if (encoding.is_none()) return Tensor::view_of(bytes->storage(), 0, shape, dtype);
  const auto scheme = scheme_from_string(nb::cast<std::string_view>(encoding[0]));
  const auto packing = packing_from_string(nb::cast<std::string_view>(encoding[1]));
  if (!scheme || !packing) raise(PyExc_ValueError, "no encoding is %R", encoding.ptr());
  const auto held =
      *scheme == Scheme::i2_s ? Encoding::i2_s(*packing, nb::cast<float>(encoding[2])) : Encoding::of(*scheme);
  return Tensor::view_of(bytes->storage(), 0, shape, held);
}

}  // namespace

void bind_pickle(nb::module_& m, nb::class_<Tensor>& cls) {
  cls.def("__reduce_ex__", &reduce, "protocol"_a);
  m.def("_rebuild", &rebuild, "content"_a, "dtype"_a, "shape"_a, "encoding"_a.none());
}

}  // namespace ingot::python
