// Tensors made from nothing.
#include "unit/ops_table/table.h"

namespace ingot::testing {

void arange_table() {
  for (const std::int64_t n : {0, 1, 13, 100, 70001}) {
    for (const DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64, DType::f8_e5m2}) {
      const double step = 1.0 / 7;
      const auto f = [&] { return arange(-2.5, -2.5 + step * (static_cast<double>(n) - 0.5), step, dtype); };
      std::vector<double> oracle;
      for (std::int64_t i = 0; i < n; ++i)
        visit_numeric(dtype, "", [&]<class T>(T) {
          oracle.push_back(to_double(from_double<T>(-2.5 + static_cast<double>(i) * step)));
        });
      EXPECT_TRUE(equal(doubles(in_column(Column::reference, f)), oracle)) << to_string(dtype) << n;
      EXPECT_TRUE(equal(doubles(on_cpu(f, "arange")), oracle)) << to_string(dtype) << n;
    }
    for (const DType dtype : {DType::i32, DType::i64}) {
      const auto f = [&] { return arange(5, 5 - 3 * n, -3, dtype); };
      std::vector<double> oracle;
      for (std::int64_t i = 0; i < n; ++i) oracle.push_back(static_cast<double>(5 - 3 * i));
      EXPECT_TRUE(equal(doubles(in_column(Column::reference, f)), oracle)) << to_string(dtype) << n;
      EXPECT_TRUE(equal(doubles(on_cpu(f, "arange")), oracle)) << to_string(dtype) << n;
    }
  }
}

// The numbers themselves are random_test's business: here the columns must agree to the bit.
void random_table() {
  std::vector<Shape> shapes(std::begin(edge_shapes), std::end(edge_shapes));
  shapes.push_back(large_shape);
  for (const Shape& shape : shapes) {
    const auto both = [&](auto&& f) {
      const auto g = [&] {
        Generator generator(0x123456789ABCDEF, 77);
        return f(generator);
      };
      EXPECT_TRUE(equal(doubles(in_column(Column::reference, g)), doubles(on_cpu(g, "random")))) << to_string(shape);
    };
    for (const DType dtype : floating_dtypes) {
      both([&](Generator& g) { return uniform(g, shape, -3, 5, dtype); });
      both([&](Generator& g) { return normal(g, shape, 1, 2, dtype); });
    }
    for (const DType dtype : integer_dtypes) both([&](Generator& g) { return randint(g, 1, 100, shape, dtype); });
    both([&](Generator& g) { return bernoulli(g, shape, 0.3); });
    both([&](Generator& g) { return permutation(g, shape.numel()); });
  }
}

}  // namespace ingot::testing
