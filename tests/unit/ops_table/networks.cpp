// Operations on rows of networks: softmax and its kin, norms.
#include "unit/ops_table/table.h"

namespace ingot::testing {

// |x − max| may be 60 here. The difference is rounded (u·|d| in the exponent, so that much in the result), Exp adds
// 1 ulp, the sum of n positive terms in at least four chains (n/4 + 8)·u, quotient and product 2u.
void softmax_table() {
  Random random(14);
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape :
           {Shape{}, Shape{1}, Shape{0, 3}, Shape{7, 13}, Shape{3, 1031}, Shape{2, 3, 5, 17}, Shape{131, 257}})
        for (int axis = 0; axis < std::max(shape.rank(), 1); ++axis) {
          const std::string what = "softmax " + label(dtype, shape, pattern) + " axis " + std::to_string(axis);
          const Tensor x = make_tensor(random, shape, dtype, pattern, [](Random& r) { return 5 * r.normal(); });
          const auto f = [&] { return softmax(x, axis); };
          const auto values = doubles(x);
          std::vector<double> oracle(values.size());
          const std::int64_t n = shape.rank() ? shape[axis] : 1, inner = [&] {
            std::int64_t product = 1;
            for (int i = axis + 1; i < shape.rank(); ++i) product *= shape[i];
            return product;
          }();
          for (std::size_t i = 0; i < values.size(); ++i) {
            const std::int64_t at = static_cast<std::int64_t>(i), first = at / (n * inner) * n * inner + at % inner;
            double sum = 0;  // without the maximum: |x| < 30, nothing overflows in double
            for (std::int64_t k = 0; k < n; ++k) sum += std::exp(values[static_cast<std::size_t>(first + k * inner)]);
            oracle[i] = std::exp(values[i]) / sum;
          }
          const auto reference = doubles(in_column(Column::reference, f));
          const auto limit = [&](double u, double value) {
            return (60 + 2 + static_cast<double>(n) / 4 + 8 + 2) * u * value + ulp(dtype, value);
          };
          expect_near(reference, oracle, [&](std::size_t i) { return limit(0x1p-53, oracle[i]); }, what + " reference");
          expect_near(
              doubles(on_cpu(f, what)), reference,
              [&](std::size_t i) { return limit(working_epsilon(dtype) / 2, reference[i]); }, what + " cpu");
        }
  // Rows of special values follow the formula.
  for (const Column column : {Column::reference, Column::cpu}) {
    const ScopedColumn scope(column);
    const float inf = HUGE_VALF;
    EXPECT_EQ(doubles(softmax(Tensor::from<float>({-inf, 0, -inf}))), (std::vector<double>{0, 1, 0}));
    for (const double value : doubles(softmax(Tensor::from<float>({inf, 0})).slice(0, 0, 1)))
      EXPECT_TRUE(value != value);
    for (const double value : doubles(softmax(Tensor::from<float>({NAN, 0})))) EXPECT_TRUE(value != value);
    for (const double value : doubles(softmax(Tensor::from<float>({-inf, -inf})))) EXPECT_TRUE(value != value);
  }
}

namespace {

// Of the result −|d| − log Σ: |x − max| ≤ 60 rounded once, the sum's relative error (n/4 + 8 + 1 for Exp)·u becomes the
// logarithm's absolute one, and each of two subtractions and the logarithm rounds what is at most 60 + log n + 1.
double log_sum_limit(double n, double u) { return (n / 4 + 10 + 4 * (62 + std::log(n))) * u; }

// max and log Σ exp of a line by the formula alone: |x| < 30, nothing overflows in double.
double log_sum_oracle(const std::vector<double>& line) {
  double sum = 0;
  for (const double value : line) sum += std::exp(value);
  return std::log(sum);
}

// The lines of x along `axis`, in row-major order of the other axes.
std::vector<std::vector<double>> lines_of(const Tensor& x, int axis) {
  Shape order;
  for (int i = 0; i < x.rank(); ++i)
    if (i != axis) order.push_back(i);
  order.push_back(axis);
  const auto values = doubles(x.permute(order));
  const auto n = static_cast<std::size_t>(x.shape()[axis]);
  std::vector<std::vector<double>> lines;
  for (std::size_t i = 0; n > 0 && i < values.size(); i += n)
    lines.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(i),
                       values.begin() + static_cast<std::ptrdiff_t>(i + n));
  return lines;
}

}  // namespace

void log_softmax_table() {
  Random random(24);
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape :
           {Shape{1}, Shape{0, 3}, Shape{7, 13}, Shape{3, 1031}, Shape{2, 3, 5, 17}, Shape{131, 257}})
        for (int axis = 0; axis < shape.rank(); ++axis) {
          const std::string what = "log_softmax " + label(dtype, shape, pattern) + " axis " + std::to_string(axis);
          const Tensor x = make_tensor(random, shape, dtype, pattern, [](Random& r) { return 5 * r.normal(); });
          const auto f = [&] { return log_softmax(x, axis); };
          std::vector<double> oracle;
          for (const auto& line : lines_of(x, axis))
            for (const double value : line) oracle.push_back(value - log_sum_oracle(line));
          const auto flat = [&](const Tensor& y) {
            std::vector<double> all;
            for (const auto& line : lines_of(y, axis)) all.insert(all.end(), line.begin(), line.end());
            return all;
          };
          const auto n = static_cast<double>(shape[axis]);
          const auto reference = flat(in_column(Column::reference, f));
          expect_near(
              reference, oracle, [&](std::size_t i) { return log_sum_limit(n, 0x1p-53) + ulp(dtype, oracle[i]); },
              what + " reference");
          expect_near(
              flat(on_cpu(f, what)), reference,
              [&](std::size_t i) { return log_sum_limit(n, working_epsilon(dtype) / 2) + ulp(dtype, reference[i]); },
              what + " cpu");
        }
}

void cross_entropy_table() {
  Random random(25);
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : {Shape{1}, Shape{5}, Shape{0, 3}, Shape{7, 13}, Shape{37, 1031}, Shape{2, 3, 5, 17}})
        for (const int axis : {shape.rank() - 1, std::min(1, shape.rank() - 1)})
          for (const double smoothing : {0.0, 0.25}) {
            const std::string what = "cross_entropy " + label(dtype, shape, pattern) + " axis " + std::to_string(axis);
            const Tensor x = make_tensor(random, shape, dtype, pattern, [](Random& r) { return 5 * r.normal(); });
            Shape rows = shape;
            rows.erase(axis);
            const Tensor targets = Tensor::empty(rows, DType::i16);
            for (std::int64_t i = 0; i < targets.numel(); ++i)
              targets.mutable_data<std::int16_t>()[i] =
                  random.below(5) ? static_cast<std::int16_t>(random.below(shape[axis])) : std::int16_t{-7};
            std::vector<double> oracle;
            double sum = 0, counted = 0;
            const auto lines = lines_of(x, axis);
            const auto at = doubles(targets);
            for (std::size_t i = 0; i < lines.size(); ++i) {
              double loss = 0;
              if (at[i] != -7) {
                const double log_sum = log_sum_oracle(lines[i]);
                double all = 0;
                for (const double value : lines[i]) all += (log_sum - value) / static_cast<double>(lines[i].size());
                loss = (1 - smoothing) * (log_sum - lines[i][static_cast<std::size_t>(at[i])]) + smoothing * all;
                ++counted;
              }
              oracle.push_back(loss);
              sum += loss;
            }
            for (const Reduction reduction : {Reduction::each, Reduction::mean, Reduction::sum}) {
              const CrossEntropyOptions options{axis, reduction, -7, smoothing};
              const auto f = [&] { return cross_entropy(x, targets, options); };
              const std::vector<double> expected = reduction == Reduction::each  ? oracle
                                                   : reduction == Reduction::sum ? std::vector{sum}
                                                                                 : std::vector{sum / counted};
              // The reduction adds its own (rows + 1)·u of a sum of positive terms; losses are f32 in both columns.
              const double u = working_epsilon(dtype) / 2, n = static_cast<double>(shape[axis]);
              const double terms = reduction == Reduction::sum ? counted : 1;
              const auto limit = [&](std::size_t i) {
                return terms * log_sum_limit(n, u) +
                       (static_cast<double>(oracle.size()) + 3) * u * std::fabs(expected[i]) + ulp(dtype, expected[i]);
              };
              expect_near(doubles(in_column(Column::reference, f)), expected, limit, what + " reference");
              expect_near(doubles(on_cpu(f, what)), expected, limit, what + " cpu");
            }
          }
}

// With A = mean |x|: the mean is off by (n/8 + 9)·u·A = e, which moves every difference; the variance's relative error
// (n/8 + 9)·u + (e/σ)² is halved by the root; factor, products and sum round once each. Where eps is the larger part of
// the root's argument the factor is smaller, and so are all of these.
void layer_norm_table() {
  Random random(26);
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape :
           {Shape{1}, Shape{0, 3}, Shape{7, 13}, Shape{3, 1031}, Shape{2, 3, 5, 17}, Shape{301, 257}})
        for (const double scale : {1.0, 1e-4, 1e19}) {
          if (scale > 1e4 && dtype == DType::f16) continue;
          const std::string what = "layer_norm " + label(dtype, shape, pattern);
          const Tensor x = make_tensor(
              random, shape, dtype, pattern,
              scale == 1  ? +[](Random& r) { return 3 + r.normal(); }
              : scale < 1 ? +[](Random& r) { return 1e-4 * r.normal(); }
                          : +[](Random& r) { return 1e19 * r.normal(); });
          const Tensor weight = make_tensor(random, Shape{shape.back()}, dtype, pattern);
          const Tensor bias = make_tensor(random, Shape{shape.back()}, dtype, Pattern::contiguous);
          const double eps = 1e-5;
          const auto f = [&] { return layer_norm(x, Shape{shape.back()}, weight, bias, eps); };
          const auto factors = doubles(weight), shifts = doubles(bias);
          std::vector<double> oracle, moved, grown;
          for (const auto& line : lines_of(x, shape.rank() - 1)) {
            double mean = 0, size = 0, squares = 0;
            const auto n = static_cast<double>(line.size());
            for (const double value : line) mean += value / n, size += std::fabs(value) / n;
            for (const double value : line) squares += (value - mean) * (value - mean);
            const double root = std::sqrt(squares / n + eps);
            for (std::size_t i = 0; i < line.size(); ++i) {
              oracle.push_back((line[i] - mean) / root * factors[i] + shifts[i]);
              moved.push_back(std::fabs(factors[i]) / root * size);
              grown.push_back(std::fabs((line[i] - mean) / root * factors[i]) + std::fabs(shifts[i]));
            }
          }
          const auto reference = doubles(in_column(Column::reference, f));
          const auto limit = [&](double u, std::size_t i) {
            const double chains = (static_cast<double>(shape.back()) / 8 + 9) * u;
            const double shift =
                moved[i] / std::max(1e-300, std::fabs(factors[i % static_cast<std::size_t>(shape.back())]));
            return chains * moved[i] + (chains + 5 * u + chains * chains * shift * shift) * grown[i] +
                   ulp(dtype, oracle[i]);
          };
          // The reference sums in one chain.
          const double serial = 8 * 0x1p-53;
          expect_near(reference, oracle, [&](std::size_t i) { return limit(serial, i); }, what + " reference");
          expect_near(
              doubles(on_cpu(f, what)), reference, [&](std::size_t i) { return limit(working_epsilon(dtype) / 2, i); },
              what + " cpu");
        }
}

// The mean of n squares summed in at least 16 chains: (n/16 + 8)·u, halved by the root; the factor, two products and
// the conversion of the factor add 4u.
void rms_norm_table() {
  Random random(15);
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape :
           {Shape{1}, Shape{0, 3}, Shape{7, 13}, Shape{3, 1031}, Shape{2, 3, 5, 17}, Shape{301, 257}})
        for (const double scale : {1.0, 1e-4, 1e18}) {
          if (scale > 1e4 && dtype == DType::f16) continue;
          const std::string what = "rms_norm " + label(dtype, shape, pattern);
          const Tensor x = make_tensor(
              random, shape, dtype, pattern,
              scale == 1  ? +[](Random& r) { return r.normal(); }
              : scale < 1 ? +[](Random& r) { return 1e-4 * r.normal(); }
                          : +[](Random& r) { return 1e18 * (1 + r.uniform()) * 10; });
          const Tensor weight = make_tensor(random, Shape{shape.back()}, dtype, pattern);
          const auto f = [&] { return rms_norm(x, weight, 1e-6); };
          const auto values = doubles(x), factors = doubles(weight);
          std::vector<double> oracle;
          const auto n = static_cast<std::size_t>(shape.back());
          for (std::size_t i = 0; i < values.size(); ++i) {
            double squares = 0;
            for (std::size_t k = 0; k < n; ++k) squares += std::pow(values[i / n * n + k], 2);
            oracle.push_back(values[i] / std::sqrt(squares / static_cast<double>(n) + 1e-6) * factors[i % n]);
          }
          const auto reference = doubles(in_column(Column::reference, f));
          const auto limit = [&](double u, double value) {
            return (static_cast<double>(n) / 32 + 8) * u * std::fabs(value) + ulp(dtype, value);
          };
          expect_near(reference, oracle, [&](std::size_t i) { return limit(0x1p-53, oracle[i]); }, what + " reference");
          expect_near(
              doubles(on_cpu(f, what)), reference,
              [&](std::size_t i) { return limit(working_epsilon(dtype) / 2, reference[i]); }, what + " cpu");
        }
}

}  // namespace ingot::testing
