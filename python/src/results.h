// Functions with several results return the named tuples of ingot/_results.py.
#pragma once

#include <nanobind/nanobind.h>

namespace ingot::python {

/// `parts` as the named tuple `type`.
template <class... Parts>
nanobind::object named(const char* type, const Parts&... parts) {
  return nanobind::module_::import_("ingot._results").attr(type)(parts...);
}

}  // namespace ingot::python
