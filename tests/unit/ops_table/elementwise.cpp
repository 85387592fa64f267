// Elementwise operations, and where().
#include "ops/elementwise_function.h"
#include "support/bounded.h"
#include "unit/ops_table/table.h"

namespace ingot::testing {

namespace {

// How far `dtype`'s column cpu may be from `reference` at one element. One IEEE operation in a type with 2p + 2 bits or
// more, rounded to p bits, is the operation rounded once (Figueroa 1995): f32 by way of double, f16 and bf16 by way of
// float. So rows that round no more than once must agree to the bit. Else: both columns' bounds, and the rounding of
// each to `dtype`, which near a tie may part by one place.
double elementwise_limit(ElementwiseOp op, DType dtype, const double (&in)[3]) {
  const auto with = [&]<class T>(T) {
    const Bounded<T> found = elementwise_function<T, Bounded<T>>(op)(in[0], in[1], in[2]);
    if (found.roundings <= 1) return 0.0;
    const auto exact = elementwise_function<double, Bounded<double>>(op)(in[0], in[1], in[2]);
    return found.error + exact.error + ulp(dtype, found.value);
  };
  return dtype == DType::f64 ? with(double{}) : with(float{});
}

void compare_columns(std::size_t row, DType dtype, const Shape& shape, const Shape& partner, Pattern pattern,
                     Random& random) {
  const ElementwiseInfo& about = ::ingot::elementwise_table()[row];
  const auto op = static_cast<ElementwiseOp>(row);
  const std::string what = std::string(about.name) + " " + label(dtype, shape, pattern) + " with " + to_string(partner);
  // Both orders: either operand may be the one that stretches.
  for (const bool swapped : {false, true}) {
    if (swapped && (about.arity == 1 || partner == shape)) break;
    std::vector<Tensor> tensors;
    for (int k = 0; k < about.arity; ++k) {
      const bool other = (k == 1) != swapped;
      tensors.push_back(make_tensor(random, other && about.arity > 1 ? partner : shape, dtype,
                                    other && pattern == Pattern::transposed ? Pattern::reversed : pattern, any_number));
    }
    std::vector<Operand> operands(tensors.begin(), tensors.end());
    std::vector<const Operand*> list;
    for (const Operand& x : operands) list.push_back(&x);
    const auto f = [&] { return elementwise(row, list); };
    const Tensor reference = in_column(Column::reference, f), found = on_cpu(f, what);
    const Shape target = broadcast_shapes(shape, partner);
    EXPECT_EQ(reference.shape(), target) << what;
    if (!is_floating(reference.dtype())) {
      EXPECT_TRUE(integers(found) == integers(reference)) << what;
      continue;
    }
    std::vector<std::vector<double>> values;
    for (const Tensor& x : tensors) values.push_back(doubles(astype(x, reference.dtype()).expand(target)));
    expect_near(
        doubles(found), doubles(reference),
        [&](std::size_t i) {
          double in[3] = {0, 0, 0};
          for (std::size_t k = 0; k < values.size(); ++k) in[k] = values[k][i];
          return elementwise_limit(op, reference.dtype(), in);
        },
        what);
  }
}

bool refused(const ElementwiseInfo& row, DType dtype) {
  if (dtype == DType::bool_) return row.takes == Takes::numeric || row.takes == Takes::integer;
  return is_floating(dtype) && (row.takes == Takes::integer || row.takes == Takes::bits);
}

}  // namespace

// Every row in every dtype; every layout for one row of each kind, since layouts are the business of code that all rows
// share.
void elementwise_table() {
  Random random(11);
  std::vector<DType> dtypes(std::begin(floating_dtypes), std::end(floating_dtypes));
  dtypes.insert(dtypes.end(), std::begin(integer_dtypes), std::end(integer_dtypes));
  dtypes.push_back(DType::bool_);
  const auto table = ::ingot::elementwise_table();
  for (std::size_t row = 0; row < table.size(); ++row)
    for (const DType dtype : dtypes) {
      if (refused(table[row], dtype)) continue;
      const Shape shape{3, 1031};
      compare_columns(row, dtype, shape, shape, Pattern::contiguous, random);
      compare_columns(row, dtype, shape, Shape{1031}, Pattern::stepped, random);
      const std::string_view name = table[row].name;
      if (name != "negative" && name != "exp" && name != "logical_not" && name != "add" && name != "less" &&
          name != "clip")
        continue;
      for_layouts([&](const Shape& layout, Pattern pattern) {
        for (const Shape& partner : table[row].arity == 1 ? std::vector<Shape>{layout} : partners(layout))
          compare_columns(row, dtype, layout, partner, pattern, random);
      });
    }
}

void select_table() {
  Random random(12);
  for_layouts([&](const Shape& shape, Pattern pattern) {
    for (const Shape& partner : partners(shape))
      for (const DType dtype : {DType::bool_, DType::i16, DType::f8_e4m3, DType::bf16, DType::f32, DType::i64}) {
        const Tensor condition = make_tensor(random, partner, DType::bool_, pattern);
        const Tensor a = make_tensor(random, shape, dtype, pattern), b = make_tensor(random, partner, dtype, pattern);
        const auto f = [&] { return where(condition, a, b); };
        const std::string what = "where " + label(dtype, shape, pattern) + " with " + to_string(partner);
        const Shape target = broadcast_shapes(shape, partner);
        const auto flags = integers(condition.expand(target));
        const auto left = doubles(a.expand(target)), right = doubles(b.expand(target));
        std::vector<double> oracle;
        for (std::size_t i = 0; i < flags.size(); ++i) oracle.push_back(flags[i] ? left[i] : right[i]);
        EXPECT_TRUE(equal(doubles(in_column(Column::reference, f)), oracle)) << what;
        EXPECT_TRUE(equal(doubles(on_cpu(f, what)), oracle)) << what;
      }
  });
}

}  // namespace ingot::testing
