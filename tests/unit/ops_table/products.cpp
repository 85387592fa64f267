// Products of matrices.
#include "unit/ops_table/table.h"

namespace ingot::testing {

namespace {

std::vector<std::int64_t> broadcast_index(const Shape& shape, const Shape& target) {
  std::vector<std::int64_t> index;
  for (std::int64_t i = 0; i < target.numel(); ++i) {
    std::int64_t rest = i, at = 0, step = 1;
    for (int k = 1; k <= target.rank(); ++k) {
      const std::int64_t here = rest % target[target.rank() - k];
      rest /= target[target.rank() - k];
      if (k > shape.rank()) continue;
      if (shape[shape.rank() - k] != 1) at += here * step;
      step *= shape[shape.rank() - k];
    }
    index.push_back(at);
  }
  return index;
}

// Integers modulo 2^bits, i8 into i32, bool as any(a and b): exactly.
void expect_integer_products(Random& random, const Shape& shape_a, const Shape& shape_b, Pattern pattern, DType dtype) {
  const std::string what = "matmul " + label(dtype, shape_a, pattern) + " " + to_string(shape_b);
  const Tensor a = make_tensor(random, shape_a, dtype, pattern), b = make_tensor(random, shape_b, dtype, pattern);
  const auto f = [&] { return matmul(a, b); };
  const DType result = dtype == DType::i8 ? DType::i32 : dtype;
  const auto va = integers(a), vb = integers(b);
  const std::int64_t m = shape_a[0], k = shape_a[1], n = shape_b[1];
  std::vector<Wide> oracle;
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) {
      std::uint64_t sum = 0;  // modulo 2⁶⁴, which is right for every narrower dtype too
      for (std::int64_t l = 0; l < k; ++l)
        sum += static_cast<std::uint64_t>(va[static_cast<std::size_t>(i * k + l)]) *
               static_cast<std::uint64_t>(vb[static_cast<std::size_t>(l * n + j)]);
      if (dtype == DType::bool_) {
        oracle.push_back(sum != 0);
        continue;
      }
      const int unused = 64 - bit_width(result);
      const Wide value = kind(result) == Kind::signed_integer
                             ? static_cast<Wide>(static_cast<std::int64_t>(sum << unused) >> unused)
                             : static_cast<Wide>(sum << unused >> unused);
      oracle.push_back(value);
    }
  for (const Tensor& found : {in_column(Column::reference, f), on_cpu(f, what)}) {
    EXPECT_EQ(found.dtype(), result) << what;
    EXPECT_TRUE(integers(found) == oracle) << what;
  }
}

}  // namespace

// γ_k Σ|a·b| (Higham 2002, 3.5): k products and sums of relative error u each, whatever their order; then one rounding.
void matmul_table() {
  Random random(17);
  struct Sizes {
    Shape a, b;
  };
  const Sizes sizes[] = {{{1, 1}, {1, 1}},      {{0, 3}, {3, 5}},       {{3, 0}, {0, 5}},    {{7, 13}, {13, 11}},
                         {{5, 300}, {300, 33}}, {{2, 3, 7}, {2, 7, 4}}, {{3, 7}, {2, 7, 4}}, {{4, 1, 3, 7}, {2, 7, 4}},
                         {{1, 257}, {257, 65}}, {{70, 129}, {129, 67}}};
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const auto& [shape_a, shape_b] : sizes) {
        const std::string what = "matmul " + label(dtype, shape_a, pattern) + " " + to_string(shape_b);
        const Tensor a = make_tensor(random, shape_a, dtype, pattern), b = make_tensor(random, shape_b, dtype, pattern);
        const auto f = [&] { return matmul(a, b); };
        const Tensor result = in_column(Column::reference, f);
        const auto va = doubles(a), vb = doubles(b), reference = doubles(result);
        const std::int64_t m = shape_a[shape_a.rank() - 2], k = shape_a.back(), n = shape_b.back();
        const auto batch = [](Shape shape) {
          shape.erase(shape.rank() - 1);
          shape.erase(shape.rank() - 1);
          return shape;
        };
        const Shape batches = broadcast_shapes(batch(shape_a), batch(shape_b));
        const auto ia = broadcast_index(batch(shape_a), batches), ib = broadcast_index(batch(shape_b), batches);
        std::vector<double> oracle, sizes_of;
        for (std::size_t c = 0; c < ia.size(); ++c)
          for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t j = 0; j < n; ++j) {
              double sum = 0, size = 0;
              for (std::int64_t l = 0; l < k; ++l) {
                const double product = va[static_cast<std::size_t>((ia[c] * m + i) * k + l)] *
                                       vb[static_cast<std::size_t>((ib[c] * k + l) * n + j)];
                sum += product;
                size += std::fabs(product);
              }
              oracle.push_back(sum);
              sizes_of.push_back(size);
            }
        const auto limit = [&](double u, std::size_t i) {
          return static_cast<double>(k + 1) * u * sizes_of[i] + ulp(dtype, oracle[i]);
        };
        expect_near(reference, oracle, [&](std::size_t i) { return limit(0x1p-53, i); }, what + " reference");
        expect_near(
            doubles(on_cpu(f, what)), reference, [&](std::size_t i) { return limit(working_epsilon(dtype) / 2, i); },
            what + " cpu");
      }
  for (const Pattern pattern : all_patterns)
    for (const auto& [shape_a, shape_b] : sizes) {
      if (shape_a.rank() != 2 || shape_b.rank() != 2) continue;
      for (const DType dtype : integer_dtypes) expect_integer_products(random, shape_a, shape_b, pattern, dtype);
      expect_integer_products(random, shape_a, shape_b, pattern, DType::bool_);
    }
}

// As matmul; int8_per_row rounds rows alike in both columns (to the bit, in float), and encoded weights decode alike.
// That definition is in float, so what follows it may be as well, also for f64.
// Encoded weights with activations as they are: blocks of 32 rounded to max/127, half a step each: Σ max/254·|w|.
void linear_table() {
  Random random(18);
  const auto check = [&](const Tensor& x, const Tensor& weight, const Tensor& plain, Activations activations,
                         const std::string& what) {
    const DType dtype = x.dtype();
    const auto f = [&] { return linear(x, weight, activations); };
    const auto reference = doubles(in_column(Column::reference, f));
    const auto vx = doubles(x), vw = doubles(plain);
    const auto k = static_cast<std::size_t>(x.shape().back()), n = static_cast<std::size_t>(weight.shape()[0]);
    std::vector<double> oracle, size, steps;
    for (std::size_t i = 0; k && i < vx.size() / k; ++i) {
      std::vector<double> row(vx.begin() + static_cast<std::ptrdiff_t>(i * k),
                              vx.begin() + static_cast<std::ptrdiff_t>((i + 1) * k));
      if (activations == Activations::int8_per_row) {
        float most = 0;
        for (const double value : row) most = std::max(most, std::fabs(static_cast<float>(value)));
        const float scale = 127 / std::max(most, 1e-5f);
        for (double& value : row)
          value = std::min(127.0f, std::max(-128.0f, std::rint(static_cast<float>(value) * scale))) /
                  static_cast<double>(scale);
      }
      for (std::size_t j = 0; j < n; ++j) {
        double sum = 0, absolute = 0, step = 0;
        for (std::size_t l = 0; l < k; ++l) {
          sum += row[l] * vw[j * k + l];
          absolute += std::fabs(row[l] * vw[j * k + l]);
          double most = 0;
          for (std::size_t b = l / 32 * 32; b < std::min(k, l / 32 * 32 + 32); ++b)
            most = std::max(most, std::fabs(row[b]));
          step += most / 254 * std::fabs(vw[j * k + l]);
        }
        oracle.push_back(sum);
        size.push_back(absolute);
        steps.push_back(weight.is_quantized() && activations == Activations::as_is ? step : 0);
      }
    }
    const auto limit = [&](double u, std::size_t i) {
      return static_cast<double>(k + 8) * u * size[i] + ulp(dtype, oracle[i]);
    };
    expect_near(reference, oracle, [&](std::size_t i) { return limit(0x1p-53, i); }, what + " reference");
    expect_near(
        doubles(on_cpu(f, what)), reference,
        [&](std::size_t i) {
          const double u = activations == Activations::int8_per_row ? 0x1p-24 : working_epsilon(dtype) / 2;
          return limit(u, i) + 1.01 * steps[i];
        },
        what + " cpu");
  };
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const auto& [rows, k, n] :
           {std::array<std::int64_t, 3>{1, 1, 1}, {0, 3, 5}, {1, 256, 37}, {5, 131, 7}, {33, 64, 20}})
        for (const Activations activations : {Activations::as_is, Activations::int8_per_row}) {
          const Tensor x = make_tensor(random, Shape{rows, k}, dtype, pattern);
          for (const DType weights : {dtype, DType::bf16}) {
            const Tensor w = make_tensor(random, Shape{n, k}, weights, pattern);
            check(x, w, w, activations,
                  "linear " + label(dtype, x.shape(), pattern) + " " + describe(w) +
                      (activations == Activations::as_is ? "" : " int8"));
          }
        }
  for (const Scheme scheme :
       {Scheme::q8_0, Scheme::q4_0, Scheme::q4_1, Scheme::q5_0, Scheme::q5_1, Scheme::tq1_0, Scheme::tq2_0})
    for (const std::int64_t rows : {1, 5})
      for (const Activations activations : {Activations::as_is, Activations::int8_per_row}) {
        const Tensor x = make_tensor(random, Shape{rows, 512}, DType::f32, Pattern::transposed);
        const Tensor w =
            quantize(contiguous(make_tensor(random, Shape{9, 512}, DType::f32, Pattern::contiguous)), scheme);
        check(x, w, dequantize(w), activations,
              "linear " + describe(w) + (activations == Activations::as_is ? "" : " int8"));
      }
}

}  // namespace ingot::testing
