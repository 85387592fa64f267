// Tensor's operators. Type slots rather than methods: Python calls them without looking up a name or parsing arguments.
#include "operators.h"

#include <algorithm>
#include <utility>

#include "casters.h"
#include "errors.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

// The number of elements, or one large enough whose square does not overflow.
std::int64_t bounded_size(const Operand& operand) {
  return operand.is_tensor() ? std::min<std::int64_t>(operand.tensor().numel(), 1 << 20) : 1;
}

// nb::cast without looking the type up.
PyObject* object_of(Tensor&& x) {
  nb::object object = nb::inst_alloc(reinterpret_cast<PyObject*>(tensor_type));
  new (nb::inst_ptr<Tensor>(object)) Tensor(std::move(x));
  nb::inst_mark_ready(object);
  return object.release().ptr();
}

template <Tensor (*operation)(const Operand&, const Operand&)>
PyObject* binary(PyObject* left, PyObject* right) noexcept {
  return guarded<PyObject*>(nullptr, [&] {
    HeldOperand a, b;
    if (!hold_operand(left, a) || !hold_operand(right, b)) return Py_NewRef(Py_NotImplemented);
    // Broadcasting gives at most the product of both sizes.
    const std::int64_t elements = bounded_size(a.operand) * bounded_size(b.operand);
    return object_of(released_for(elements, [&] { return operation(a.operand, b.operand); }));
  });
}

// left is a tensor and is written.
template <void (*operation)(const Operand&, const Operand&, Out)>
PyObject* in_place(PyObject* left, PyObject* right) noexcept {
  return guarded<PyObject*>(nullptr, [&] {
    HeldOperand a, b;
    if (!hold_operand(left, a) || !hold_operand(right, b)) return Py_NewRef(Py_NotImplemented);
    released_for(bounded_size(a.operand), [&] { operation(a.operand, b.operand, Out(a.operand.tensor())); });
    return Py_NewRef(left);
  });
}

template <Tensor (*operation)(const Tensor&)>
PyObject* unary(PyObject* self) noexcept {
  return guarded<PyObject*>(nullptr, [&] {
    HeldOperand x;
    hold_operand(self, x);
    return object_of(released_for(bounded_size(x.operand), [&] { return operation(x.operand.tensor()); }));
  });
}

PyObject* power(PyObject* left, PyObject* right, PyObject*) noexcept { return binary<pow>(left, right); }
PyObject* power_in_place(PyObject* left, PyObject* right, PyObject*) noexcept { return in_place<pow>(left, right); }

PyObject* compare(PyObject* left, PyObject* right, int comparison) noexcept {
  switch (comparison) {
    case Py_LT: return binary<less>(left, right);
    case Py_LE: return binary<less_equal>(left, right);
    case Py_EQ: return binary<equal>(left, right);
    case Py_NE: return binary<not_equal>(left, right);
    case Py_GT: return binary<greater>(left, right);
    default: return binary<greater_equal>(left, right);
  }
}

// By identity: == compares elements.
Py_hash_t hash(PyObject* self) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(self);
  const auto value = static_cast<Py_hash_t>(address >> 4 | address << (8 * sizeof address - 4));
  return value == -1 ? -2 : value;
}

PyObject* matrix_product(PyObject* left, PyObject* right) noexcept {
  return guarded<PyObject*>(nullptr, [&] {
    HeldOperand a, b;
    if (!hold_operand(left, a) || !hold_operand(right, b) || !a.operand.is_tensor() || !b.operand.is_tensor())
      return Py_NewRef(Py_NotImplemented);
    return object_of(released([&] { return matmul(a.operand.tensor(), b.operand.tensor()); }));
  });
}

template <class Function>
PyType_Slot slot(int id, Function* function) noexcept {
  return {id, reinterpret_cast<void*>(function)};
}

}  // namespace

std::vector<PyType_Slot> operator_slots() {
  return {
      slot(Py_nb_add, binary<add>),
      slot(Py_nb_subtract, binary<subtract>),
      slot(Py_nb_multiply, binary<multiply>),
      slot(Py_nb_true_divide, binary<divide>),
      slot(Py_nb_floor_divide, binary<floor_divide>),
      slot(Py_nb_remainder, binary<remainder>),
      slot(Py_nb_power, power),
      slot(Py_nb_and, binary<bitwise_and>),
      slot(Py_nb_or, binary<bitwise_or>),
      slot(Py_nb_xor, binary<bitwise_xor>),
      slot(Py_nb_lshift, binary<bitwise_left_shift>),
      slot(Py_nb_rshift, binary<bitwise_right_shift>),
      slot(Py_nb_inplace_add, in_place<add>),
      slot(Py_nb_inplace_subtract, in_place<subtract>),
      slot(Py_nb_inplace_multiply, in_place<multiply>),
      slot(Py_nb_inplace_true_divide, in_place<divide>),
      slot(Py_nb_inplace_floor_divide, in_place<floor_divide>),
      slot(Py_nb_inplace_remainder, in_place<remainder>),
      slot(Py_nb_inplace_power, power_in_place),
      slot(Py_nb_inplace_and, in_place<bitwise_and>),
      slot(Py_nb_inplace_or, in_place<bitwise_or>),
      slot(Py_nb_inplace_xor, in_place<bitwise_xor>),
      slot(Py_nb_inplace_lshift, in_place<bitwise_left_shift>),
      slot(Py_nb_inplace_rshift, in_place<bitwise_right_shift>),
      slot(Py_nb_negative, unary<negative>),
      slot(Py_nb_positive, unary<positive>),
      slot(Py_nb_absolute, unary<abs>),
      slot(Py_nb_invert, unary<bitwise_invert>),
      slot(Py_nb_matrix_multiply, matrix_product),
      slot(Py_tp_richcompare, compare),
      slot(Py_tp_hash, hash),
  };
}

}  // namespace ingot::python
