// Searching and sorting.
#include <numeric>

#include "support/groups.h"
#include "unit/ops_table/table.h"

namespace ingot::testing {

namespace {

std::vector<DType> dtypes_from_8_bits() {
  std::vector<DType> dtypes(std::begin(floating_dtypes), std::end(floating_dtypes));
  dtypes.insert(dtypes.end(), std::begin(integer_dtypes), std::end(integer_dtypes));
  dtypes.insert(dtypes.end(), {DType::bool_, DType::f8_e4m3, DType::f8_e5m2});
  return dtypes;
}
double few_numbers(Random& random) { return random.below(8) ? static_cast<double>(random.below(3)) : -0.0; }

// Calls f(tensor, axis, what) for dtypes, patterns and shapes whose lines are searched or sorted: numbers of every
// kind, and few different ones, of which the first must be taken.
template <class F>
void for_lines(std::uint64_t seed, F&& f) {
  Random random(seed);
  for (const DType dtype : dtypes_from_8_bits())
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape :
           {Shape{}, Shape{1}, Shape{0, 3}, Shape{7, 13}, Shape{3, 1031}, Shape{1200, 19}, Shape{2, 3, 5, 17}})
        for (double (*draw)(Random&) : {few_numbers, any_number}) {
          if (sanitized && draw != any_number) continue;
          if (shape.numel() > 20000 && pattern != Pattern::contiguous && pattern != Pattern::transposed) continue;
          const Tensor x = make_tensor(random, shape, dtype, pattern, draw);
          for (int axis = 0; axis < std::max(shape.rank(), 1); ++axis)
            f(x, axis, label(dtype, shape, pattern) + " axis " + std::to_string(axis));
        }
}

// Lines of x along one axis as lists, of doubles or of integers that doubles do not hold.
template <class F>
void with_lines(const Tensor& x, int axis, F&& f) {
  const unsigned mask = x.rank() == 0 ? 0 : 1u << axis;
  if (is_floating(x.dtype()))
    f(groups(doubles(x), x.shape(), mask));
  else
    f(groups(integers(x), x.shape(), mask));
}
constexpr auto nan_is_largest = [](auto a, auto b) { return a < b || (b != b && a == a); };

}  // namespace

void argmax_table() {
  for_lines(16, [](const Tensor& x, int axis, const std::string& what) {
    if (x.numel() == 0) return;
    with_lines(x, axis, [&](const auto& lines) {
      std::vector<Wide> largest, smallest;
      for (const auto& line : lines) {
        std::size_t high = 0, low = 0;
        for (std::size_t i = 1; i < line.size(); ++i) {
          if (nan_is_largest(line[high], line[i])) high = i;
          if (line[low] == line[low] && (line[i] != line[i] || line[i] < line[low])) low = i;
        }
        largest.push_back(static_cast<Wide>(high));
        smallest.push_back(static_cast<Wide>(low));
      }
      const auto f = [&] { return argmax(x, axis); };
      const auto g = [&] { return argmin(x, axis); };
      EXPECT_TRUE(integers(in_column(Column::reference, f)) == largest) << "argmax " << what << " reference";
      EXPECT_TRUE(integers(on_all_threads(f, x, what)) == largest) << "argmax " << what;
      EXPECT_TRUE(integers(in_column(Column::reference, g)) == smallest) << "argmin " << what << " reference";
      EXPECT_TRUE(integers(on_all_threads(g, x, what)) == smallest) << "argmin " << what;
    });
  });
  // One line in several ranges: of equal extremes the first, wherever it lies.
  for (const std::int64_t place : {0, 1023, 65'535, 65'536, 140'000, 199'999}) {
    const Tensor x = Tensor::zeros(Shape{200'000}, DType::f32);
    x.mutable_data<float>()[199'999] = x.mutable_data<float>()[place] = 2;
    const auto f = [&] { return argmax(x); };
    EXPECT_EQ(on_all_threads(f, x, "argmax").item(), static_cast<double>(place));
    x.mutable_data<float>()[place] = NAN;
    EXPECT_EQ(on_all_threads(f, x, "argmax").item(), static_cast<double>(place));
    EXPECT_EQ(argmin(x).item(), static_cast<double>(place));
  }
}

// Sums in f64 are within i·2⁻⁵³ of the magnitudes' sum at place i, products relatively, in either column; then they are
// rounded once.
void cumulate_table() {
  Random random(25);
  const auto factor = [](Random& r) { return std::exp2(0.2 * r.normal()) * (r.below(2) ? 1 : -1); };
  std::vector<DType> dtypes(std::begin(floating_dtypes), std::end(floating_dtypes));
  dtypes.insert(dtypes.end(), std::begin(integer_dtypes), std::end(integer_dtypes));
  dtypes.push_back(DType::bool_);
  for (const DType dtype : dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape :
           {Shape{1}, Shape{0, 3}, Shape{7, 13}, Shape{3, 2500}, Shape{1200, 19}, Shape{2, 3, 5, 17}})
        for (const bool product : {false, true})
          for (int axis = 0; axis < shape.rank(); ++axis)
            for (const bool initial : {false, true}) {
              const std::string what = std::string(product ? "cumulative_prod " : "cumulative_sum ") +
                                       label(dtype, shape, pattern) + " axis " + std::to_string(axis);
              const Tensor x = make_tensor(random, shape, dtype, pattern, product ? +factor : normal_number);
              const auto f = [&] {
                return product ? cumulative_prod(x, axis, {}, initial) : cumulative_sum(x, axis, {}, initial);
              };
              const Tensor reference = in_column(Column::reference, f), found = on_all_threads(f, x, what);
              EXPECT_EQ(reference.shape()[axis], shape[axis] + (initial ? 1 : 0)) << what;
              if (!is_floating(dtype)) {
                const bool is_unsigned = kind(dtype) == Kind::unsigned_integer;
                std::vector<std::vector<Wide>> expected = groups(integers(x), shape, 1u << axis);
                for (auto& line : expected) {
                  std::uint64_t total = product ? 1 : 0;
                  if (initial) line.insert(line.begin(), static_cast<Wide>(total));
                  for (std::size_t i = initial ? 1 : 0; i < line.size(); ++i) {
                    const auto value = static_cast<std::uint64_t>(line[i]);
                    total = product ? total * value : total + value;
                    line[i] = is_unsigned ? Wide{total} : Wide{static_cast<std::int64_t>(total)};
                  }
                }
                EXPECT_TRUE(groups(integers(reference), reference.shape(), 1u << axis) == expected)
                    << what << " reference";
                EXPECT_TRUE(groups(integers(found), found.shape(), 1u << axis) == expected) << what;
                continue;
              }
              const auto lines = groups(doubles(x), shape, 1u << axis);
              for (const Tensor* result : {&reference, &found}) {
                const auto results = groups(doubles(*result), result->shape(), 1u << axis);
                for (std::size_t k = 0; k < lines.size(); ++k) {
                  std::vector<double> expected, limits;
                  long double total = product ? 1 : 0, size = total;
                  for (std::size_t i = 0; i <= lines[k].size(); ++i) {
                    if (i > 0) {
                      const long double value = lines[k][i - 1];
                      total = product ? total * value : total + value;
                      size = product ? std::fabs(total) : size + std::fabs(value);
                    }
                    if (i == 0 && !initial) continue;
                    expected.push_back(visit_floating(
                        dtype, "", [&]<class T>(T) { return to_double(from_double<T>(static_cast<double>(total))); }));
                    limits.push_back(static_cast<double>(i) * 0x1p-53 * static_cast<double>(size) +
                                     ulp(dtype, expected.back()));
                  }
                  expect_near(results[k], expected, [&](std::size_t i) { return limits[i]; }, what);
                }
              }
            }
}

namespace {

// Elements must come back to the bit, but for the bits of NaN: −0 and 0 are equal and keep their order.
bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return same(x, y) && (x != x || std::signbit(x) == std::signbit(y)); });
}
bool same_bits(const std::vector<Wide>& a, const std::vector<Wide>& b) { return a == b; }

template <class F>
void check_sorting(std::uint64_t seed, F&& compute) {
  for_lines(seed, [&](const Tensor& x, int axis, const std::string& what) {
    for (const bool descending : {false, true})
      with_lines(x, axis, [&](const auto& lines) {
        auto sorted = lines;
        std::vector<std::vector<Wide>> orders;
        for (std::size_t k = 0; k < lines.size(); ++k) {
          std::vector<Wide> order(lines[k].size());
          std::iota(order.begin(), order.end(), 0);
          std::stable_sort(order.begin(), order.end(), [&](Wide i, Wide j) {
            const auto a = lines[k][static_cast<std::size_t>(i)], b = lines[k][static_cast<std::size_t>(j)];
            return descending ? nan_is_largest(b, a) : nan_is_largest(a, b);
          });
          for (std::size_t i = 0; i < order.size(); ++i) sorted[k][i] = lines[k][static_cast<std::size_t>(order[i])];
          orders.push_back(order);
        }
        compute(x, axis, descending, sorted, orders, what + (descending ? " descending" : ""));
      });
  });
}

template <class Values>
void expect_lines(const Tensor& found, int axis, const Values& expected, const std::string& what) {
  with_lines(found, axis, [&](const auto& lines) {
    if constexpr (std::is_same_v<std::decay_t<decltype(lines)>, Values>) {
      ASSERT_EQ(lines.size(), expected.size()) << what;
      for (std::size_t k = 0; k < lines.size(); ++k) EXPECT_TRUE(same_bits(lines[k], expected[k])) << what << " " << k;
    } else {
      ADD_FAILURE() << what << " of another kind";
    }
  });
}

}  // namespace

void sort_table() {
  check_sorting(
      26, [](const Tensor& x, int axis, bool descending, const auto& sorted, const auto&, const std::string& what) {
        const auto f = [&] { return sort(x, axis, descending); };
        expect_lines(in_column(Column::reference, f), axis, sorted, "sort " + what + " reference");
        expect_lines(on_all_threads(f, x, what), axis, sorted, "sort " + what);
      });
}

void argsort_table() {
  check_sorting(27, [](const Tensor& x, int axis, bool descending, auto sorted, auto orders, const std::string& what) {
    const auto f = [&] { return argsort(x, axis, descending); };
    expect_lines(in_column(Column::reference, f), axis, orders, "argsort " + what + " reference");
    expect_lines(on_all_threads(f, x, what), axis, orders, "argsort " + what);
    const std::int64_t k = std::min<std::int64_t>(x.rank() ? x.shape()[axis] : 1, 3);
    for (auto& line : sorted) line.resize(static_cast<std::size_t>(k));
    for (auto& line : orders) line.resize(static_cast<std::size_t>(k));
    const auto values = [&] { return topk(x, k, axis, descending).values; };
    const auto indices = [&] { return topk(x, k, axis, descending).indices; };
    expect_lines(in_column(Column::reference, indices), axis, orders, "topk " + what + " reference");
    expect_lines(on_all_threads(indices, x, what), axis, orders, "topk " + what);
    expect_lines(on_all_threads(values, x, what), axis, sorted, "topk values " + what);
  });
}

void searchsorted_table() {
  Random random(28);
  for (const DType dtype : dtypes_from_8_bits())
    for (const Pattern pattern : all_patterns)
      for (const std::int64_t n : {0, 1, 7, 100})
        for (double (*draw)(Random&) : {few_numbers, any_number})
          for (const bool right : {false, true}) {
            const Tensor x = make_tensor(random, Shape{n}, dtype, pattern, draw);
            const Tensor values = make_tensor(random, Shape{7, 13}, dtype, pattern, draw);
            const Tensor order = argsort(x), sorted = sort(x);
            std::vector<Wide> expected;
            with_lines(x, 0, [&](const auto& lines) {
              const auto count = [&](const auto& wanted) {
                for (const auto value : wanted)
                  expected.push_back(std::count_if(lines[0].begin(), lines[0].end(), [&](auto element) {
                    using V = std::decay_t<decltype(element)>;
                    const V v = static_cast<V>(value);
                    return right ? !nan_is_largest(v, element) : nan_is_largest(element, v);
                  }));
              };
              if (is_floating(dtype))
                count(doubles(values));
              else
                count(integers(values));
            });
            const std::string what = "searchsorted " + label(dtype, Shape{n}, pattern);
            const auto f = [&] { return searchsorted(sorted, values, right); };
            const auto g = [&] { return searchsorted(x, values, right, &order); };
            EXPECT_TRUE(integers(in_column(Column::reference, f)) == expected) << what << " reference";
            EXPECT_TRUE(integers(on_cpu(f, what)) == expected) << what;
            EXPECT_TRUE(integers(on_cpu(g, what)) == expected) << what << " with sorter";
          }
}

}  // namespace ingot::testing
