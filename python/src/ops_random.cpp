// Random numbers: the class Generator, and its methods as functions of the module that take one.
#include <nanobind/stl/optional.h>

#include <optional>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {

namespace {

// Generator.name(…) and name(generator, …), with one docstring.
template <class Function, class... Extra>
void def_draw(nb::module_& m, nb::class_<Generator>& cls, const char* name, Function function, const Extra&... extra) {
  cls.def(name, function, extra...);
  m.def(name, function, "generator"_a, extra...);
}

}  // namespace

void bind_random(nb::module_& m) {
  nb::class_<Generator> cls(m, "Generator", R"(Random numbers by Philox4x32-10: a seed and a position.

Element i of a result depends on these and on i alone, so that results are the same for every device, number of threads
and shape of as many elements. Not to be used by several threads at once. Its methods are functions of the module too:
ingot.uniform(generator, ...). There is no generator behind the scenes.

>>> import ingot
>>> ingot.Generator(1).uniform((3,)).tolist() == ingot.Generator(1).uniform((3, 1)).view((3,)).tolist()
True
)");
  cls.def(nb::init<std::uint64_t, std::uint64_t>(), "seed"_a = 0, "offset"_a = 0)
      .def_prop_ro("seed", &Generator::seed, "The key of all numbers.")
      .def_prop_ro("offset", &Generator::offset, "The number of the next block of four 32-bit words.");
  def_draw(
      m, cls, "uniform",
      [](Generator& generator, const Shape& shape, double low, double high, std::optional<DType> dtype,
         std::optional<Device> device) {
        return released([&] {
          return uniform(generator, shape, low, high, dtype.value_or(DType::f32), device.value_or(cpu_device));
        });
      },
      "shape"_a, nb::kw_only(), "low"_a = 0.0, "high"_a = 1.0, "dtype"_a = nb::none(), "device"_a = nb::none(),
      R"(Numbers of one likelihood in low ... high: float32 unless told.

`dtype` is float16, bfloat16, float32 or float64. Raises ValueError unless low <= high are finite.

>>> import ingot
>>> 0 <= ingot.uniform(ingot.Generator(1), ()).item() < 1
True
)");
  def_draw(
      m, cls, "normal",
      [](Generator& generator, const Shape& shape, double mean, double std, std::optional<DType> dtype,
         std::optional<Device> device) {
        return released([&] {
          return normal(generator, shape, mean, std, dtype.value_or(DType::f32), device.value_or(cpu_device));
        });
      },
      "shape"_a, nb::kw_only(), "mean"_a = 0.0, "std"_a = 1.0, "dtype"_a = nb::none(), "device"_a = nb::none(),
      R"(Normally distributed numbers (Box and Muller): float32 unless told.

`dtype` is float16, bfloat16, float32 or float64. Raises ValueError unless both are finite and std >= 0.

>>> import ingot
>>> ingot.normal(ingot.Generator(1), (2, 2), std=0.02).shape
(2, 2)
)");
  def_draw(
      m, cls, "randint",
      [](Generator& generator, std::int64_t low, std::int64_t high, const Shape& shape, std::optional<DType> dtype,
         std::optional<Device> device) {
        return released([&] {
          return randint(generator, low, high, shape, dtype.value_or(DType::i64), device.value_or(cpu_device));
        });
      },
      "low"_a, "high"_a, "shape"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
      R"(Integers low ... high - 1, each equally likely: int64 unless told.

Raises ValueError unless low < high, OverflowError where the dtype cannot hold them.

>>> import ingot
>>> ingot.randint(ingot.Generator(1), 5, 6, (2,)).tolist()
[5, 5]
)");
  def_draw(
      m, cls, "bernoulli",
      [](Generator& generator, const Operand& p, std::optional<Shape> shape) {
        if (p.is_tensor()) return released([&] { return bernoulli(generator, p.tensor()); });
        return released([&] { return bernoulli(generator, shape.value_or(Shape{}), p.scalar().as_double()); });
      },
      "p"_a, "shape"_a = nb::none(),
      R"(True with probability p: a number for all of `shape`, or a tensor of them.

Raises ValueError for a probability outside 0 ... 1.

>>> import ingot
>>> ingot.bernoulli(ingot.Generator(1), 1, (2,)).tolist()
[True, True]
)");
  def_draw(
      m, cls, "permutation",
      [](Generator& generator, std::int64_t n) { return released([&] { return permutation(generator, n); }); }, "n"_a,
      R"(0 ... n - 1 (int64) in random order.

Raises IndexError for n < 0.

>>> import ingot
>>> sorted(ingot.permutation(ingot.Generator(1), 4).tolist())
[0, 1, 2, 3]
)");
}

}  // namespace ingot::python
