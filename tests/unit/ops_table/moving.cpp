// What moves elements: conversions and copies, gather, scatter.
#include <span>

#include "unit/ops_table/table.h"

namespace ingot::testing {

namespace {

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

}  // namespace

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
          if (sanitized && shape.numel() > 1000 && source != target) continue;
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

namespace {

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

}  // namespace

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

namespace {

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

}  // namespace

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

}  // namespace ingot::testing
