// Random numbers: the class Generator.
#include <nanobind/stl/optional.h>

#include <optional>

#include "bind.h"
#include "casters.h"
#include "gil.h"
#include "ingot/ops.h"

namespace ingot::python {

void bind_random(nb::module_& m) {
  nb::class_<Generator>(m, "Generator", R"(Random numbers by Philox4x32-10: a seed and a position.

Element i of a result depends on these and on i alone, so that results are the same for every device, number of threads
and shape of as many elements. Not to be used by several threads at once.

>>> import ingot
>>> ingot.Generator(1).uniform((3,)).tolist() == ingot.Generator(1).uniform((3, 1)).view((3,)).tolist()
True
)")
      .def(nb::init<std::uint64_t, std::uint64_t>(), "seed"_a = 0, "offset"_a = 0)
      .def_prop_ro("seed", &Generator::seed, "The key of all numbers.")
      .def_prop_ro("offset", &Generator::offset, "The number of the next block of four 32-bit words.")
      .def(
          "uniform",
          [](Generator& self, const Shape& shape, double low, double high, std::optional<DType> dtype,
             std::optional<Device> device) {
            return released([&] {
              return uniform(self, shape, low, high, dtype.value_or(DType::f32), device.value_or(cpu_device));
            });
          },
          "shape"_a, nb::kw_only(), "low"_a = 0.0, "high"_a = 1.0, "dtype"_a = nb::none(), "device"_a = nb::none(),
          R"(Numbers of one likelihood in low ... high: float32 unless told.

>>> import ingot
>>> 0 <= ingot.Generator(1).uniform(()).item() < 1
True
)")
      .def(
          "normal",
          [](Generator& self, const Shape& shape, double mean, double std, std::optional<DType> dtype,
             std::optional<Device> device) {
            return released([&] {
              return normal(self, shape, mean, std, dtype.value_or(DType::f32), device.value_or(cpu_device));
            });
          },
          "shape"_a, nb::kw_only(), "mean"_a = 0.0, "std"_a = 1.0, "dtype"_a = nb::none(), "device"_a = nb::none(),
          R"(Normally distributed numbers (Box and Muller): float32 unless told.

>>> import ingot
>>> ingot.Generator(1).normal((2, 2), std=0.02).shape
(2, 2)
)")
      .def(
          "randint",
          [](Generator& self, std::int64_t low, std::int64_t high, const Shape& shape, std::optional<DType> dtype,
             std::optional<Device> device) {
            return released([&] {
              return randint(self, low, high, shape, dtype.value_or(DType::i64), device.value_or(cpu_device));
            });
          },
          "low"_a, "high"_a, "shape"_a, nb::kw_only(), "dtype"_a = nb::none(), "device"_a = nb::none(),
          R"(Integers low ... high - 1, each equally likely: int64 unless told.

>>> import ingot
>>> ingot.Generator(1).randint(5, 6, (2,)).tolist()
[5, 5]
)")
      .def(
          "bernoulli",
          [](Generator& self, const Operand& p, std::optional<Shape> shape) {
            if (p.is_tensor()) return released([&] { return bernoulli(self, p.tensor()); });
            return released([&] { return bernoulli(self, shape.value_or(Shape{}), p.scalar().as_double()); });
          },
          "p"_a, "shape"_a = nb::none(),
          R"(True with probability p: a number for all of `shape`, or a tensor of them.

Raises ValueError for a probability outside 0 ... 1.

>>> import ingot
>>> ingot.Generator(1).bernoulli(1, (2,)).tolist()
[True, True]
)")
      .def(
          "permutation", [](Generator& self, std::int64_t n) { return released([&] { return permutation(self, n); }); },
          "n"_a,
          R"(0 ... n - 1 (int64) in random order.

>>> import ingot
>>> sorted(ingot.Generator(1).permutation(4).tolist())
[0, 1, 2, 3]
)");
}

}  // namespace ingot::python
