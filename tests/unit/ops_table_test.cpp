// Operation × dtype × stride pattern × shape edge × column. `reference` is held against an oracle written here in
// double, `cpu` against `reference`; every limit says where it comes from. u below is half of epsilon: the relative
// error of one rounding.
#include <gtest/gtest.h>

#include <numeric>
#include <span>

#include "ops/elementwise_function.h"
#include "support/bounded.h"
#include "support/cases.h"
#include "support/decomposition_cases.h"
#include "support/groups.h"

namespace ingot::testing {
namespace {

// Edges: no elements, one without axes, one, primes (never a multiple of a vector), a row longer than every tile.
const Shape edge_shapes[] = {{}, {1}, {0, 3}, {1, 1}, {7, 13}, {3, 1031}, {2, 3, 5, 17}};
// Beyond what one task takes (64 Ki elements): several threads.
const Shape large_shape{263, 521};

std::string label(DType dtype, const Shape& shape, Pattern pattern) {
  return std::string(to_string(dtype)) + " " + to_string(shape) + " " + to_string(pattern);
}

bool same(double a, double b) { return a == b || (a != a && b != b); }

bool equal(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

// found[i] within limit(i) of expected[i]; NaN and infinities exactly.
template <class Limit>
void expect_near(const std::vector<double>& found, const std::vector<double>& expected, Limit&& limit,
                 const std::string& what) {
  ASSERT_EQ(found.size(), expected.size()) << what;
  int wrong = 0;
  for (std::size_t i = 0; i < found.size() && wrong < 3; ++i) {
    if (same(found[i], expected[i])) continue;
    const double difference = std::fabs(found[i] - expected[i]);
    if (difference <= limit(i) || limit(i) == HUGE_VAL) continue;  // anything, NaN too, where a bound overflows
    ++wrong;
    ADD_FAILURE() << what << " [" << i << "]: " << found[i] << ", expected " << expected[i] << ", off by " << difference
                  << ", limit " << limit(i);
  }
}

template <class F>
Tensor in_column(Column column, F&& f) {
  const ScopedColumn scope(column);
  return f();
}

// Results are new row-major tensors that do not depend on the number of threads.
template <class F>
Tensor on_cpu(F&& f, const std::string& what) {
  set_num_threads(1);
  const Tensor one = in_column(Column::cpu, f);
  EXPECT_TRUE(one.is_contiguous()) << what;
  for (const int threads : {2, 7}) {
    if (one.numel() < 512) break;  // one task: there is nothing to share out
    set_num_threads(threads);
    const Tensor many = in_column(Column::cpu, f);
    EXPECT_TRUE(one.nbytes() == 0 || std::memcmp(one.bytes(), many.bytes(), one.nbytes()) == 0)
        << what << " differs with " << threads << " threads";
  }
  return one;
}

// f(shape, pattern) over all edges and patterns, and the large shape in two of them.
template <class F>
void for_layouts(F&& f) {
  for (const Pattern pattern : all_patterns) {
    for (const Shape& shape : edge_shapes) f(shape, pattern);
    if (pattern == Pattern::contiguous || pattern == Pattern::transposed) f(large_shape, pattern);
  }
}

// Shapes that broadcast with (…): the second operand's shape for each first.
std::vector<Shape> partners(const Shape& shape) {
  std::vector<Shape> list{shape};
  if (shape.rank() >= 1 && shape != large_shape) {
    list.push_back(Shape{});
    list.push_back(Shape{shape.back()});
    Shape column = shape;
    column[shape.rank() - 1] = 1;
    list.push_back(column);
  }
  return list;
}

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
  if (row.name == "nextafter" && is_floating(dtype) && bit_width(dtype) == 16) return true;
  if (dtype == DType::bool_) return row.takes == Takes::numeric || row.takes == Takes::integer;
  return is_floating(dtype) && (row.takes == Takes::integer || row.takes == Takes::bits);
}

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

// What one element becomes, from the dtypes' definitions alone. Integers to and from 64 bits are in dtype_test.
double converted(double x, DType from, DType to) {
  if (to == DType::bool_) return x != 0;
  if (is_floating(to)) return visit_numeric(to, "", [&]<class T>(T) { return to_double(from_double<T>(x)); });
  const int bits = bit_width(to);
  if (!is_floating(from)) {
    if (bits == 64 && kind(to) == Kind::signed_integer) return x;  // nothing narrower wraps
    const double modulus = std::ldexp(1, bits);
    double value = std::fmod(x, modulus);
    if (value < 0) value += modulus;
    return kind(to) == Kind::signed_integer && value >= modulus / 2 ? value - modulus : value;
  }
  return std::trunc(x);
}

void copy_table() {
  Random random(13);
  const auto small = [](Random& r) { return static_cast<double>(r.below(1000)) / 8; };  // inside every integer's range
  const auto tiny = [](Random& r) { return static_cast<double>(r.below(15)) / 8; };     // inside i2's: 0 … 1.75
  for (int from = 0; from < dtype_count; ++from)
    for (int to = 0; to < dtype_count; ++to) {
      const auto source = static_cast<DType>(from), target = static_cast<DType>(to);
      const bool wide = !is_floating(source) && bit_width(source) == 64;  // does not fit the oracle's double
      const auto draw = bit_width(target) < 8 || bit_width(target) == 8 ? +tiny : +small;
      for (const Pattern pattern : all_patterns)
        for (const Shape& shape : {Shape{}, Shape{0, 3}, Shape{7, 13}, Shape{70, 131}}) {
          if (bit_width(source) < 8 && pattern == Pattern::unaligned) continue;  // packed bytes have no alignment
          const std::string what = "astype " + label(source, shape, pattern) + " to " + std::string(to_string(target));
          const Tensor x = make_tensor(random, shape, source, pattern, draw);
          const auto f = [&] { return astype(x, target, true); };
          const Tensor reference = in_column(Column::reference, f);
          EXPECT_EQ(reference.dtype(), target);
          std::vector<double> oracle = doubles(x);
          for (double& value : oracle) value = converted(value, source, target);
          if (!wide) expect_near(doubles(reference), oracle, [](std::size_t) { return 0.0; }, what + " reference");
          const Tensor found = on_cpu(f, what);
          EXPECT_TRUE(equal(doubles(found), doubles(reference))) << what;
          // Into a strided target, whose other elements must stay.
          if (shape.numel() == 0 || pattern == Pattern::stretched) continue;
          const Tensor into =
              make_tensor(random, shape, target, bit_width(target) < 8 ? Pattern::stepped : pattern, draw);
          const std::byte* data = into.storage()->data();
          const std::vector<std::byte> before(data, data + into.storage()->size());
          in_column(Column::cpu, [&] { return copy_(into, x), into; });
          EXPECT_TRUE(equal(doubles(into), doubles(reference))) << what << " into a view";
          const std::vector<std::byte> after(data, data + before.size());
          // The reference must write the same bytes and no others.
          std::copy(before.begin(), before.end(), into.storage()->mutable_data());
          in_column(Column::reference, [&] { return copy_(into, x), into; });
          EXPECT_TRUE(std::equal(after.begin(), after.end(), data)) << what << " into a view, other bytes";
          if (pattern == Pattern::stepped && bit_width(target) >= 8 && shape.rank() > 0) {
            const std::size_t width = static_cast<std::size_t>(bit_width(target) / 8);
            EXPECT_TRUE(std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(width), data)) << what;
          }
        }
    }
}

// Indices of every sign into `size`, as i64.
Tensor random_indices(Random& random, const Shape& shape, std::int64_t size) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < shape.numel(); ++i) values.push_back(random.below(2 * size) - size);
  return Tensor::from(std::span<const std::int64_t>(values), shape);
}

// Element numbers of (outer, n, inner) around `axis`.
struct Around {
  std::int64_t outer = 1, n, inner = 1;
  Around(const Shape& shape, int axis) : n(shape[axis]) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
  std::size_t at(std::int64_t o, std::int64_t k, std::int64_t i) const {
    return static_cast<std::size_t>((o * n + (k < 0 ? k + n : k)) * inner + i);
  }
};

const DType moved_dtypes[] = {DType::bool_, DType::u8,  DType::i64,     DType::f16,
                              DType::bf16,  DType::f32, DType::f8_e4m3, DType::i4};

// Blocks of rows (take) and single elements (take_along_axis).
void gather_table() {
  Random random(31);
  for (const DType dtype : moved_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : {Shape{7}, Shape{7, 13}, Shape{3, 4, 5}, Shape{61, 1100}})
        for (int axis = 0; axis < shape.rank(); ++axis) {
          if (bit_width(dtype) < 8 && pattern == Pattern::unaligned) continue;
          const Tensor x = make_tensor(random, shape, dtype, pattern);
          const std::string what = label(dtype, shape, pattern) + " axis " + std::to_string(axis);
          const auto raw = doubles(x);
          const Around from(shape, axis);
          const Tensor places = random_indices(random, Shape{83}, from.n);
          const auto place = integers(places);
          const auto f = [&] { return take(x, places, axis); };
          std::vector<double> oracle;
          for (std::int64_t o = 0; o < from.outer; ++o)
            for (const Wide k : place)
              for (std::int64_t i = 0; i < from.inner; ++i)
                oracle.push_back(raw[from.at(o, static_cast<std::int64_t>(k), i)]);
          EXPECT_TRUE(equal(doubles(in_column(Column::reference, f)), oracle)) << "take " << what;
          EXPECT_TRUE(equal(doubles(on_cpu(f, what)), oracle)) << "take " << what;

          Shape along = shape;
          along[axis] = 5;
          const Tensor each = random_indices(random, along, from.n);
          const auto chosen = integers(each);
          const auto g = [&] { return take_along_axis(x, each, axis); };
          const Around to(along, axis);
          oracle.resize(chosen.size());
          for (std::int64_t o = 0; o < to.outer; ++o)
            for (std::int64_t k = 0; k < to.n; ++k)
              for (std::int64_t i = 0; i < to.inner; ++i)
                oracle[to.at(o, k, i)] = raw[from.at(o, static_cast<std::int64_t>(chosen[to.at(o, k, i)]), i)];
          EXPECT_TRUE(equal(doubles(in_column(Column::reference, g)), oracle)) << "take_along_axis " << what;
          EXPECT_TRUE(equal(doubles(on_cpu(g, what)), oracle)) << "take_along_axis " << what;
        }
}

// One sum of two numbers, rounded to the dtype: exact in double for f32 (Figueroa 1995) and narrower.
double sum_in(DType dtype, double a, double b) {
  return visit_arithmetic(dtype, "", [&]<class T>(T) -> double {
    if constexpr (std::is_integral_v<T>)
      return static_cast<double>(static_cast<T>(static_cast<std::uint64_t>(static_cast<std::int64_t>(a)) +
                                                static_cast<std::uint64_t>(static_cast<std::int64_t>(b))));
    else
      return to_double(from_double<T>(a + b));
  });
}

void scatter_table() {
  Random random(32);
  for (const DType dtype : {DType::bool_, DType::u8, DType::i32, DType::f16, DType::bf16, DType::f32, DType::f64})
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : {Shape{7}, Shape{7, 13}, Shape{3, 4, 5}, Shape{11, 1100}})
        for (int axis = 0; axis < shape.rank(); ++axis)
          for (const bool add : {false, true}) {
            if (add && dtype == DType::bool_) continue;
            const std::string what =
                label(dtype, shape, pattern) + " axis " + std::to_string(axis) + (add ? " add" : "");
            const Tensor x = make_tensor(random, shape, dtype, pattern);
            const Around to(shape, axis);
            Shape more = shape;
            more[axis] = 2 * to.n + 1;  // more than places: some are met twice
            const Tensor values = make_tensor(random, more, dtype, pattern);
            const auto old = doubles(x), added = doubles(values);
            const auto put = [&](std::vector<double>& out, std::size_t at, double value) {
              out[at] = add ? sum_in(dtype, out[at], value) : value;
            };
            const Around from(more, axis);

            const Tensor each = random_indices(random, more, to.n);
            const auto chosen = integers(each);
            const auto f = [&] {
              return scatter(x, axis, each, values, add ? ScatterMode::add : ScatterMode::replace);
            };
            std::vector<double> oracle = old;
            for (std::int64_t o = 0; o < from.outer; ++o)
              for (std::int64_t k = 0; k < from.n; ++k)
                for (std::int64_t i = 0; i < from.inner; ++i)
                  put(oracle, to.at(o, static_cast<std::int64_t>(chosen[from.at(o, k, i)]), i),
                      added[from.at(o, k, i)]);
            EXPECT_TRUE(equal(doubles(in_column(Column::reference, f)), oracle)) << "scatter " << what;
            EXPECT_TRUE(equal(doubles(on_cpu(f, what)), oracle)) << "scatter " << what;

            const Tensor places = random_indices(random, Shape{from.n}, to.n);
            const auto place = integers(places);
            const auto g = [&] {
              if (add) return index_add(x, axis, places, values);
              const Tensor out = astype(x, dtype, true);
              std::vector<Index> list(static_cast<std::size_t>(axis), Slice{});
              list.emplace_back(places);
              index_put_(out, list, values);
              return out;
            };
            oracle = old;
            for (std::int64_t o = 0; o < from.outer; ++o)
              for (std::int64_t k = 0; k < from.n; ++k)
                for (std::int64_t i = 0; i < from.inner; ++i)
                  put(oracle, to.at(o, static_cast<std::int64_t>(place[static_cast<std::size_t>(k)]), i),
                      added[from.at(o, k, i)]);
            EXPECT_TRUE(equal(doubles(in_column(Column::reference, g)), oracle)) << "blocks " << what;
            EXPECT_TRUE(equal(doubles(on_cpu(g, what)), oracle)) << "blocks " << what;
          }
}

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

// One result on every number of threads.
template <class F>
Tensor on_all_threads(F&& f, const Tensor& x, const std::string& what) {
  set_num_threads(1);
  const Tensor one = in_column(Column::cpu, f);
  for (const int threads : {2, 7}) {
    if (x.numel() < 1 << 15) break;
    set_num_threads(threads);
    const Tensor many = in_column(Column::cpu, f);
    EXPECT_EQ(std::memcmp(one.bytes(), many.bytes(), one.nbytes()), 0) << what << " differs with " << threads;
  }
  return one;
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
    if (all_layouts && (dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::i16))
      for (const Shape& shape : {Shape{150'001}, Shape{9001, 20}, Shape{263, 521}})
        for (const Pattern pattern : {Pattern::contiguous, Pattern::transposed}) one(shape, pattern);
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
        if (draw != any_number && !is_floating(dtype)) break;
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
      const auto f = [&] { return argmax(x, axis); }, g = [&] { return argmin(x, axis); };
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

void embedding_table() {
  Random random(19);
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32, DType::f64})
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : {Shape{}, Shape{0}, Shape{1}, Shape{3, 5}, Shape{1031}}) {
        const Tensor weight = make_tensor(random, Shape{13, 37}, dtype, pattern);
        Tensor ids = Tensor::empty(shape, DType::i32);
        for (std::int64_t i = 0; i < ids.numel(); ++i)
          ids.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>(random.below(13));
        const auto table = doubles(weight);
        std::vector<double> oracle;
        for (const double id : doubles(ids))
          for (std::size_t i = 0; i < 37; ++i) oracle.push_back(table[static_cast<std::size_t>(id) * 37 + i]);
        const auto f = [&] { return embedding(weight, ids); };
        EXPECT_TRUE(doubles(in_column(Column::reference, f)) == oracle) << label(dtype, shape, pattern);
        EXPECT_TRUE(doubles(on_cpu(f, "embedding")) == oracle) << label(dtype, shape, pattern);
      }
  const Tensor encoded = quantize(make_tensor(random, Shape{6, 64}, DType::f32, Pattern::contiguous), Scheme::q4_0);
  const Tensor ids = Tensor::from<std::int64_t>({5, 0, 3, 3});
  const auto f = [&] { return embedding(encoded, ids); };
  const auto rows = doubles(dequantize(encoded));
  std::vector<double> oracle;
  for (const std::size_t id : {5, 0, 3, 3})
    oracle.insert(oracle.end(), rows.begin() + id * 64, rows.begin() + id * 64 + 64);
  EXPECT_TRUE(doubles(in_column(Column::reference, f)) == oracle);
  EXPECT_TRUE(doubles(on_cpu(f, "embedding Q4_0")) == oracle);
}

// Cosine and sine rounded (u each), two products and their sum: 4u (|a| + |b|).
void rope_table() {
  Random random(20);
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Shape& shape : {Shape{0, 8}, Shape{1, 2}, Shape{5, 40}, Shape{2, 3, 5, 34}, Shape{3, 129, 64}})
        for (const RopeLayout layout : {RopeLayout::interleaved, RopeLayout::half_split})
          for (const std::int64_t pairs : {shape.back() / 2, shape.back() / 4}) {
            const std::string what = "rope " + label(dtype, shape, pattern);
            const std::int64_t times = shape[shape.rank() - 2];
            const Tensor x = make_tensor(random, shape, dtype, pattern);
            Tensor positions = Tensor::empty(Shape{times}, DType::i64),
                   frequencies = Tensor::empty(Shape{pairs}, DType::f32);
            for (std::int64_t t = 0; t < times; ++t) positions.mutable_data<std::int64_t>()[t] = random.below(100000);
            for (std::int64_t i = 0; i < pairs; ++i)
              frequencies.mutable_data<float>()[i] = static_cast<float>(std::pow(10000, -random.uniform()));
            const auto f = [&] { return rope(x, positions, frequencies, layout); };
            const auto values = doubles(x), where = doubles(positions), turns = doubles(frequencies);
            std::vector<double> oracle = values, size(values.size(), 0);
            const auto width = static_cast<std::size_t>(shape.back());
            for (std::size_t row = 0; row * width < values.size(); ++row)
              for (std::size_t i = 0; i < turns.size(); ++i) {
                const double angle = where[row % static_cast<std::size_t>(times)] * turns[i];
                const std::size_t first = row * width + (layout == RopeLayout::interleaved ? 2 * i : i);
                const std::size_t second = first + (layout == RopeLayout::interleaved ? 1 : turns.size());
                const double a = values[first], b = values[second];
                oracle[first] = std::hypot(a, b) * std::cos(std::atan2(b, a) + angle);
                oracle[second] = std::hypot(a, b) * std::sin(std::atan2(b, a) + angle);
                size[first] = size[second] = std::fabs(a) + std::fabs(b);
              }
            const auto reference = doubles(in_column(Column::reference, f));
            // The oracle turns in polar form: an angle of up to 1e5 is known to 1e5·2^-53.
            expect_near(
                reference, oracle, [&](std::size_t i) { return 3e-11 * size[i] + ulp(dtype, oracle[i]); },
                what + " reference");
            expect_near(
                doubles(on_cpu(f, what)), reference,
                [&](std::size_t i) {
                  return 2 * working_epsilon(dtype) * size[i] + (size[i] > 0 ? ulp(dtype, reference[i]) : 0);
                },
                what + " cpu");
          }
}

// Scores: γ_{D+2} of A = max Σ|q·k|·scale, twice in a weight (its own and the maximum's), 2·|d| ≤ 4A for the rounded
// difference; S weights summed and multiplied: (S + 20)u. All relative to Σ weight·|v|.
void attention_table() {
  Random random(21);
  struct Sizes {
    std::int64_t heads, key_heads, length, keys, width;
  };
  for (const DType dtype : floating_dtypes)
    for (const Pattern pattern : all_patterns)
      for (const Sizes& s : {Sizes{1, 1, 1, 1, 1},
                             {4, 2, 1, 67, 16},
                             {8, 1, 1, 130, 64},
                             {2, 2, 13, 13, 7},
                             {6, 3, 19, 83, 24},
                             {2, 1, 5, 3, 8},
                             {3, 3, 2, 0, 4},
                             {2, 1, 0, 5, 4}})
        for (AttentionOptions options :
             {AttentionOptions{}, AttentionOptions{true, 0, 0}, AttentionOptions{true, 5, 0.3},
              AttentionOptions{false, 9, 0}, AttentionOptions{false, 0, 0, Tensor::zeros(Shape{}, DType::bool_)},
              AttentionOptions{true, 0, 0, Tensor::zeros(Shape{}, dtype)}}) {
          // A bool mask of keys alone, an added one for each head; −∞ hides a key.
          if (options.mask.defined()) {
            const bool truth = options.mask.dtype() == DType::bool_;
            options.mask =
                make_tensor(random, truth ? Shape{s.length, s.keys} : Shape{s.heads, 1, s.keys}, options.mask.dtype(),
                            pattern, [](Random& r) { return r.below(4) ? r.normal() : -HUGE_VAL; });
          }
          std::vector<double> added(static_cast<std::size_t>(2 * s.heads * s.length * s.keys), 0);
          if (options.mask.defined()) {
            added = doubles(options.mask.expand(Shape{2, s.heads, s.length, s.keys}));
            if (options.mask.dtype() == DType::bool_)
              for (double& value : added) value = value != 0 ? 0 : -HUGE_VAL;
          }
          const Tensor q = make_tensor(random, Shape{2, s.heads, s.length, s.width}, dtype, pattern);
          // Keys lie as in a cache: (S, Hkv, D), seen as (Hkv, S, D).
          const Tensor k = make_tensor(random, Shape{2, s.keys, s.key_heads, s.width}, dtype, pattern).transpose(1, 2);
          const Tensor v = make_tensor(random, Shape{2, s.key_heads, s.keys, s.width}, dtype, pattern);
          const std::string what = "attention " + label(dtype, q.shape(), pattern) + " " + describe(k) +
                                   (options.causal ? " causal" : "") + " window " + std::to_string(options.window);
          const auto f = [&] { return scaled_dot_product_attention(q, k, v, options); };
          const auto reference = doubles(in_column(Column::reference, f));
          const auto vq = doubles(q), vk = doubles(k), vv = doubles(v);
          const double scale = options.scale != 0 ? options.scale : 1 / std::sqrt(static_cast<double>(s.width));
          std::vector<double> oracle, size, factor;
          for (std::int64_t row = 0; row < 2 * s.heads * s.length; ++row) {
            const std::int64_t i = row % s.length, h = row / s.length % s.heads, b = row / s.length / s.heads;
            const std::int64_t key_base = (b * s.key_heads + h / (s.heads / s.key_heads)) * s.keys;
            std::vector<double> weight(static_cast<std::size_t>(s.keys), 0);
            double sum = 0, largest = 0;
            for (std::int64_t j = 0; j < s.keys; ++j) {
              const std::int64_t distance = i + s.keys - s.length - j;  // how far key j lies before query i
              if ((options.causal && distance < 0) || (options.window > 0 && distance >= options.window)) continue;
              double dot = 0, absolute = 0;
              for (std::int64_t d = 0; d < s.width; ++d) {
                const double product = vq[static_cast<std::size_t>(row * s.width + d)] *
                                       vk[static_cast<std::size_t>((key_base + j) * s.width + d)];
                dot += product;
                absolute += std::fabs(product);
              }
              const double more = added[static_cast<std::size_t>(row * s.keys + j)];
              sum += weight[static_cast<std::size_t>(j)] = std::exp(dot * scale + more);
              // Adding rounds once more, twice in a weight.
              if (more != -HUGE_VAL) largest = std::max(largest, absolute * scale + std::fabs(more));
            }
            for (std::int64_t d = 0; d < s.width; ++d) {
              double value = 0, absolute = 0;
              for (std::int64_t j = 0; j < s.keys && sum > 0; ++j) {
                const double part = weight[static_cast<std::size_t>(j)] / sum *
                                    vv[static_cast<std::size_t>((key_base + j) * s.width + d)];
                value += part;
                absolute += std::fabs(part);
              }
              oracle.push_back(value);
              size.push_back(absolute);
              factor.push_back(2 * static_cast<double>(s.width + 2) * largest + 4 * largest +
                               static_cast<double>(s.keys) + 20);
            }
          }
          const auto limit = [&](double u, std::size_t i) {
            return factor[i] * u * size[i] + (size[i] > 0 ? ulp(dtype, oracle[i]) : 0);
          };
          expect_near(reference, oracle, [&](std::size_t i) { return limit(0x1p-53, i); }, what + " reference");
          expect_near(
              doubles(on_cpu(f, what)), reference, [&](std::size_t i) { return limit(working_epsilon(dtype) / 2, i); },
              what + " cpu");
        }
}

// What the bytes must be is quant_test's business: here the columns must agree to the bit, for any layout.
void quantize_table() {
  Random random(22);
  for (const Scheme scheme :
       {Scheme::q8_0, Scheme::q4_0, Scheme::q4_1, Scheme::q5_0, Scheme::q5_1, Scheme::tq1_0, Scheme::tq2_0})
    for (const DType dtype : floating_dtypes)
      for (const Pattern pattern : all_patterns) {
        const Tensor x = make_tensor(random, Shape{5, 512}, dtype, pattern);
        const auto f = [&] { return quantize(x, scheme); };
        const Tensor reference = in_column(Column::reference, f), found = in_column(Column::cpu, f);
        ASSERT_EQ(reference.nbytes(), found.nbytes());
        EXPECT_EQ(std::memcmp(reference.bytes(), found.bytes(), found.nbytes()), 0)
            << to_string(scheme) << " " << label(dtype, x.shape(), pattern);
      }
}

void dequantize_table() {
  Random random(23);
  for (const Scheme scheme :
       {Scheme::q8_0, Scheme::q4_0, Scheme::q4_1, Scheme::q5_0, Scheme::q5_1, Scheme::tq1_0, Scheme::tq2_0}) {
    const Tensor x = quantize(make_tensor(random, Shape{3, 5, 512}, DType::f32, Pattern::contiguous), scheme);
    for (const Tensor& view : {x, x.transpose(0, 1), x.slice(1, 1, 5, 2), x.select(0, 2), x.slice(0, 1, 1)}) {
      const auto f = [&] { return dequantize(view); };
      EXPECT_TRUE(doubles(on_cpu(f, describe(view))) == doubles(in_column(Column::reference, f))) << describe(view);
    }
  }
}

// One function for each row of the operation table: a row without one does not compile.
#define INGOT_X(id) \
  TEST(OpsTable, id) { id##_table(); }
INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X

}  // namespace
}  // namespace ingot::testing
