// ingot::Error arrives in Python as the class of ingot/_errors.py that fits its code.
#include "errors.h"

#include <nanobind/nanobind.h>

#include <new>
#include <string>

#include "bind.h"
#include "ingot/error.h"

namespace ingot::python {
namespace {

// A missing key is not a missing file, though the library calls both not_found.
const char* class_name(const Error& error) {
  switch (error.code()) {
    case ErrorCode::invalid_argument: return "InvalidArgumentError";
    case ErrorCode::shape_mismatch: return "ShapeError";
    case ErrorCode::dtype_mismatch: return "DTypeError";
    case ErrorCode::out_of_range: return "OutOfRangeError";
    case ErrorCode::not_found: {
      const bool key = error.operation() == "Checkpoint::get" || error.operation() == "Metadata";
      return key ? "MissingKeyError" : "NotFoundError";
    }
    case ErrorCode::invalid_file: return "InvalidFileError";
    case ErrorCode::io: return "FileError";
    case ErrorCode::out_of_memory: return "OutOfMemoryError";
    case ErrorCode::not_implemented: return "UnsupportedError";
    case ErrorCode::internal: return "InternalError";
  }
  return "InternalError";
}

nb::str text(std::string_view view) {
  // Names out of broken files need not be UTF-8.
  return nb::steal<nb::str>(
      PyUnicode_DecodeUTF8(view.data(), static_cast<Py_ssize_t>(view.size()), "backslashreplace"));
}

void set_error(const Error& error) {
  const nb::object cls = nb::module_::import_("ingot._errors").attr(class_name(error));
  PyErr_SetObject(cls.ptr(),
                  nb::make_tuple(text(to_string(error.code())), text(error.operation()), text(error.message())).ptr());
}

}  // namespace

void set_error_from_current_exception() noexcept {
  try {
    try {
      throw;
    } catch (const Error& error) {
      set_error(error);
    }
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const nb::builtin_exception& error) {
    switch (error.type()) {
      case nb::exception_type::type_error: PyErr_SetString(PyExc_TypeError, error.what()); break;
      case nb::exception_type::value_error: PyErr_SetString(PyExc_ValueError, error.what()); break;
      case nb::exception_type::buffer_error: PyErr_SetString(PyExc_BufferError, error.what()); break;
      default: PyErr_SetString(PyExc_RuntimeError, error.what());
    }
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
}

void bind_errors() {
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const Error& error) {
      set_error(error);
    }
  });
}

}  // namespace ingot::python
