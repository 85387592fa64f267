// The sections of the module, one a file, in the order they are bound.
#pragma once

#include <nanobind/nanobind.h>

#include "ingot/tensor.h"

namespace ingot::python {

namespace nb = nanobind;

void bind_errors();
void bind_dtype(nb::module_& m);
void bind_device(nb::module_& m);
void bind_encoding(nb::module_& m);

/// Defines the class. What follows adds methods to it and functions to the module.
nb::class_<Tensor> bind_tensor(nb::module_& m);
void bind_views(nb::class_<Tensor>& cls);
void bind_indexing(nb::class_<Tensor>& cls);
void bind_values(nb::class_<Tensor>& cls);
void bind_exchange(nb::module_& m, nb::class_<Tensor>& cls);
void bind_pickle(nb::module_& m, nb::class_<Tensor>& cls);
void bind_creation(nb::module_& m);
void bind_checkpoint(nb::module_& m);

// Operations, a file a family.
void bind_elementwise(nb::module_& m, nb::class_<Tensor>& cls);
void bind_dtypes(nb::module_& m, nb::class_<Tensor>& cls);
void bind_dtype_functions(nb::module_& m);
void bind_quantization(nb::module_& m);
void bind_index_functions(nb::module_& m);
void bind_manipulation(nb::module_& m);
void bind_linalg(nb::module_& m);
void bind_decompositions(nb::module_& m);
void bind_nn(nb::module_& m);
void bind_random(nb::module_& m);
void bind_searching(nb::module_& m);
void bind_reductions(nb::module_& m);
void bind_sorting(nb::module_& m);
void bind_sets(nb::module_& m);

}  // namespace ingot::python
