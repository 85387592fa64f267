// Reductions.
#include "support/groups.h"
#include "unit/ops_table/table.h"

namespace ingot::testing {

namespace {

// What the statistics are held against, and how far they may be from it when they compute with relative errors u. A sum
// of n terms in the order of reductions.h is within k·u of the sum of their magnitudes, k = 256 + log₂ n; one after the
// other, as in the reference, within n·u.
struct Expected {
  double value, limit;
};
using Statistic = Tensor (*)(const Tensor&, const Axes&);
struct StatisticCase {
  const char* name;
  Statistic compute;
  Expected (*expect)(const std::vector<double>& x, double u, double k);
  double (*draw)(Random&);
};

long double total(const std::vector<double>& x, long double (*f)(long double, long double), long double c = 0) {
  long double sum = 0;
  for (const double value : x) sum += f(value, c);
  return sum;
}
double magnitude(const std::vector<double>& x) {
  return static_cast<double>(total(x, [](long double v, long double) { return std::fabs(v); }));
}
double count(const std::vector<double>& x) { return static_cast<double>(x.size()); }

Expected expect_mean(const std::vector<double>& x, double u, double k) {
  const long double sum = total(x, [](long double v, long double) { return v; });
  return {static_cast<double>(sum / static_cast<long double>(x.size())), (k + 2) * u * magnitude(x) / count(x)};
}
// Σ(x − m)² with a mean that is off by d: n·d² more; each difference, square and sum (k + 3)u.
Expected expect_var(const std::vector<double>& x, double u, double k) {
  const Expected mean = expect_mean(x, u, k);
  const double n = count(x);
  const long double exact = total(
                                x, [](long double v, long double c) { return (v - c) * (v - c); },
                                total(x, [](long double v, long double) { return v; }) / static_cast<long double>(n)) /
                            static_cast<long double>(std::max(n - 1, 0.0));
  const auto value = static_cast<double>(exact);
  const double shift = mean.limit * mean.limit * n / std::max(n - 1, 0.0);
  return {value, (k + 5) * u * (value + shift) + shift};
}
Expected expect_std(const std::vector<double>& x, double u, double k) {
  const Expected var = expect_var(x, u, k);
  const double root = std::sqrt(var.value);
  return {root, u * root + (root > 0 ? std::min(var.limit / root, std::sqrt(var.limit)) : std::sqrt(var.limit))};
}
// The exponents' rounding is absolute in the logarithm, as are the sum's relative errors; functions are within 8u.
Expected expect_logsumexp(const std::vector<double>& x, double u, double k) {
  double largest = -HUGE_VAL, reach = 0;
  for (const double value : x) largest = std::max(largest, value), reach = std::max(reach, std::fabs(value));
  const double sum = static_cast<double>(
      total(x, [](long double v, long double c) { return std::exp(v - c); }, static_cast<long double>(largest)));
  if (x.empty()) return {-HUGE_VAL, 0};
  return {largest + std::log(sum),
          (2 * reach + 8 + k) * u + 8 * u * std::log(sum) + u * std::fabs(largest + std::log(sum))};
}
template <int P>
Expected expect_norm(const std::vector<double>& x, double u, double k) {
  const double sum = static_cast<double>(
      total(x, [](long double v, long double) { return std::pow(std::fabs(v), static_cast<long double>(P)); }));
  const double norm = std::pow(sum, 1.0 / P);
  // P = 3 goes through two powers of 8u, the second with a rounded exponent.
  return {norm, norm * u * (P == 3 ? (k + 8) / 3 + 8 + std::fabs(std::log(sum + 1e-300)) : k / P + 3)};
}

const StatisticCase statistics[] = {
    {"sum", [](const Tensor& x, const Axes& axes) { return sum(x, axes); },
     [](const std::vector<double>& x, double u, double k) -> Expected {
       return {static_cast<double>(total(x, [](long double v, long double) { return v; })), k * u * magnitude(x)};
     },
     [](Random& r) { return r.below(5000) == 0 ? (r.below(2) ? HUGE_VAL : NAN) : r.normal(); }},
    {"prod", [](const Tensor& x, const Axes& axes) { return prod(x, axes); },
     [](const std::vector<double>& x, double u, double k) -> Expected {
       long double product = 1;
       for (const double value : x) product *= static_cast<long double>(value);
       return {static_cast<double>(product), k * u * static_cast<double>(std::fabs(product))};
     },
     // A thousand times the same number must not pass f32's range.
     [](Random& r) { return std::exp2(0.02 * r.normal()) * (r.below(2) ? 1 : -1); }},
    {"mean", [](const Tensor& x, const Axes& axes) { return mean(x, axes); }, expect_mean, normal_number},
    {"var", [](const Tensor& x, const Axes& axes) { return var(x, axes, 1); }, expect_var,
     [](Random& r) { return 3 + r.normal(); }},
    {"std", [](const Tensor& x, const Axes& axes) { return ::ingot::std(x, axes, 1); }, expect_std,
     [](Random& r) { return 3 + r.normal(); }},
    {"logsumexp", [](const Tensor& x, const Axes& axes) { return logsumexp(x, axes); }, expect_logsumexp,
     [](Random& r) { return 20 * r.normal() + 100; }},
    {"norm 1", [](const Tensor& x, const Axes& axes) { return vector_norm(x, axes, false, 1); }, expect_norm<1>,
     normal_number},
    {"norm 2", [](const Tensor& x, const Axes& axes) { return vector_norm(x, axes); }, expect_norm<2>, normal_number},
    {"norm 3", [](const Tensor& x, const Axes& axes) { return vector_norm(x, axes, false, 3); }, expect_norm<3>,
     normal_number},
};

// Those that do not round: any element, any order.
struct ExactCase {
  const char* name;
  Statistic compute;
  double (*expect)(const std::vector<double>& x);
  bool of_none;  // defined for no elements
};
template <class Better>
double extreme(const std::vector<double>& x, Better better) {
  double best = x.at(0);
  for (const double value : x)
    if (value != value || better(value, best)) {
      best = value;
      if (best != best) break;
    }
  return best;
}
const ExactCase exact_statistics[] = {
    {"max", [](const Tensor& x, const Axes& axes) { return max(x, axes); },
     [](const std::vector<double>& x) { return extreme(x, [](double a, double b) { return a > b; }); }, false},
    {"min", [](const Tensor& x, const Axes& axes) { return min(x, axes); },
     [](const std::vector<double>& x) { return extreme(x, [](double a, double b) { return a < b; }); }, false},
    {"any", [](const Tensor& x, const Axes& axes) { return any(x, axes); },
     [](const std::vector<double>& x) {
       return std::any_of(x.begin(), x.end(), [](double v) { return v != 0; }) ? 1.0 : 0;
     },
     true},
    {"all", [](const Tensor& x, const Axes& axes) { return all(x, axes); },
     [](const std::vector<double>& x) {
       return std::all_of(x.begin(), x.end(), [](double v) { return v != 0; }) ? 1.0 : 0;
     },
     true},
    {"count_nonzero", [](const Tensor& x, const Axes& axes) { return count_nonzero(x, axes); },
     [](const std::vector<double>& x) {
       return static_cast<double>(std::count_if(x.begin(), x.end(), [](double v) { return v != 0; }));
     },
     true},
};

std::vector<std::vector<int>> axes_of(const Shape& shape) {
  std::vector<std::vector<int>> list{{}};
  for (int axis = 0; axis < shape.rank(); ++axis) list.push_back({axis});
  if (shape.rank() == 2) list.push_back({1, 0});
  if (shape.rank() == 4) list.insert(list.end(), {{0, 2}, {-1, 1}, {1, 2}, {3, 0, 2}, {0, 1, 2, 3}});
  return list;
}
unsigned mask_of(const std::vector<int>& axes, int rank) {
  unsigned mask = 0;
  for (const int axis : axes) mask |= 1u << (axis < 0 ? axis + rank : axis);
  return mask;
}

void check_statistic(const StatisticCase& about, const Tensor& x, const std::vector<int>& axes,
                     const std::string& what) {
  const auto f = [&] { return about.compute(x, Axes(axes)); };
  const Tensor reference = in_column(Column::reference, f), found = on_all_threads(f, x, what);
  const auto elements = groups(doubles(x), x.shape(), mask_of(axes, x.rank()));
  const auto check = [&](const Tensor& result, double unit, auto k) {
    std::vector<Expected> expected;
    std::vector<double> values;
    for (const auto& group : elements) {
      expected.push_back(about.expect(group, unit, k(count(group))));
      values.push_back(
          visit_floating(x.dtype(), "", [&]<class T>(T) { return to_double(from_double<T>(expected.back().value)); }));
    }
    expect_near(
        doubles(result), values, [&](std::size_t i) { return expected[i].limit + ulp(x.dtype(), expected[i].value); },
        what);
  };
  // Between the passes of a statistic, both columns round to the dtype computed in.
  const double u = working_epsilon(x.dtype()) / 2;
  check(reference, u, [&](double n) { return (n + 2) * 0x1p-53 / u; });
  check(found, u, [](double n) { return 258 + std::log2(n + 1); });
}

void check_exact(const ExactCase& about, const Tensor& x, const std::vector<int>& axes, const std::string& what) {
  const auto elements = groups(doubles(x), x.shape(), mask_of(axes, x.rank()));
  if (!about.of_none && !elements.empty() && elements.front().empty()) return;
  const auto f = [&] { return about.compute(x, Axes(axes)); };
  std::vector<double> expected;
  for (const auto& group : elements) expected.push_back(about.expect(group));
  EXPECT_TRUE(equal(doubles(in_column(Column::reference, f)), expected)) << what << " reference";
  EXPECT_TRUE(equal(doubles(on_all_threads(f, x, what)), expected)) << what << " cpu";
}

// Sums and products of integers wrap; extremes of 64 bits do not fit doubles.
void check_integers(const Tensor& x, const std::vector<int>& axes, const std::string& what) {
  const auto elements = groups(integers(x), x.shape(), mask_of(axes, x.rank()));
  const bool is_unsigned = kind(x.dtype()) == Kind::unsigned_integer;
  const auto check = [&](auto compute, auto expect, bool of_none) {
    if (!of_none && !elements.empty() && elements.front().empty()) return;
    std::vector<Wide> expected;
    for (const auto& group : elements) expected.push_back(expect(group));
    const auto f = [&] { return compute(x, Axes(axes)); };
    EXPECT_TRUE(integers(in_column(Column::reference, f)) == expected) << what << " reference";
    EXPECT_TRUE(integers(on_all_threads(f, x, what)) == expected) << what << " cpu";
  };
  const auto wrapped = [&](auto combine, std::uint64_t initial) {
    return [=](const std::vector<Wide>& group) -> Wide {
      std::uint64_t result = initial;
      for (const Wide value : group) result = combine(result, static_cast<std::uint64_t>(value));
      return is_unsigned ? Wide{result} : Wide{static_cast<std::int64_t>(result)};
    };
  };
  check([](const Tensor& t, const Axes& a) { return sum(t, a); }, wrapped([](auto a, auto b) { return a + b; }, 0),
        true);
  check([](const Tensor& t, const Axes& a) { return prod(t, a); }, wrapped([](auto a, auto b) { return a * b; }, 1),
        true);
  check([](const Tensor& t, const Axes& a) { return max(t, a); },
        [](const std::vector<Wide>& group) { return *std::max_element(group.begin(), group.end()); }, false);
  check([](const Tensor& t, const Axes& a) { return min(t, a); },
        [](const std::vector<Wide>& group) { return *std::min_element(group.begin(), group.end()); }, false);
}

}  // namespace

void reduce_table() {
  Random random(24);
  const Shape shapes[] = {{}, {1}, {0, 3}, {3, 0, 20}, {7, 13}, {3, 1031}, {1031, 5}, {40, 67}, {2, 3, 5, 17}};
  // Layouts are the business of code that all functions share: few of them for most.
  const auto for_cases = [&](DType dtype, bool all_layouts, double (*draw)(Random&), auto&& f) {
    const auto one = [&](const Shape& shape, Pattern pattern) {
      const Tensor x = make_tensor(random, shape, dtype, pattern, draw);
      for (const auto& axes : axes_of(shape)) {
        std::string what = label(dtype, shape, pattern) + " axes";
        for (const int axis : axes) what += " " + std::to_string(axis);
        f(x, axes, what);
      }
    };
    for (const Pattern pattern : all_patterns) {
      if (!all_layouts && pattern != Pattern::transposed && pattern != Pattern::stretched) continue;
      for (const Shape& shape : shapes) one(shape, pattern);
    }
    // Several ranges of rows, of columns, and several tasks.
    if (all_layouts && (dtype == DType::f32 || (!sanitized && (dtype == DType::bf16 || dtype == DType::i16))))
      for (const Shape& shape : {Shape{150'001}, Shape{9001, 20}, Shape{263, 521}})
        for (const Pattern pattern : {Pattern::contiguous, Pattern::transposed}) {
          if (sanitized && (shape.rank() == 1) == (pattern == Pattern::transposed)) continue;
          one(shape, pattern);
        }
  };
  for (const DType dtype : floating_dtypes)
    for (const StatisticCase& about : statistics)
      for_cases(dtype, about.name == std::string_view("sum") || about.name == std::string_view("var"), about.draw,
                [&](const Tensor& x, const std::vector<int>& axes, const std::string& what) {
                  check_statistic(about, x, axes, std::string(about.name) + " " + what);
                });
  std::vector<DType> dtypes(std::begin(floating_dtypes), std::end(floating_dtypes));
  dtypes.insert(dtypes.end(), {DType::bool_, DType::u8, DType::i16, DType::i32});
  for (const DType dtype : dtypes)
    for (const ExactCase& about : exact_statistics)
      for (double (*draw)(Random&) : {+any_number, +[](Random& r) { return r.below(3000) ? 0.0 : -0.5; },
                                      +[](Random& r) { return r.below(3000) ? NAN : -0.0; }}) {
        if (draw != any_number && (sanitized || !is_floating(dtype))) break;
        for_cases(dtype, draw == any_number, draw,
                  [&](const Tensor& x, const std::vector<int>& axes, const std::string& what) {
                    check_exact(about, x, axes, std::string(about.name) + " " + what);
                  });
      }
  for (const DType dtype : integer_dtypes)
    for_cases(
        dtype, dtype == DType::i16, normal_number,
        [&](const Tensor& x, const std::vector<int>& axes, const std::string& what) { check_integers(x, axes, what); });
}

}  // namespace ingot::testing
