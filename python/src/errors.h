// Exceptions between C++ and Python.
#pragma once

#include <nanobind/nanobind.h>

namespace ingot::python {

/// Sets the Python error for the C++ exception in flight. For slots and callbacks that nanobind does not guard.
void set_error_from_current_exception() noexcept;

/// Raises a Python exception; `format` is PyErr_Format's.
template <class... Args>
[[noreturn]] void raise(PyObject* type, const char* format, Args... args) {
  PyErr_Format(type, format, args...);
  throw nanobind::python_error();
}

/// The name of an object's type, for messages.
inline nanobind::str name_of_type(nanobind::handle object) {
  return nanobind::borrow<nanobind::str>(object.type().attr("__name__"));
}

/// body(), or `failed` with the Python error set.
template <class Result, class Body>
Result guarded(Result failed, Body&& body) noexcept {
  try {
    return body();
  } catch (...) {
    set_error_from_current_exception();
    return failed;
  }
}

}  // namespace ingot::python
