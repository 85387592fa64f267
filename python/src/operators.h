// The operators of ingot.Tensor as slots of its type.
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

namespace ingot::python {

std::vector<PyType_Slot> operator_slots();

}  // namespace ingot::python
