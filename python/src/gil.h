// The GIL around the library's work.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <utility>

namespace ingot::python {

/// work(), while other Python threads run. It must not touch Python objects.
template <class Work>
decltype(auto) released(Work&& work) {
  nanobind::gil_scoped_release release;
  return std::forward<Work>(work)();
}

/// work() on so many elements. Below some thousands the GIL is kept: to let go of it and take it back costs about as
/// much as adding a thousand numbers.
template <class Work>
decltype(auto) released_for(std::int64_t elements, Work&& work) {
  constexpr std::int64_t few = 4096;
  if (elements < few) return std::forward<Work>(work)();
  return released(std::forward<Work>(work));
}

/// A function of the library as nanobind shall call it: arguments are converted first, then the GIL is released.
template <class Result, class... Args>
auto without_gil(Result (*function)(Args...)) {
  return [function](Args... args) -> Result {
    nanobind::gil_scoped_release release;
    return function(std::forward<Args>(args)...);
  };
}

template <class Result, class Class, class... Args>
auto without_gil(Result (Class::*method)(Args...) const) {
  return [method](const Class& self, Args... args) -> Result {
    nanobind::gil_scoped_release release;
    return (self.*method)(std::forward<Args>(args)...);
  };
}

/// Whether Python objects may be touched once the GIL is held: not while the interpreter shuts down.
inline bool python_alive() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsInitialized() && !Py_IsFinalizing();
#else
  return Py_IsInitialized();
#endif
}

}  // namespace ingot::python
