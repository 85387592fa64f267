// The extension module ingot._ingot.
#include <nanobind/stl/string_view.h>

#include "bind.h"
#include "ingot/version.h"

NB_MODULE(_ingot, m) {
  using namespace ingot::python;
  // Tensors that live until the interpreter ends are no mistake, and a library does not print.
  nanobind::set_leak_warnings(false);
  m.doc() = "The compiled part of ingot.";
  m.attr("__version__") = ingot::version();
  bind_errors();
  bind_dtype(m);
  bind_device(m);
  bind_encoding(m);
  auto tensor = bind_tensor(m);
  bind_views(tensor);
  bind_indexing(tensor);
  bind_values(tensor);
  bind_exchange(m, tensor);
  bind_pickle(m, tensor);
  bind_creation(m);
  bind_checkpoint(m);
  bind_elementwise(m, tensor);
  bind_dtypes(m, tensor);
  bind_dtype_functions(m);
  bind_quantization(m);
  bind_index_functions(m);
  bind_manipulation(m);
  bind_linalg(m);
  bind_decompositions(m);
  bind_nn(m);
  bind_random(m);
  bind_searching(m);
  bind_reductions(m);
  bind_sorting(m);
  bind_sets(m);
}
