#include "metadata.h"

#include <nanobind/stl/string.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "casters.h"
#include "errors.h"

namespace ingot::python {
namespace {

nb::object from_value(const Value& value);

nb::object from_array(const Array& array) {
  nb::list list;
  std::visit(
      [&]<class T>(const std::vector<T>& values) {
        for (const auto& value : values) {
          if constexpr (std::is_same_v<T, Array>)
            list.append(from_array(value));
          else if constexpr (std::is_same_v<T, std::string>)
            list.append(from_value(Value(value)));
          else
            list.append(nb::cast(static_cast<T>(value)));
        }
      },
      array.values);
  return list;
}

nb::object from_value(const Value& value) {
  return std::visit(
      []<class T>(const T& held) -> nb::object {
        if constexpr (std::is_same_v<T, Array>) return from_array(held);
        // Files may hold what is no UTF-8: such bytes come as lone surrogates and go back as they were.
        else if constexpr (std::is_same_v<T, std::string>)
          return nb::steal(PyUnicode_DecodeUTF8(held.data(), static_cast<Py_ssize_t>(held.size()), "surrogateescape"));
        else
          return nb::cast(held);
      },
      value);
}

std::string to_text(nb::handle source) {
  const nb::object bytes = nb::steal(PyUnicode_AsEncodedString(source.ptr(), "utf-8", "surrogateescape"));
  if (!bytes) throw nb::python_error();
  return {PyBytes_AsString(bytes.ptr()), static_cast<std::size_t>(PyBytes_Size(bytes.ptr()))};
}

// The types that hold the integers from `low` to `high`, the most usual in GGUF first.
template <class Make>
auto with_integer_type(std::int64_t low, std::uint64_t high, Make make) {
  if (low >= 0 && high <= std::numeric_limits<std::uint32_t>::max()) return make(std::uint32_t{});
  if (low >= std::numeric_limits<std::int32_t>::min() && high <= std::numeric_limits<std::int32_t>::max())
    return make(std::int32_t{});
  if (high <= std::numeric_limits<std::int64_t>::max()) return make(std::int64_t{});
  return make(std::uint64_t{});
}

// An integer's value: as itself where it is negative, else as unsigned.
std::pair<std::int64_t, std::uint64_t> integer(nb::handle source) {
  const nb::object zero = nb::int_(0);
  if (PyObject_RichCompareBool(source.ptr(), zero.ptr(), Py_LT) == 1) {
    const long long value = PyLong_AsLongLong(source.ptr());
    if (value == -1 && PyErr_Occurred()) throw nb::python_error();
    return {value, 0};
  }
  const unsigned long long value = PyLong_AsUnsignedLongLong(source.ptr());
  if (PyErr_Occurred()) throw nb::python_error();
  return {0, value};
}

template <class T>
T as(nb::handle source) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (!PyUnicode_Check(source.ptr())) raise(PyExc_TypeError, "a list of str holds %R", source.ptr());
    return to_text(source);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!PyBool_Check(source.ptr())) raise(PyExc_TypeError, "a list of bool holds %R", source.ptr());
    return source.ptr() == Py_True;
  } else if constexpr (std::is_floating_point_v<T>) {
    const double value = PyFloat_AsDouble(source.ptr());
    if (value == -1 && PyErr_Occurred()) throw nb::python_error();
    return static_cast<T>(value);
  } else {
    if (PyBool_Check(source.ptr()) || !PyLong_Check(source.ptr()))
      raise(PyExc_TypeError, "a list of int holds %R", source.ptr());
    const auto [low, high] = integer(source);
    return low < 0 ? static_cast<T>(low) : static_cast<T>(high);
  }
}

template <class T>
Array array_of(nb::handle list) {
  std::vector<T> values;
  for (const nb::handle item : list) values.push_back(as<T>(item));
  return {std::move(values)};
}

Array to_array(nb::handle list) {
  const nb::object first = nb::len(list) ? nb::object(list[0]) : nb::none();
  if (first.is_none()) return {std::vector<std::string>{}};
  if (PyBool_Check(first.ptr())) return array_of<bool>(list);
  if (PyUnicode_Check(first.ptr())) return array_of<std::string>(list);
  if (PyList_Check(first.ptr()) || PyTuple_Check(first.ptr())) {
    std::vector<Array> arrays;
    for (const nb::handle item : list) {
      if (!PyList_Check(item.ptr()) && !PyTuple_Check(item.ptr()))
        raise(PyExc_TypeError, "a list of lists holds %R", item.ptr());
      arrays.push_back(to_array(item));
    }
    return {std::move(arrays)};
  }
  bool whole = true;
  for (const nb::handle item : list) whole = whole && !PyFloat_Check(item.ptr());
  if (!whole) return array_of<float>(list);
  std::int64_t low = 0;
  std::uint64_t high = 0;
  for (const nb::handle item : list) {
    if (!PyLong_Check(item.ptr())) raise(PyExc_TypeError, "metadata cannot hold %R", item.ptr());
    const auto [below, above] = integer(item);
    low = std::min(low, below), high = std::max(high, above);
  }
  return with_integer_type(low, high, [&]<class T>(T) { return array_of<T>(list); });
}

// A NumPy scalar's own type.
std::optional<Value> typed_value(nb::handle source) {
  const nb::object dtype = nb::getattr(source, "dtype", nb::none());
  if (dtype.is_none() || !nb::hasattr(source, "item")) return {};
  const nb::object item = source.attr("item")();
  switch (to_dtype(dtype)) {
    case DType::u8: return as<std::uint8_t>(item);
    case DType::i8: return as<std::int8_t>(item);
    case DType::u16: return as<std::uint16_t>(item);
    case DType::i16: return as<std::int16_t>(item);
    case DType::u32: return as<std::uint32_t>(item);
    case DType::i32: return as<std::int32_t>(item);
    case DType::u64: return as<std::uint64_t>(item);
    case DType::i64: return as<std::int64_t>(item);
    case DType::f32: return as<float>(item);
    case DType::f64: return as<double>(item);
    case DType::bool_: return as<bool>(item);
    default: raise(PyExc_TypeError, "metadata cannot hold %R", source.ptr());
  }
}

Value to_value(nb::handle source) {
  PyObject* object = source.ptr();
  if (auto typed = typed_value(source)) return std::move(*typed);
  if (PyBool_Check(object)) return object == Py_True;
  if (PyUnicode_Check(object)) return to_text(source);
  if (PyFloat_Check(object)) return as<float>(source);
  if (PyList_Check(object) || PyTuple_Check(object)) return to_array(source);
  if (!PyLong_Check(object)) raise(PyExc_TypeError, "metadata cannot hold %R", object);
  const auto [low, high] = integer(source);
  return with_integer_type(low, high, [&]<class T>(T) { return Value(as<T>(source)); });
}

}  // namespace

nb::dict from_metadata(const Metadata& metadata) {
  nb::dict result;
  for (const auto& [key, value] : metadata) result[from_value(Value(key))] = from_value(value);
  return result;
}

Metadata to_metadata(const nb::dict& source) {
  Metadata metadata;
  for (const auto [key, value] : source) {
    if (!PyUnicode_Check(key.ptr())) raise(PyExc_TypeError, "metadata keys are str, found %R", key.ptr());
    metadata.set(to_text(key), to_value(value));
  }
  return metadata;
}

}  // namespace ingot::python
