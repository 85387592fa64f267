// Statistics and running totals.
#include <nanobind/stl/optional.h>

#include <optional>
#include <string>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {
namespace {

using Total = Tensor (*)(const Tensor&, const Axes&, bool, std::optional<DType>);
using Statistic = Tensor (*)(const Tensor&, const Axes&, bool);
using Spread = Tensor (*)(const Tensor&, const Axes&, double, bool);
using Running = Tensor (*)(const Tensor&, std::optional<int>, std::optional<DType>, bool);

// "def name(x: Tensor, /, *, parameters) -> Tensor".
std::string signature(const char* name, const char* parameters) {
  return "def " + std::string(name) + "(x: Tensor, /, *, axis: ingot._typing.ShapeLike | None = None, " + parameters +
         ") -> Tensor";
}

void def_total(nb::module_& m, const char* name, Total f, const char* doc) {
  m.def(
      name,
      [f](const Tensor& x, const Axes& axis, std::optional<DType> dtype, bool keepdims) {
        return released([&] { return f(x, axis, keepdims, dtype); });
      },
      nb::arg(), nb::kw_only(), "axis"_a = nb::none(), "dtype"_a = nb::none(), "keepdims"_a = false,
      nb::sig(signature(name, "dtype: ingot._typing.DTypeLike | None = None, keepdims: bool = False").c_str()), doc);
}

void def_statistic(nb::module_& m, const char* name, Statistic f, const char* doc) {
  m.def(name, without_gil(f), nb::arg(), nb::kw_only(), "axis"_a = nb::none(), "keepdims"_a = false,
        nb::sig(signature(name, "keepdims: bool = False").c_str()), doc);
}

void def_spread(nb::module_& m, const char* name, Spread f, const char* doc) {
  m.def(name, without_gil(f), nb::arg(), nb::kw_only(), "axis"_a = nb::none(), "correction"_a = 0.0,
        "keepdims"_a = false, nb::sig(signature(name, "correction: float = 0.0, keepdims: bool = False").c_str()), doc);
}

void def_running(nb::module_& m, const char* name, Running f, const char* doc) {
  const std::string text = "def " + std::string(name) +
                           "(x: Tensor, /, *, axis: int | None = None, dtype: ingot._typing.DTypeLike | None = None, "
                           "include_initial: bool = False) -> Tensor";
  m.def(name, without_gil(f), nb::arg(), nb::kw_only(), "axis"_a = nb::none(), "dtype"_a = nb::none(),
        "include_initial"_a = false, nb::sig(text.c_str()), doc);
}

}  // namespace

void bind_reductions(nb::module_& m) {
  def_total(m, "sum", &sum, R"(Σ x along `axis`: an int, several, or None for all. 0 for no elements.

bool and integers give int64 or uint64 (wrapping), floats their own dtype, unless `dtype` says otherwise. Axes disappear,
or stay with size 1. Floats: within (256 + log₂ n)·u·Σ|x| of the exact sum, u half of float32's epsilon (float64: its own),
the same for any number of threads. Raises IndexError for an axis out of range, ValueError for one named twice, TypeError
for packed, 8-bit float and quantized tensors.

>>> import ingot
>>> ingot.sum(ingot.asarray([[1, 2], [3, 4]]), axis=0).tolist()
[4, 6]
)");
  def_total(m, "prod", &prod, R"(Π x along `axis`. 1 for no elements. Axes, dtypes and errors are those of sum.

>>> import ingot
>>> ingot.prod(ingot.asarray([[1, 2], [3, 4]]), axis=1).tolist()
[2, 12]
)");
  def_statistic(m, "max", &max, R"(The largest element along `axis`, in x's dtype; NaN where there is one.

Raises ValueError for no elements, and as sum does.

>>> import ingot
>>> ingot.max(ingot.asarray([[1, 2], [3, 4]]), axis=(0, 1)).tolist()
4
)");
  def_statistic(m, "min", &min, R"(The smallest element along `axis`, in x's dtype; NaN where there is one.

Raises ValueError for no elements, and as sum does.

>>> import ingot
>>> ingot.min(ingot.asarray([[1, 2], [3, 4]]), axis=1).tolist()
[1, 3]
)");
  def_statistic(m, "mean", &mean,
                R"(Σ x / n along `axis`, in x's dtype; bool and integers give float32. NaN for no elements.

Axes and errors are those of sum.

>>> import ingot
>>> ingot.mean(ingot.asarray([[1.0, 2.0], [3.0, 5.0]]), axis=1).tolist()
[1.5, 4.0]
)");
  def_spread(m, "var", &var, R"(Σ (x − mean)² / (n − correction) along `axis`, in mean's dtype.

`correction` 1 estimates the variance of what x is a sample of (Bessel). Axes and errors are those of sum.

>>> import ingot
>>> ingot.var(ingot.asarray([1.0, 2.0, 3.0, 4.0])).tolist()
1.25
)");
  def_spread(m, "std", &::ingot::std, R"(√var(x), with the same parameters.

>>> import ingot
>>> ingot.std(ingot.asarray([1.0, 3.0])).tolist()
1.0
)");
  def_statistic(m, "any", &any,
                R"(Whether one element along `axis` is not zero (NaN is not) → bool. False for no elements.

Axes and errors are those of sum.

>>> import ingot
>>> ingot.any(ingot.asarray([[0, 2], [0, 0]]), axis=1).tolist()
[True, False]
)");
  def_statistic(m, "all", &all, R"(Whether no element along `axis` is zero → bool. True for no elements.

Axes and errors are those of sum.

>>> import ingot
>>> ingot.all(ingot.asarray([[1, 2], [0, 1]]), axis=1).tolist()
[True, False]
)");
  def_statistic(m, "count_nonzero", &count_nonzero, R"(How many elements along `axis` are not zero → int64.

Axes and errors are those of sum.

>>> import ingot
>>> ingot.count_nonzero(ingot.asarray([[1, 2], [0, 1]])).tolist()
3
)");
  def_statistic(m, "logsumexp", &logsumexp, R"(log Σ eˣ along `axis` without overflow on the way. −∞ for no elements.

In x's dtype; bool and integers give float32. Axes and errors are those of sum.

>>> import ingot
>>> print(ingot.logsumexp(ingot.asarray([1000.0, 1000.0])))
1000.6932
)");
  m.def(
      "vector_norm",
      [](const Tensor& x, const Axes& axis, bool keepdims, double ord) {
        return released([&] { return vector_norm(x, axis, keepdims, ord); });
      },
      nb::arg(), nb::kw_only(), "axis"_a = nb::none(), "keepdims"_a = false, "ord"_a = 2.0,
      nb::sig("def vector_norm(x: Tensor, /, *, axis: ingot._typing.ShapeLike | None = None, keepdims: bool = False, "
              "ord: float = 2.0) -> Tensor"),
      R"((Σ |x|ᵖ)^(1/p) along `axis` for p = `ord`; for inf and -inf the extreme magnitude, for 0 how many are not zero.

In x's dtype; bool and integers give float32. The 2-norm neither overflows nor underflows on the way. Raises ValueError
for NaN, and for no elements where ord is infinite; else as sum does.

>>> import ingot
>>> ingot.vector_norm(ingot.asarray([3.0, 4.0])).tolist()
5.0
)");
  m.def(
      "norm",
      [](const Tensor& x, double ord, const Axes& axis, bool keepdims) {
        return released([&] { return norm(x, ord, axis, keepdims); });
      },
      nb::arg(), "ord"_a = 2.0, "axis"_a = nb::none(), "keepdims"_a = false,
      nb::sig("def norm(x: Tensor, /, ord: float = 2.0, axis: ingot._typing.ShapeLike | None = None, keepdims: bool = "
              "False) -> Tensor"),
      R"(vector_norm with its parameters in the order of PyTorch's norm: never a norm of matrices (matrix_norm).

Dtypes, values and errors are those of vector_norm.

>>> import ingot
>>> ingot.norm(ingot.asarray([[3.0, 4.0], [5.0, 12.0]]), axis=1).tolist()
[5.0, 13.0]
)");
  def_running(m, "cumulative_sum", &cumulative_sum, R"(Σ of the elements up to and including each along `axis`.

x of one dimension needs no `axis`. Dtypes are those of sum; floats are summed in float64 and rounded once.
`include_initial`: one element more, 0, at the beginning. Raises ValueError without an axis for several dimensions,
IndexError for one out of range, TypeError as sum does.

>>> import ingot
>>> ingot.cumulative_sum(ingot.asarray([1, 2, 3]), include_initial=True).tolist()
[0, 1, 3, 6]
)");
  def_running(m, "cumulative_prod", &cumulative_prod, R"(Π of the elements up to and including each along `axis`.

As cumulative_sum; the initial element is 1.

>>> import ingot
>>> ingot.cumulative_prod(ingot.asarray([1, 2, 3])).tolist()
[1, 2, 6]
)");
  m.def(
      "diff",
      [](const Tensor& x, int axis, int n, std::optional<Tensor> prepend, std::optional<Tensor> append) {
        return released([&] { return diff(x, axis, n, prepend ? &*prepend : nullptr, append ? &*append : nullptr); });
      },
      nb::arg(), nb::kw_only(), "axis"_a = -1, "n"_a = 1, "prepend"_a = nb::none(), "append"_a = nb::none(),
      nb::sig("def diff(x: Tensor, /, *, axis: int = -1, n: int = 1, prepend: Tensor | None = None, append: Tensor | "
              "None = None) -> Tensor"),
      R"(The n-th differences of neighbours along `axis`, in x's dtype; of bools whether they differ.

`prepend` and `append` are joined to x first. Raises ValueError for n < 0, IndexError for an axis out of range.

>>> import ingot
>>> ingot.diff(ingot.asarray([1, 4, 9])).tolist()
[3, 5]
)");
}

}  // namespace ingot::python
