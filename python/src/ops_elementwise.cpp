// The rows of elementwise.def as functions of the module: name(x1, x2, /, *, out=None).
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string_view.h>

#include <array>
#include <string>

#include "bind.h"
#include "casters.h"
#include "exchange.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

// An operand as operators take it, or nested lists.
struct Argument {
  HeldOperand held;
  explicit Argument(nb::handle source) {
    if (PyList_Check(source.ptr()) || PyTuple_Check(source.ptr())) {
      held.array = asarray(source, {}, {}, {});
      held.operand = held.array;
    } else {
      to_operand(source, held);
    }
  }
};

nb::object run(std::size_t row, std::initializer_list<nb::handle> sources, const std::optional<Tensor>& out) {
  std::array<std::optional<Argument>, 3> arguments;
  std::array<const Operand*, 3> operands{};
  std::size_t n = 0;
  std::int64_t elements = 1;
  for (const nb::handle source : sources) {
    const Operand& operand = arguments[n].emplace(source).held.operand;
    if (operand.is_tensor()) elements *= std::min<std::int64_t>(operand.tensor().numel(), 1 << 20);
    operands[n++] = &operand;
  }
  const Tensor result =
      released_for(elements, [&] { return elementwise(row, std::span(operands.data(), n), out ? &*out : nullptr); });
  return nb::cast(result);
}

std::string documentation(const ElementwiseInfo& row) {
  constexpr const char* takes[] = {"floats; integers and bool are computed in float32", "integers and floats",
                                   "integers", "bool and integers", "bool, integers and floats"};
  const std::string name(row.name);
  std::string text = std::string(row.doc) + "\n\nTakes " + takes[static_cast<int>(row.takes)] + ", broadcast; gives " +
                     (row.gives_bool ? "bool" : "the promoted dtype") +
                     ", written into `out` where that is given. Raises TypeError for other dtypes,\nValueError for "
                     "shapes that do not broadcast.\n\n>>> import ingot\n";
  const std::string call = "ingot." + name + "(" + std::string(row.arguments) + ")";
  if (row.result.empty()) return text + ">>> gradient = " + call + "\n";
  return text + ">>> print(" + call + ")\n" + std::string(row.result) + "\n";
}

constexpr const char* keyword_only_out = ", /, *, out: Tensor | None = None) -> Tensor";

// A bound that is not given neither limits nor adds to the dtype.
nb::object clip(nb::handle x, nb::handle low, nb::handle high, const std::optional<Tensor>& out) {
  const Argument value(x), least(low.is_none() ? x : low), greatest(high.is_none() ? x : high);
  const Operand &a = value.held.operand, &b = least.held.operand, &c = greatest.held.operand;
  const auto compute = [&](auto... target) {
    if (low.is_none() && high.is_none()) return maximum(a, a, target...);
    if (low.is_none()) return minimum(a, c, target...);
    if (high.is_none()) return maximum(a, b, target...);
    return ingot::clip(a, b, c, target...);
  };
  return nb::cast(released([&] {
    if (!out) return compute();
    compute(Out(*out));
    return *out;
  }));
}

// A method of Tensor and a function of the module.
void def_in_place(nb::module_& m, nb::class_<Tensor>& cls, const char* name, const char* operation,
                  void (*function)(const Tensor&, const Operand&), const char* example) {
  const std::string text = "x " + std::string(operation) +
                           R"( value, written into x, in its dtype and shape; gives x.

Raises TypeError where the result needs another kind of dtype, ValueError where it needs another shape, and for a tensor
that is read-only or holds elements more than once.

>>> import ingot
>>> x = ingot.asarray([8.0, 4.0])
>>> y = ingot.)" + name + "(x, 2)\n>>> print(x)\n" +
                           example + "\n";
  const auto apply = [function](nb::handle x, const Operand& value) {
    const auto& target = nb::cast<const Tensor&>(x);
    released([&] { function(target, value); });
    return nb::borrow(x);
  };
  const std::string parameters = "value: ingot._typing.Operand, /) -> Tensor", head = "def " + std::string(name);
  cls.def(name, apply, nb::arg(), nb::sig((head + "(self, " + parameters).c_str()), text.c_str());
  m.def(name, apply, nb::arg(), nb::arg(), nb::sig((head + "(x: Tensor, " + parameters).c_str()), text.c_str());
}

}  // namespace

void bind_elementwise(nb::module_& m, nb::class_<Tensor>& cls) {
  const auto table = elementwise_table();
  static constexpr const char* takes[] = {"floating", "numeric", "integer", "bits", "any"};
  nb::class_<ElementwiseInfo>(m, "ElementwiseInfo", R"(What elementwise_table() tells of an operation.

>>> import ingot
>>> ingot.elementwise_table()[0].name
'add'
)")
      .def_prop_ro(
          "name", [](const ElementwiseInfo& row) { return row.name; }, "The function's name.")
      .def_prop_ro(
          "arity", [](const ElementwiseInfo& row) { return row.arity; }, "The number of operands.")
      .def_prop_ro(
          "takes", [](const ElementwiseInfo& row) { return takes[static_cast<int>(row.takes)]; },
          "The dtypes it takes: floating, numeric, integer, bits (integers and bool) or any.")
      .def_prop_ro(
          "gives_bool", [](const ElementwiseInfo& row) { return row.gives_bool; },
          "Whether the result is bool; else it has the operands' promoted dtype.");
  m.def(
      "elementwise_table",
      [] {
        nb::list rows;
        for (const ElementwiseInfo& row : elementwise_table()) rows.append(nb::cast(row));
        return rows;
      },
      nb::sig("def elementwise_table() -> list[ElementwiseInfo]"),
      R"(Every elementwise operation, a row each.

>>> import ingot
>>> next(row.takes for row in ingot.elementwise_table() if row.name == "sqrt")
'floating'
)");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::string name(table[row].name), text = documentation(table[row]);
    const std::string operand = "ingot._typing.Operand", head = "def " + name + "(";
    if (name == "clip") {
      m.def("clip", &clip, nb::arg(), "min"_a = nb::none(), "max"_a = nb::none(), nb::kw_only(), "out"_a = nb::none(),
            nb::sig("def clip(x: ingot._typing.Operand, /, min: ingot._typing.Operand | None = None, max: "
                    "ingot._typing.Operand | None = None, *, out: Tensor | None = None) -> Tensor"),
            text.c_str());
      continue;
    }
    switch (table[row].arity) {
      case 1: {
        const std::string signature = head + "x: " + operand + keyword_only_out;
        m.def(
            name.c_str(), [row](nb::handle x, const std::optional<Tensor>& out) { return run(row, {x}, out); },
            nb::arg(), nb::kw_only(), "out"_a = nb::none(), nb::sig(signature.c_str()), text.c_str());
        break;
      }
      case 2: {
        const std::string signature = head + "x1: " + operand + ", x2: " + operand + keyword_only_out;
        m.def(
            name.c_str(),
            [row](nb::handle x1, nb::handle x2, const std::optional<Tensor>& out) { return run(row, {x1, x2}, out); },
            nb::arg(), nb::arg(), nb::kw_only(), "out"_a = nb::none(), nb::sig(signature.c_str()), text.c_str());
        break;
      }
      default: {
        const std::string signature =
            head + "x1: " + operand + ", x2: " + operand + ", x3: " + operand + keyword_only_out;
        m.def(
            name.c_str(),
            [row](nb::handle x1, nb::handle x2, nb::handle x3, const std::optional<Tensor>& out) {
              return run(row, {x1, x2, x3}, out);
            },
            nb::arg(), nb::arg(), nb::arg(), nb::kw_only(), "out"_a = nb::none(), nb::sig(signature.c_str()),
            text.c_str());
      }
    }
  }
  const auto def_component = [&m](const char* name, Tensor (*component)(const Tensor&), const char* doc) {
    const std::string signature = "def " + std::string(name) + "(x: Tensor, /) -> Tensor";
    m.def(
        name,
        [name, component](const Tensor& x) {
          if (x.dtype() == DType::bool_)
            throw Error(ErrorCode::dtype_mismatch, name, describe(x) + ": integers or floats expected");
          return component(x);
        },
        nb::arg(), nb::sig(signature.c_str()), doc);
  };
  constexpr auto itself = [](const Tensor& x) { return x; };
  def_component("conj", itself,
                R"(The complex conjugate of x: x itself, as there are no complex dtypes. Raises TypeError for bool.

>>> import ingot
>>> print(ingot.conj(ingot.asarray([1, -2])))
[ 1 -2]
)");
  def_component(
      "imag", [](const Tensor& x) { return zeros(x.shape(), x.dtype(), x.device()); },
      R"(The imaginary part of x: zeros, as there are no complex dtypes. Raises TypeError for bool.

>>> import ingot
>>> print(ingot.imag(ingot.asarray([1.5])))
[0.]
)");
  def_component("real", itself,
                R"(The real part of x: x itself, as there are no complex dtypes. Raises TypeError for bool.

>>> import ingot
>>> print(ingot.real(ingot.asarray([1.5])))
[1.5]
)");
  def_in_place(m, cls, "add_", "+", &add_, "[10.  6.]");
  def_in_place(m, cls, "sub_", "−", &sub_, "[6. 2.]");
  def_in_place(m, cls, "mul_", "·", &mul_, "[16.  8.]");
  def_in_place(m, cls, "div_", "/", &div_, "[4. 2.]");
  m.def(
      "isclose",
      [](nb::handle x1, nb::handle x2, double rtol, double atol, bool equal_nan) {
        const Argument a(x1), b(x2);
        return nb::cast(released([&] { return isclose(a.held.operand, b.held.operand, rtol, atol, equal_nan); }));
      },
      nb::arg(), nb::arg(), nb::kw_only(), "rtol"_a = 1e-5, "atol"_a = 1e-8, "equal_nan"_a = false,
      nb::sig(
          "def isclose(x1: ingot._typing.Operand, x2: ingot._typing.Operand, /, *, rtol: float = 1e-5, atol: float = "
          "1e-8, equal_nan: bool = False) -> Tensor"),
      R"(Whether |x1 − x2| ≤ atol + rtol·|x2|: NumPy's rule. Infinities are close to themselves alone.

Takes bool, integers and floats, broadcast; gives bool. Promoted operands are compared in float64. NaN is close to
nothing, under `equal_nan` to NaN. Raises TypeError for other dtypes, ValueError for shapes that do not broadcast.

>>> import ingot
>>> print(ingot.isclose([1.0, 2.0], [1.000001, 2.1]))
[ True False]
)");
  m.def(
      "allclose",
      [](nb::handle x1, nb::handle x2, double rtol, double atol, bool equal_nan) {
        const Argument a(x1), b(x2);
        return released([&] { return allclose(a.held.operand, b.held.operand, rtol, atol, equal_nan); });
      },
      nb::arg(), nb::arg(), nb::kw_only(), "rtol"_a = 1e-5, "atol"_a = 1e-8, "equal_nan"_a = false,
      nb::sig(
          "def allclose(x1: ingot._typing.Operand, x2: ingot._typing.Operand, /, *, rtol: float = 1e-5, atol: float "
          "= 1e-8, equal_nan: bool = False) -> bool"),
      R"(Whether all elements are close as isclose has it: a bool of Python. True for no elements.

>>> import ingot
>>> ingot.allclose([1.0, 2.0], [1.000001, 2.0]), ingot.allclose([1.0, 2.0], 1.0)
(True, False)
)");
  m.def(
      "where",
      [](nb::handle condition, nb::handle x1, nb::handle x2) {
        const Argument flags(condition), a(x1), b(x2);
        if (!flags.held.operand.is_tensor())
          throw Error(ErrorCode::dtype_mismatch, "where", "the condition is a number: a tensor of bool expected");
        return nb::cast(released([&] { return where(flags.held.operand.tensor(), a.held.operand, b.held.operand); }));
      },
      nb::arg(), nb::arg(), nb::arg(),
      nb::sig("def where(condition: ingot._typing.Operand, x1: ingot._typing.Operand, x2: ingot._typing.Operand, /) -> "
              "Tensor"),
      R"(x1 where `condition` (bool) is true, x2 elsewhere; all three broadcast.

Takes every dtype but int4 and int2; gives the promoted one. Raises TypeError for a condition that is not bool,
ValueError for shapes that do not broadcast.

>>> import ingot
>>> print(ingot.where([True, False], [1, 2], 0))
[1 0]
)");
}

}  // namespace ingot::python
