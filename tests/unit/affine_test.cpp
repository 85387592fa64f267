// Integer codes with scales and zero points, and packed integers: against the formulas of ingot/ops/quantization.h,
// written out here element by element, for every layout of memory, in both columns, on any number of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ingot/ops/print.h"
#include "support/cases.h"
#include "support/errors.h"

namespace ingot::testing {
namespace {

using Values = std::vector<double>;

int lowest(DType dtype) { return dtype == DType::u8 ? 0 : dtype == DType::i8 ? -128 : dtype == DType::i4 ? -8 : -2; }
int highest(DType dtype) { return dtype == DType::u8 ? 255 : -lowest(dtype) - 1; }

// What each element's scale is number of, and how many scales there are.
struct Owners {
  std::vector<std::size_t> of;
  std::size_t count = 0;
};
Owners owners(const Shape& shape, const AffineScheme& scheme) {
  Owners owners;
  const int axis = scheme.axis.value_or(-1) < 0 ? shape.rank() + scheme.axis.value_or(-1) : *scheme.axis;
  const bool whole = !scheme.axis && scheme.group_size == 0;
  const std::int64_t group = scheme.group_size == -1 ? shape[axis] : scheme.group_size;
  for (std::int64_t i = 0; i < shape.numel(); ++i) {
    std::int64_t rest = i, step = 1, owner = 0;
    for (int k = shape.rank() - 1; k >= 0; --k) {
      const std::int64_t at = rest % shape[k];
      rest /= shape[k];
      if (whole) continue;
      if (scheme.group_size != 0) {
        owner += (k == axis ? at / group : at) * step;
        step *= k == axis ? shape[k] / group : shape[k];
      } else if (k == axis) {
        owner = at;
      }
    }
    owners.of.push_back(static_cast<std::size_t>(owner));
    owners.count = std::max(owners.count, owners.of.back() + 1);
  }
  return owners;
}

float rounded_to(DType dtype, float x) {
  if (dtype == DType::f16) return to_float(to_float16(x));
  return dtype == DType::bf16 ? to_float(to_bfloat16(x)) : x;
}
float least_positive(DType dtype) {
  return dtype == DType::f16 ? 0x1p-24f : dtype == DType::bf16 ? 0x1p-133f : 0x1p-149f;
}

struct Expected {
  Values scales, zeros, codes;
};
Expected expected(const Values& x, const Owners& owners, const AffineScheme& scheme) {
  Expected found;
  std::vector<float> low(owners.count, 0), high(owners.count, 0);
  for (std::size_t i = 0; i < x.size(); ++i) {
    low[owners.of[i]] = std::fmin(low[owners.of[i]], static_cast<float>(x[i]));
    high[owners.of[i]] = std::fmax(high[owners.of[i]], static_cast<float>(x[i]));
  }
  const int first = lowest(scheme.dtype) + scheme.narrow_range, last = highest(scheme.dtype);
  for (std::size_t g = 0; g < owners.count; ++g) {
    const float span = scheme.symmetric ? std::fmax(-low[g], high[g]) : high[g] - low[g];
    float scale = span / (static_cast<float>(last - first) / (scheme.symmetric ? 2 : 1));
    scale = rounded_to(scheme.scale_dtype, scale);
    if (scale == 0) scale = span == 0 ? 1 : least_positive(scheme.scale_dtype);
    found.scales.push_back(scale);
    found.zeros.push_back(
        scheme.symmetric ? 0
                         : std::fmin(std::fmax(first - std::rint(static_cast<double>(low[g] / scale)), first), last));
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto quotient = static_cast<float>(x[i]) / static_cast<float>(found.scales[owners.of[i]]);
    const double code = std::rint(static_cast<double>(quotient)) + found.zeros[owners.of[i]];
    found.codes.push_back(std::fmin(std::fmax(code, first), last));
  }
  return found;
}

std::vector<AffineScheme> schemes() {
  std::vector<AffineScheme> list;
  for (const DType dtype : {DType::i8, DType::u8, DType::i4, DType::i2})
    for (const bool symmetric : {true, false}) {
      if (dtype == DType::u8 && symmetric) continue;
      const DType scale = dtype == DType::i4 ? DType::f16 : dtype == DType::i2 ? DType::bf16 : DType::f32;
      list.push_back({dtype, symmetric, {}, 0, false, scale});
      list.push_back({dtype, symmetric, 0, 0, true, scale});
      list.push_back({dtype, symmetric, -1, 0, false, DType::f32});
      list.push_back({dtype, symmetric, {}, 6, false, scale});
      list.push_back({dtype, symmetric, 0, 3, symmetric, DType::f32});
      list.push_back({dtype, symmetric, -1, -1, true, scale});
    }
  return list;
}

std::string label(const AffineScheme& scheme, const Tensor& x, Pattern pattern) {
  return std::string(ingot::to_string(scheme.dtype)) + (scheme.symmetric ? " symmetric" : " asymmetric") + " axis " +
         (scheme.axis ? std::to_string(*scheme.axis) : "none") + " group " + std::to_string(scheme.group_size) +
         " of " + describe(x) + " " + to_string(pattern);
}

Tensor quantized_in(Column column, const Tensor& x, const AffineScheme& scheme) {
  const ScopedColumn scope(column);
  return quantize(x, scheme);
}

void expect_same_bytes(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_EQ(a.defined(), b.defined());
  if (!a.defined()) return;
  ASSERT_EQ(a.nbytes(), b.nbytes());
  EXPECT_TRUE(a.nbytes() == 0 || std::memcmp(a.bytes(), b.bytes(), a.nbytes()) == 0) << what;
}

void expect_same(const Tensor& a, const Tensor& b, const std::string& what) {
  const AffineParts p = affine_parts(a), q = affine_parts(b);
  expect_same_bytes(p.codes, q.codes, what + " codes");
  expect_same_bytes(p.scale, q.scale, what + " scales");
  expect_same_bytes(p.zero_point, q.zero_point, what + " zero points");
}

TEST(Affine, FollowsTheFormulas) {
  Random random(31);
  const Shape shapes[] = {{12}, {3, 6}, {9, 66}, {3, 5, 18}, {0, 6}, {3, 0}};
  for (const AffineScheme& scheme : schemes())
    for (const DType dtype : floating_dtypes)
      for (const Pattern pattern : all_patterns)
        for (const Shape& shape : shapes) {
          const Tensor x = make_tensor(random, shape, dtype, pattern);
          const std::string what = label(scheme, x, pattern);
          const Tensor q = quantized_in(Column::reference, x, scheme);
          EXPECT_EQ(q.shape(), shape);
          EXPECT_EQ(q.dtype(), DType::f32);
          expect_same(quantized_in(Column::cpu, x, scheme), q, what);
          const Values values = doubles(x);
          const Owners owner = owners(shape, scheme);
          const Expected oracle = expected(values, owner, scheme);
          const AffineParts parts = affine_parts(q);
          EXPECT_EQ(parts.codes.dtype(), scheme.dtype);
          EXPECT_EQ(parts.scale.dtype(), scheme.scale_dtype);
          ASSERT_EQ(parts.zero_point.defined(), !scheme.symmetric);
          EXPECT_EQ(doubles(parts.codes), oracle.codes) << what;
          if (shape.numel() > 0) {
            EXPECT_EQ(doubles(parts.scale), oracle.scales) << what;
            if (!scheme.symmetric) {
              EXPECT_EQ(doubles(parts.zero_point), oracle.zeros) << what;
            }
          }
          const Values decoded = doubles(dequantize(q));
          ASSERT_EQ(decoded.size(), values.size());
          const double steps = highest(scheme.dtype) - lowest(scheme.dtype) - scheme.narrow_range;
          for (std::size_t i = 0; i < values.size(); ++i) {
            const double scale = oracle.scales[owner.of[i]];
            EXPECT_EQ(decoded[i],
                      static_cast<double>(static_cast<float>((oracle.codes[i] - oracle.zeros[owner.of[i]]) * scale)))
                << what;
            const double limit = scale / 2 + steps * ulp(scheme.scale_dtype, scale) / 2 + 0x1p-22 * steps * scale;
            EXPECT_LE(std::fabs(decoded[i] - values[i]), limit) << what << " [" << i << "]";
          }
        }
}

TEST(Affine, DoesNotDependOnThreads) {
  Random random(32);
  // A row that several tasks share, and rows that end inside a byte.
  for (const Shape& shape : {Shape{70002}, Shape{7402, 9}})
    for (const AffineScheme& scheme : schemes()) {
      if (scheme.axis == 0 && scheme.group_size > 0 && shape[0] % 3 != 0) continue;
      if (!scheme.axis && scheme.group_size > 0 && shape.back() % 6 != 0) continue;
      const Tensor x = make_tensor(random, shape, DType::f32, Pattern::contiguous);
      set_num_threads(1);
      const Tensor one = quantized_in(Column::cpu, x, scheme), decoded = dequantize(one);
      expect_same(one, quantized_in(Column::reference, x, scheme), describe(x));
      for (const int threads : {2, 7}) {
        set_num_threads(threads);
        const Tensor many = quantized_in(Column::cpu, x, scheme);
        expect_same(many, one, describe(x));
        expect_same_bytes(dequantize(many), decoded, describe(x));
      }
      const ScopedColumn scope(Column::reference);
      expect_same_bytes(dequantize(one), decoded, describe(x));
    }
}

Values roundtrip(std::initializer_list<float> values, const AffineScheme& scheme) {
  return doubles(dequantize(quantize(Tensor::from<float>(values), scheme)));
}

TEST(Affine, GroupsWithoutARange) {
  for (const DType dtype : {DType::i8, DType::i4, DType::i2})
    for (const bool symmetric : {true, false}) {
      const AffineScheme scheme{dtype, symmetric};
      const Tensor zeros = quantize(Tensor::zeros(Shape{5}, DType::f32), scheme);
      EXPECT_EQ(doubles(affine_parts(zeros).scale), (Values{1}));
      EXPECT_EQ(doubles(dequantize(zeros)), (Values(5)));
      EXPECT_EQ(roundtrip({-0.0f, 0.0f}, scheme), (Values{0, 0}));
    }
  // One number: an end of the asymmetric range; half a step inside the symmetric one, unless narrow.
  EXPECT_EQ(roundtrip({1.5f, 1.5f}, {DType::i2, false}), (Values{1.5, 1.5}));
  EXPECT_EQ(roundtrip({-1.5f}, {DType::i2, false}), (Values{-1.5}));
  EXPECT_EQ(roundtrip({1.5f, -1.5f}, {DType::i2, true}), (Values{1, -2}));
  EXPECT_EQ(roundtrip({1.5f, -1.5f, 0.75f, 0.76f}, {DType::i2, true, {}, 0, true}), (Values{1.5, -1.5, 0, 1.5}));
}

TEST(Affine, TiesGoToEven) {
  // 7 is an end and 2⁰ the scale: halves are ties.
  EXPECT_EQ(roundtrip({-7, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 6.5f}, {DType::i4, true, {}, 0, true}),
            (Values{-7, 0, 2, 2, 0, -2, 6}));
}

TEST(Affine, EndsOfTheRangeOfFloats) {
  using Limits = std::numeric_limits<float>;
  const float most = Limits::max(), least = Limits::denorm_min();
  for (const DType dtype : {DType::i8, DType::i4, DType::i2})
    for (const bool symmetric : {true, false}) {
      const AffineScheme scheme{dtype, symmetric, {}, 0, symmetric};
      const Tensor wide = quantize(Tensor::from<float>({most, -most, 0}), scheme);
      const double scale = doubles(affine_parts(wide).scale)[0];
      EXPECT_NEAR(scale, 2.0 * most / (highest(dtype) - lowest(dtype) - symmetric), 1e-6 * scale);
      EXPECT_EQ(doubles(dequantize(wide))[2], 0);
      // Subnormal scales are coarse: a unit in their last place may be all of them.
      const Values small{least, -3.0 * least, 5.0 * least, 100.0 * least};
      const Tensor narrow = quantize(Tensor::from<float>({least, -3 * least, 5 * least, 100 * least}), scheme);
      const double step = doubles(affine_parts(narrow).scale)[0];
      EXPECT_GE(step, static_cast<double>(least));
      const double steps = highest(dtype) - lowest(dtype) - symmetric;
      const Values decoded = doubles(dequantize(narrow));
      for (std::size_t i = 0; i < small.size(); ++i)
        EXPECT_LE(std::fabs(decoded[i] - small[i]), step / 2 + steps * static_cast<double>(least) / 2);
    }
  const AffineScheme half{DType::i8, true, {}, 0, false, DType::f16};
  EXPECT_EQ(doubles(affine_parts(quantize(Tensor::from<float>({1e-9f}), half)).scale), (Values{0x1p-24}));
}

// A scale of 1.4 is rounded down to 1, in units of f16's least number: what was inside the range no longer is.
TEST(Affine, RoundedScalesClampCodesAndZeroPoints) {
  constexpr float unit = 0x1p-24f;
  const auto parts = [&](float first, float second, bool symmetric, bool narrow) {
    const AffineScheme scheme{DType::i8, symmetric, {}, 0, narrow, DType::f16};
    const AffineParts found = affine_parts(quantize(Tensor::from<float>({first * unit, second * unit}), scheme));
    EXPECT_EQ(doubles(found.scale), (Values{unit}));
    Values numbers = doubles(found.codes);
    if (!symmetric) numbers.push_back(doubles(found.zero_point)[0]);
    return numbers;
  };
  EXPECT_EQ(parts(-178, 178, true, true), (Values{-127, 127}));
  EXPECT_EQ(parts(-178, 178, true, false), (Values{-128, 127}));
  EXPECT_EQ(parts(-357, -1, false, false), (Values{-128, 126, 127}));
  EXPECT_EQ(parts(-178, 179, false, false), (Values{-128, 127, 50}));
}

TEST(Affine, RefusesWhatItCannotHold) {
  std::vector<float> values(70000, 1.0f);
  values[66001] = INFINITY;
  values[69000] = NAN;
  const Tensor bad = Tensor::from(std::span<const float>(values), Shape{700, 100});
  const AffineScheme scheme{DType::i4, true, -1, 20};
  expect_error(ErrorCode::invalid_argument, "quantize", {"blk.0", "element 66001 of f32 (700, 100)", "inf"},
               [&] { quantize(bad, scheme, "blk.0"); });
  expect_error(ErrorCode::invalid_argument, "quantize", {"element 69000", "nan"}, [&] {
    values[66001] = 0;
    quantize(Tensor::from(std::span<const float>(values)), AffineScheme{});
  });
  expect_error(ErrorCode::invalid_argument, "quantize", {"element 1 of f64"},
               [] { quantize(Tensor::from<double>({1, 1e39}), AffineScheme{}); });
  const Tensor x = Tensor::zeros(Shape{4, 10}, DType::f32);
  expect_error(ErrorCode::shape_mismatch, "quantize", {"groups of 4", "10 elements along axis 1", "f32 (4, 10)"},
               [&] { quantize(x, AffineScheme{DType::i4, true, {}, 4}); });
  expect_error(ErrorCode::invalid_argument, "quantize", {"groups of -2"},
               [&] { quantize(x, AffineScheme{DType::i4, true, {}, -2}); });
  expect_error(ErrorCode::out_of_range, "quantize", {"2"}, [&] { quantize(x, AffineScheme{DType::i4, true, 2}); });
  expect_error(ErrorCode::dtype_mismatch, "quantize", {"codes are", "i16"},
               [&] { quantize(x, AffineScheme{DType::i16}); });
  expect_error(ErrorCode::invalid_argument, "quantize", {"u8"}, [&] { quantize(x, AffineScheme{DType::u8}); });
  expect_error(ErrorCode::dtype_mismatch, "quantize", {"scales are", "f64"},
               [&] { quantize(x, AffineScheme{DType::i8, true, {}, 0, false, DType::f64}); });
  expect_error(ErrorCode::dtype_mismatch, "quantize", {"i32 (3,)"},
               [] { quantize(Tensor::zeros(Shape{3}, DType::i32), AffineScheme{}); });
  expect_error(ErrorCode::dtype_mismatch, "quantize", {"f8_e5m2 (3,)"},
               [] { quantize(Tensor::zeros(Shape{3}, DType::f8_e5m2), AffineScheme{}); });
  expect_error(ErrorCode::dtype_mismatch, "quantize", {"AFFINE_I8 (4, 10)"},
               [&] { quantize(quantize(x, AffineScheme{}), AffineScheme{}); });
  expect_error(ErrorCode::shape_mismatch, "quantize", {"at least one dimension"},
               [] { quantize(Tensor::zeros(Shape{}, DType::f32), AffineScheme{}); });
  expect_error(ErrorCode::invalid_argument, "quantize", {"scale", "group 1", "f16"}, [] {
    quantize(Tensor::from<float>({1, 1, 1e9f, 1}), AffineScheme{DType::i8, true, {}, 2, false, DType::f16});
  });
  expect_error(ErrorCode::invalid_argument, "quantize", {"AFFINE_I4", "AffineScheme"},
               [&] { quantize(x, Scheme::affine_i4); });
}

TEST(Affine, IsViewedAlongOuterAxes) {
  Random random(33);
  for (const AffineScheme& scheme :
       {AffineScheme{DType::i8}, AffineScheme{DType::i4, false, 0}, AffineScheme{DType::i2, false, -1, 3},
        AffineScheme{DType::i4, true, -1, 0}, AffineScheme{DType::i4, false, 1, 3}}) {
    const Tensor x = make_tensor(random, Shape{4, 6, 9}, DType::f32, Pattern::contiguous);
    const Tensor q = quantize(x, scheme), whole = dequantize(q);
    const auto check = [&](auto&& view) {
      for (const Column column : {Column::reference, Column::cpu}) {
        const ScopedColumn scope(column);
        EXPECT_EQ(doubles(dequantize(view(q))), doubles(view(whole))) << label(scheme, x, Pattern::contiguous);
        EXPECT_EQ(doubles(affine_parts(view(q)).codes), doubles(view(affine_parts(q).codes)));
      }
    };
    check([](const Tensor& t) { return t.slice(0, 3, 0, -2); });
    check([](const Tensor& t) { return t.slice(0, 4, 9); });
    check([](const Tensor& t) { return t.select(0, -1); });
    check([](const Tensor& t) { return t.permute({1, 0, 2}); });
    check([](const Tensor& t) { return t.permute({1, 0, 2}).slice(1, 1, 3).unsqueeze(0); });
    check([](const Tensor& t) { return t.slice(0, 2, 3).squeeze(0); });
    check([](const Tensor& t) { return t.view({4, 6, 9}); });
    const bool divided = scheme.axis == 1;
    if (divided) {
      expect_error(ErrorCode::invalid_argument, "Tensor::slice", {"AFFINE_I4"}, [&] { (void)q.slice(1, 0, 2); });
    } else {
      check([](const Tensor& t) { return t.slice(1, 1, 4, 2); });
      check([](const Tensor& t) { return t.select(1, 3).slice(0, 1, 3); });
    }
    expect_error(ErrorCode::invalid_argument, "Tensor::slice", {"outer dimensions"}, [&] { (void)q.slice(2, 0, 3); });
    expect_error(ErrorCode::invalid_argument, "Tensor::permute", {"outer"}, [&] { (void)q.permute({2, 1, 0}); });
    expect_error(ErrorCode::invalid_argument, "Tensor::view", {"outer"}, [&] { (void)q.view({24, 9}); });
    expect_error(ErrorCode::invalid_argument, "Tensor::expand", {"outer"}, [&] { (void)q.expand({2, 4, 6, 9}); });
    EXPECT_EQ(doubles(contiguous(q)), doubles(whole));
    EXPECT_EQ(doubles(astype(q, DType::f64)), doubles(whole));
  }
  // Rows of nine 4-bit codes: every other one begins inside a byte.
  const Tensor q = quantize(make_tensor(random, Shape{4, 9}, DType::f32, Pattern::contiguous), AffineScheme{DType::i4});
  expect_error(ErrorCode::invalid_argument, "Tensor::bytes", {"inside a byte"}, [&] { (void)q.select(0, 1).bytes(); });
  EXPECT_EQ(q.nbytes(), 18u);
}

TEST(Affine, RowsAreEmbedded) {
  Random random(34);
  const Tensor weight = quantize(make_tensor(random, Shape{7, 9}, DType::f32, Pattern::contiguous),
                                 AffineScheme{DType::i4, false, {}, 3, false, DType::bf16});
  const Tensor ids = Tensor::from<std::int64_t>({6, 0, 3});
  EXPECT_EQ(doubles(embedding(weight, ids)), doubles(take(dequantize(weight), ids, 0)));
}

// k products and sums in f32, each rounded to a share 2⁻²⁴ of at most Σ|x·w|, and what becomes of the activations:
// f64 is rounded to f32; the result is rounded to their dtype.
TEST(Affine, WeightsAreMultiplied) {
  Random random(36);
  constexpr std::int64_t k = 27, n = 1100;  // several tasks, rows that begin inside a byte
  for (const AffineScheme& scheme :
       {AffineScheme{DType::i4, false, {}, 9}, AffineScheme{DType::i8, true, 0, 2}, AffineScheme{DType::u8, false},
        AffineScheme{DType::i2, true, {}, 3, false, DType::bf16}, AffineScheme{DType::i4, true, 0}}) {
    const Tensor weight = quantize(make_tensor(random, Shape{n, k}, DType::f32, Pattern::contiguous), scheme);
    const Values w = doubles(dequantize(weight));
    for (const DType dtype : floating_dtypes) {
      const Tensor x = make_tensor(random, Shape{3, k}, dtype, Pattern::transposed);
      const Values a = doubles(x);
      for (const Column column : {Column::reference, Column::cpu}) {
        const ScopedColumn scope(column);
        const Tensor y = linear(x, weight);
        EXPECT_EQ(y.dtype(), dtype);
        const Values found = doubles(y);
        ASSERT_EQ(found.size(), 3u * n);
        for (std::size_t i = 0; i < found.size(); ++i) {
          double sum = 0, magnitude = 0;
          for (std::size_t l = 0; l < k; ++l) {
            const double product = a[i / n * k + l] * w[i % n * k + l];
            sum += product;
            magnitude += std::fabs(product);
          }
          const double limit = (k + 2) * 0x1p-24 * magnitude + ulp(dtype, sum) / 2;
          ASSERT_NEAR(found[i], sum, limit) << describe(x) << describe(weight) << i;
        }
      }
    }
  }
}

TEST(Affine, ProductsDoNotDependOnThreadsOrBatch) {
  Random random(37);
  const Tensor x = make_tensor(random, Shape{9, 260}, DType::f32, Pattern::contiguous);
  const Tensor weight = quantize(make_tensor(random, Shape{2100, 260}, DType::f32, Pattern::contiguous),
                                 AffineScheme{DType::i4, false, {}, 20});
  for (const Activations activations : {Activations::as_is, Activations::int8_per_row}) {
    set_num_threads(1);
    const Tensor expected = linear(x, weight, activations);
    for (const int threads : more_threads) {
      set_num_threads(threads);
      expect_same_bytes(linear(x, weight, activations), expected, "threads");
    }
    expect_same_bytes(linear(x, dequantize(weight), activations), expected, "decoded before");
    for (std::int64_t i = 0; i < 9; ++i)
      expect_same_bytes(linear(x.slice(0, i, i + 1), weight, activations), contiguous(expected.slice(0, i, i + 1)),
                        "one");
  }
}

TEST(Affine, LargeTensorsArePrinted) {
  const Tensor q = quantize(Tensor::full(Shape{40, 60}, 127), AffineScheme{DType::i8, true, 0, 4, true});
  EXPECT_EQ(to_string(q).substr(0, 30), "[[127. 127. 127. ... 127. 127.");
}

TEST(Affine, PartsShareMemory) {
  const Tensor codes = pack(Tensor::from<std::int8_t>({-8, 7, 0, 1, 2, 3}, Shape{2, 3}), DType::i4);
  const Tensor scale = Tensor::from<float>({0.5f, 2}, Shape{2, 1}),
               zero = Tensor::from<std::int8_t>({1, -1}, Shape{2, 1});
  const Tensor q = affine_tensor(codes, scale, zero);
  EXPECT_EQ(doubles(dequantize(q)), (Values{-4.5, 3, -0.5, 4, 6, 8}));
  const AffineParts parts = affine_parts(q);
  EXPECT_TRUE(parts.codes.same_storage(codes) && parts.scale.same_storage(scale) &&
              parts.zero_point.same_storage(zero));
  EXPECT_EQ(doubles(parts.codes), (Values{-8, 7, 0, 1, 2, 3}));
  // A scale without dimensions is the whole tensor's; strided codes are copied.
  EXPECT_EQ(doubles(dequantize(affine_tensor(codes.transpose(0, 1), Tensor::full(Shape{}, 2)))),
            (Values{-16, 2, 14, 4, 0, 6}));
  EXPECT_FALSE(affine_parts(affine_tensor(codes, scale)).zero_point.defined());
  const Tensor bytes = Tensor::from<std::uint8_t>({0, 255, 128});
  EXPECT_EQ(doubles(dequantize(affine_tensor(bytes, Tensor::full(Shape{}, 1), Tensor::full(Shape{}, 128, DType::u8)))),
            (Values{-128, 127, 0}));
}

// As they lie in a mapped file: at any byte, and scales that are every other one of a longer row.
TEST(Affine, PartsLieAnywhere) {
  const auto at_odd_byte = [](const Tensor& x) {
    const Ref<Storage> storage = Storage::allocate(x.nbytes() + 3);
    std::memcpy(storage->mutable_data() + 3, x.bytes(), x.nbytes());
    return Tensor::view_of(storage, 3, x.shape(), x.dtype());
  };
  const Tensor codes = at_odd_byte(Tensor::from<std::int8_t>({1, 2, 3, 4, 5, 6, 7, 8}, Shape{2, 4}));
  const Tensor scales = at_odd_byte(Tensor::from<float>({1, 9, 10, 9, 100, 9, 1000, 9}, Shape{2, 4})).slice(1, 0, 4, 2);
  const Tensor zeros = at_odd_byte(Tensor::from<std::int8_t>({1, 9, 0, 9, 2, 9, -1, 9}, Shape{2, 4})).slice(1, 0, 4, 2);
  const Tensor x = Tensor::view_of(codes.storage(), 3, codes.shape(), Encoding::affine(DType::i8, scales, zeros));
  const Values expected{0, 1, 30, 40, 300, 400, 8000, 9000};
  EXPECT_EQ(doubles(dequantize(x)), expected);
  EXPECT_EQ(doubles(affine_parts(x).codes), doubles(codes));
  EXPECT_EQ(doubles(dequantize(affine_tensor(codes, scales, zeros))), expected);
}

TEST(Affine, PartsMustFit) {
  const char* name = "affine_tensor";
  const Tensor codes = Tensor::zeros(Shape{4, 6}, DType::i8), one = Tensor::full(Shape{}, 1);
  const auto scales = [](const Shape& shape) { return Tensor::full(shape, 1); };
  for (const Shape& fits : {Shape{1, 1}, Shape{4, 1}, Shape{2, 3}, Shape{4, 6}, Shape{1, 2}})
    EXPECT_EQ(dequantize(affine_tensor(codes, scales(fits))).numel(), 24);
  for (const Shape& wrong : {Shape{6}, Shape{1, 4}, Shape{3, 1}, Shape{0, 1}, Shape{1, 1, 1}, Shape{8, 6}})
    expect_error(ErrorCode::shape_mismatch, name, {"AFFINE_I8 (4, 6)", "f32"},
                 [&] { affine_tensor(codes, scales(wrong)); });
  expect_error(ErrorCode::shape_mismatch, name, {"i8 (4, 1)"},
               [&] { affine_tensor(codes, scales({1, 6}), Tensor::zeros(Shape{4, 1}, DType::i8)); });
  expect_error(ErrorCode::dtype_mismatch, name, {"f64"},
               [&] { affine_tensor(codes, Tensor::full(Shape{}, 1, DType::f64)); });
  expect_error(ErrorCode::dtype_mismatch, name, {"f8_e4m3"},
               [&] { affine_tensor(codes, Tensor::zeros(Shape{}, DType::f8_e4m3)); });
  const Tensor encoded = quantize(Tensor::zeros(Shape{4, 6}, DType::f32), AffineScheme{});
  expect_error(ErrorCode::dtype_mismatch, "Tensor::view_of", {"scales AFFINE_I8"}, [&] {
    (void)Tensor::view_of(codes.storage(), 0, codes.shape(), Encoding::affine(DType::i8, encoded, {}));
  });
  expect_error(ErrorCode::dtype_mismatch, name, {"zero points", "i32"},
               [&] { affine_tensor(codes, one, Tensor::zeros(Shape{}, DType::i32)); });
  expect_error(ErrorCode::dtype_mismatch, name, {"i32"},
               [&] { affine_tensor(Tensor::zeros(Shape{4}, DType::i32), one); });
  expect_error(ErrorCode::shape_mismatch, name, {"AFFINE_I8"},
               [&] { affine_tensor(Tensor::zeros(Shape{}, DType::i8), one); });
  expect_error(ErrorCode::invalid_argument, name, {"undefined"}, [&] { affine_tensor(codes, Tensor()); });
  expect_error(ErrorCode::dtype_mismatch, "affine_parts", {"f32"}, [&] { affine_parts(one); });
  expect_error(ErrorCode::invalid_argument, "Tensor::view_of", {"scales are missing"},
               [&] { (void)Tensor::view_of(codes.storage(), 0, codes.shape(), Encoding::of(Scheme::affine_i8)); });
}

TEST(Pack, HoldsEveryValueAtEveryPlace) {
  Random random(35);
  for (const DType dtype : {DType::i4, DType::i2}) {
    const int low = lowest(dtype), high = highest(dtype);
    for (const DType from : {DType::i8, DType::i16, DType::i32, DType::i64})
      for (const std::int64_t n : {0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 1000, 70001}) {
        const Tensor x =
            astype(remainder(make_tensor(random, Shape{n}, from, Pattern::contiguous), high - low + 1), from);
        const Tensor shifted = add(x, low);
        for (const Column column : {Column::reference, Column::cpu}) {
          const ScopedColumn scope(column);
          const Tensor packed = pack(shifted, dtype);
          EXPECT_EQ(packed.dtype(), dtype);
          EXPECT_EQ(doubles(packed), doubles(shifted));
          const Tensor back = unpack(packed);
          EXPECT_EQ(back.dtype(), DType::i8);
          EXPECT_EQ(doubles(back), doubles(shifted));
          // Views that begin inside a byte.
          EXPECT_EQ(doubles(unpack(packed.slice(0, 5, n, 3))), doubles(shifted.slice(0, 5, n, 3)));
          EXPECT_EQ(doubles(unpack(packed.slice(0, 3, n))), doubles(shifted.slice(0, 3, n)));
          EXPECT_EQ(doubles(pack(shifted.slice(0, 3, n), dtype)), doubles(shifted.slice(0, 3, n)));
          for (const std::int64_t step : {1, 3}) {
            const Tensor whole = pack(Tensor::full(Shape{3 * n + 2}, -1, DType::i8), dtype);
            const Tensor bytes = Tensor::full(Shape{3 * n + 2}, -1, DType::i8);
            copy_(whole.slice(0, 1, step * n + 1, step), astype(shifted, DType::i8));
            copy_(bytes.slice(0, 1, step * n + 1, step), astype(shifted, DType::i8));
            EXPECT_EQ(doubles(whole), doubles(bytes));
          }
        }
      }
  }
  EXPECT_EQ(doubles(pack(Tensor::from<std::uint64_t>({0, 7}), DType::i4)), (Values{0, 7}));
}

TEST(Pack, RefusesWhatDoesNotFit) {
  const auto refused = [](const Tensor& x, DType dtype, std::initializer_list<const char*> parts) {
    expect_error(ErrorCode::out_of_range, "pack", parts, [&] { pack(x, dtype); });
  };
  refused(Tensor::from<std::int8_t>({0, 7, 8, 9}), DType::i4, {"element 2 of i8 (4,) is 8", "-8 to 7"});
  refused(Tensor::from<std::int8_t>({-2, 1, 2}), DType::i2, {"element 2"});
  refused(Tensor::from<std::uint8_t>({7, 8}), DType::i4, {"element 1"});
  refused(Tensor::from<std::int16_t>({0, -9}), DType::i4, {"element 1", "-9"});
  refused(Tensor::from<std::int32_t>({-3, 1}), DType::i2, {"element 0", "-3", "-2 to 1"});
  refused(Tensor::from<std::uint64_t>({1, ~std::uint64_t{0}}), DType::i4, {"element 1"});
  expect_error(ErrorCode::dtype_mismatch, "pack", {"f32"},
               [] { pack(Tensor::zeros(Shape{2}, DType::f32), DType::i4); });
  expect_error(ErrorCode::dtype_mismatch, "pack", {"bool"},
               [] { pack(Tensor::zeros(Shape{2}, DType::bool_), DType::i4); });
  expect_error(ErrorCode::dtype_mismatch, "pack", {"i8"}, [] { pack(Tensor::zeros(Shape{2}, DType::i8), DType::i8); });
  expect_error(ErrorCode::dtype_mismatch, "pack", {"i4"}, [] { pack(Tensor::zeros(Shape{2}, DType::i4), DType::i4); });
  expect_error(ErrorCode::dtype_mismatch, "unpack", {"i8"}, [] { unpack(Tensor::zeros(Shape{2}, DType::i8)); });
}

}  // namespace
}  // namespace ingot::testing
