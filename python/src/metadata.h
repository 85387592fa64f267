// Metadata of weight files as Python's dict.
#pragma once

#include <nanobind/nanobind.h>

#include "ingot/metadata.h"

namespace ingot::python {

nanobind::dict from_metadata(const Metadata& metadata);
/// Throws TypeError for a value that is no number, string or list of one kind of them.
Metadata to_metadata(const nanobind::dict& source);

}  // namespace ingot::python
