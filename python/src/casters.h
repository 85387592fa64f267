// How Python values become arguments of the library. Every operation's binding includes this and nothing of nanobind
// beside it but what it returns.
//
// Conversions happen when the argument is used, not while nanobind tries overloads: so a wrong value raises an error of
// ours that says what was expected, and no function may be overloaded on these types. It also means that they need the
// GIL: release it inside the function (released() or without_gil() of gil.h), never with nb::call_guard.
#pragma once

#include <nanobind/nanobind.h>

#include <optional>

#include "ingot/device.h"
#include "ingot/dtype.h"
#include "ingot/encoding.h"
#include "ingot/ops/operand.h"
#include "ingot/tensor.h"

namespace ingot::python {

namespace nb = nanobind;
using namespace nb::literals;

/// A DType of this package, one of NumPy's or ml_dtypes' (np.float32, np.dtype("float32")) or a name ("float32",
/// "f32").
DType to_dtype(nb::handle source);
/// "float32", as the array API names it.
const char* dtype_name(DType dtype) noexcept;
/// The one object that stands for a dtype.
nb::object dtype_object(DType dtype);

/// An int, or a sequence of ints: sizes or axes. bool and float are refused; whatever has __index__ is an int.
Shape to_shape(nb::handle source);
nb::object shape_object(const Shape& shape);
/// None for all axes, an int, or a sequence of ints.
Axes to_axes(nb::handle source);

/// A Device, or its name.
Device to_device(nb::handle source);
nb::object device_object(Device device);

/// An Encoding, or the name of a scheme ("Q8_0").
Scheme to_scheme(nb::handle source);

/// ingot.Tensor, once bind_tensor has made it: comparing with it is quicker than nanobind's look-up.
inline PyTypeObject* tensor_type = nullptr;

/// None for a tensor that is undefined.
inline nb::object optional_object(const Tensor& x) { return x.defined() ? nb::cast(x) : nb::none(); }

/// An operand with what it refers to.
struct HeldOperand {
  Tensor array;  // of another library, as a tensor over the same memory
  ingot::Operand operand = false;
};
/// A tensor (this package's, or whatever asarray takes without copying) or a Python number; false for neither.
bool hold_operand(nb::handle source, HeldOperand& held);
/// The same; throws TypeError for neither.
Operand to_operand(nb::handle source, HeldOperand& held);

/// Holds the object until the value is asked for. None gives the empty optional.
template <class T, T (*convert)(nb::handle)>
struct DeferredCaster {
  nb::handle source;
  template <class U>
  using Cast = T;
  template <class U>
  static constexpr bool can_cast() {
    return true;
  }
  bool from_python(nb::handle object, std::uint32_t, nb::detail::cleanup_list*) noexcept {
    source = object;
    return true;
  }
  operator T() { return convert(source); }  // NOLINT(google-explicit-constructor): what nanobind calls
};

template <class T, T (*convert)(nb::handle)>
std::optional<T> unless_none(nb::handle source) {
  if (source.is_none()) return {};
  return convert(source);
}

}  // namespace ingot::python

namespace nanobind::detail {

// One row each: type, its conversion, its object, what signatures show for parameters and for results.
#define INGOT_CASTER(Type, convert, object, input, output)                                                  \
  template <>                                                                                               \
  struct type_caster<Type> : ingot::python::DeferredCaster<Type, convert> {                                 \
    static constexpr auto Name = io_name(input, output);                                                    \
    static handle from_cpp(const Type& value, rv_policy, cleanup_list*) { return object(value).release(); } \
  };                                                                                                        \
  template <>                                                                                               \
  struct type_caster<std::optional<Type>>                                                                   \
      : ingot::python::DeferredCaster<std::optional<Type>, ingot::python::unless_none<Type, convert>> {     \
    static constexpr auto Name = io_name(input " | None", output " | None");                                \
    static handle from_cpp(const std::optional<Type>& value, rv_policy, cleanup_list*) {                    \
      return value ? object(*value).release() : none().release();                                           \
    }                                                                                                       \
  };

INGOT_CASTER(ingot::DType, ingot::python::to_dtype, ingot::python::dtype_object, "ingot._typing.DTypeLike",
             "ingot._ingot.DType")
INGOT_CASTER(ingot::Shape, ingot::python::to_shape, ingot::python::shape_object, "ingot._typing.ShapeLike",
             "tuple[int, ...]")
INGOT_CASTER(ingot::Device, ingot::python::to_device, ingot::python::device_object, "ingot._ingot.Device | str",
             "ingot._ingot.Device")
#undef INGOT_CASTER

template <>
struct type_caster<ingot::Axes> : ingot::python::DeferredCaster<ingot::Axes, ingot::python::to_axes> {
  static constexpr auto Name = const_name("ingot._typing.ShapeLike");
};

template <>
struct type_caster<ingot::Scheme> : ingot::python::DeferredCaster<ingot::Scheme, ingot::python::to_scheme> {
  static constexpr auto Name = const_name("ingot._ingot.Encoding | str");
};

template <>
struct type_caster<ingot::Operand> {
  static constexpr auto Name = const_name("ingot._typing.Operand");
  template <class U>
  using Cast = ingot::Operand;
  template <class U>
  static constexpr bool can_cast() {
    return true;
  }
  bool from_python(handle object, std::uint32_t, cleanup_list*) noexcept {
    source = object;
    return true;
  }
  operator ingot::Operand() { return ingot::python::to_operand(source, held); }  // NOLINT(google-explicit-constructor)

  handle source;
  ingot::python::HeldOperand held;
};

}  // namespace nanobind::detail
