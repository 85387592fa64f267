// What the table of cases does not ask: mixed dtypes, errors, concat and reshape, and the gradients of elementwise.def.
#include "ingot/ops.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "ops/element.h"
#include "support/cases.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::doubles;
using testing::expect_error;
using testing::make_tensor;
using testing::Pattern;
using testing::Random;

TEST(MixedDTypes, OperandsAreConvertedToThePromotedOne) {
  const Tensor i = Tensor::from<std::int32_t>({1, -2, 16777217});
  const Tensor h = Tensor::full(Shape{3}, 0.5, DType::f16);
  EXPECT_EQ(add(i, h).dtype(), DType::f16);
  EXPECT_EQ(doubles(add(i, h)), (std::vector<double>{1.5, -1.5, HUGE_VAL}));
  EXPECT_EQ(add(h, Tensor::full(Shape{}, 1, DType::bf16)).dtype(), DType::f32);
  const Tensor u = Tensor::from<std::uint8_t>({200, 100}), s = Tensor::from<std::int8_t>({-100, 100});
  EXPECT_EQ(multiply(u, s).dtype(), DType::i16);
  EXPECT_EQ(doubles(multiply(u, s)), (std::vector<double>{-20000, 10000}));
  const Tensor b = Tensor::from<bool>({true, false});
  EXPECT_EQ(add(u, b).dtype(), DType::u8);
  EXPECT_EQ(doubles(add(u, b)), (std::vector<double>{201, 100}));
}

TEST(MixedDTypes, QuotientsOfIntegersAreF32) {
  const Tensor a = Tensor::from<std::int32_t>({7, -7, 1, 0}), b = Tensor::from<std::int32_t>({2, 2, 0, 0});
  const Tensor q = divide(a, b);
  EXPECT_EQ(q.dtype(), DType::f32);
  const auto values = doubles(q);
  EXPECT_EQ(values[0], 3.5);
  EXPECT_EQ(values[1], -3.5);
  EXPECT_EQ(values[2], HUGE_VAL);
  EXPECT_TRUE(values[3] != values[3]);
  EXPECT_EQ(divide(Tensor::from<bool>({true}), Tensor::from<bool>({true})).dtype(), DType::f32);
  EXPECT_EQ(divide(Tensor::from<std::uint64_t>({1}), Tensor::from<std::int64_t>({-4})).item(), -0.25);
}

TEST(Errors, NameOperationShapesAndDTypes) {
  const Tensor x = Tensor::zeros(Shape{2, 3}, DType::f32), y = Tensor::zeros(Shape{2}, DType::f32);
  const Tensor i = Tensor::zeros(Shape{2, 3}, DType::i32), f8 = Tensor::zeros(Shape{2, 3}, DType::f8_e4m3),
               i4 = Tensor::zeros(Shape{2, 3}, DType::i4), flag = Tensor::zeros(Shape{2, 3}, DType::bool_);
  const Tensor q = Tensor::view_of(Storage::allocate(2 * 34), 0, Shape{2, 32}, Encoding::of(Scheme::q8_0));
  expect_error(ErrorCode::shape_mismatch, "add", {"(2, 3)", "(2,)"}, [&] { add(x, y); });
  expect_error(ErrorCode::dtype_mismatch, "bitwise_and", {"f32 (2, 3)"}, [&] { bitwise_and(x, 1); });
  expect_error(ErrorCode::dtype_mismatch, "relu", {"bool (2, 3)"}, [&] { relu(flag); });
  expect_error(ErrorCode::dtype_mismatch, "multiply", {"f8_e4m3 (2, 3)", "f32 (2, 3)"}, [&] { multiply(f8, x); });
  expect_error(ErrorCode::dtype_mismatch, "multiply", {"f8_e4m3 (2, 3)"}, [&] { multiply(f8, f8); });
  expect_error(ErrorCode::dtype_mismatch, "divide", {"i4 (2, 3)"}, [&] { divide(i4, i4); });
  expect_error(ErrorCode::dtype_mismatch, "add", {"bool (2, 3)"}, [&] { add(flag, flag); });
  expect_error(ErrorCode::dtype_mismatch, "add", {"Q8_0 (2, 32)", "dequantize"}, [&] { add(q, q); });
  expect_error(ErrorCode::invalid_argument, "add", {"undefined"}, [&] { add(x, Tensor()); });
  expect_error(ErrorCode::dtype_mismatch, "softmax", {"i32 (2, 3)"}, [&] { softmax(i); });
  expect_error(ErrorCode::out_of_range, "softmax", {"2"}, [&] { softmax(x, 2); });
  expect_error(ErrorCode::shape_mismatch, "rms_norm", {"f32 (2, 3)", "f32 (2,)"}, [&] { rms_norm(x, y, 1e-5); });
  expect_error(ErrorCode::invalid_argument, "rms_norm", {"-1"},
               [&] { rms_norm(x, Tensor::zeros(Shape{3}, DType::f32), -1); });
  expect_error(ErrorCode::invalid_argument, "argmax", {"f32 (2, 0)"},
               [&] { argmax(Tensor::zeros(Shape{2, 0}, DType::f32), 1); });
  expect_error(ErrorCode::shape_mismatch, "matmul", {"f32 (2, 3)"}, [&] { matmul(x, x); });
  expect_error(ErrorCode::shape_mismatch, "matmul", {"f32 ()"}, [&] { matmul(x, Tensor::full(Shape{}, 1)); });
  expect_error(ErrorCode::shape_mismatch, "linear", {"f32 (2, 3)", "Q8_0 (2, 32)"}, [&] { linear(x, q); });
  expect_error(ErrorCode::shape_mismatch, "linear", {"f32 (2,)"}, [&] { linear(x, y); });
  expect_error(ErrorCode::out_of_range, "embedding", {"id 2", "index 1", "f32 (2, 3)"},
               [&] { embedding(x, Tensor::from<std::int64_t>({0, 2})); });
  expect_error(ErrorCode::out_of_range, "embedding", {"id -1"},
               [&] { embedding(x, Tensor::from<std::int32_t>({-1})); });
  expect_error(ErrorCode::dtype_mismatch, "embedding", {"f32 (2,)"}, [&] { embedding(x, y); });
  const Tensor positions = Tensor::from<std::int64_t>({0, 1}), turns = Tensor::from<float>({1, 1});
  expect_error(ErrorCode::shape_mismatch, "rope", {"f32 (2, 3)", "i64 (2,)", "f32 (2,)"},
               [&] { rope(x, positions, turns, RopeLayout::half_split); });
  expect_error(ErrorCode::dtype_mismatch, "rope", {"i32 (2, 3)"}, [&] { rope(x, i, turns, RopeLayout::interleaved); });
  const auto heads = [](std::int64_t n) { return Tensor::zeros(Shape{n, 4, 8}, DType::f32); };
  expect_error(ErrorCode::shape_mismatch, "scaled_dot_product_attention", {"f32 (3, 4, 8)", "f32 (2, 4, 8)"},
               [&] { scaled_dot_product_attention(heads(3), heads(2), heads(2)); });
  expect_error(ErrorCode::dtype_mismatch, "scaled_dot_product_attention", {"f16 (2, 4, 8)", "f32 (2, 4, 8)"},
               [&] { scaled_dot_product_attention(astype(heads(2), DType::f16), heads(2), heads(2)); });
  expect_error(ErrorCode::shape_mismatch, "concat", {"f32 (2, 3)", "f32 (2,)"},
               [&] { concat(std::vector<Tensor>{x, y}); });
  expect_error(ErrorCode::invalid_argument, "concat", {"no tensors"}, [] { concat({}); });
  expect_error(ErrorCode::shape_mismatch, "reshape", {"f32 (2, 3)", "(4,)"}, [&] { reshape(x, Shape{4}); });
  expect_error(ErrorCode::shape_mismatch, "copy_", {"f32 (2, 3)", "f32 (2,)"}, [&] { copy_(y, x); });
  expect_error(ErrorCode::invalid_argument, "copy_", {"more than once"},
               [&] { copy_(y.unsqueeze(1).expand(Shape{2, 3}), x); });
}

TEST(Copies, AreMadeOnlyWhereNeeded) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4, 5, 6}, Shape{2, 3});
  EXPECT_EQ(&astype(x, DType::f32).meta(), &x.meta());
  EXPECT_FALSE(astype(x, DType::f32, true).same_storage(x));
  EXPECT_EQ(&contiguous(x).meta(), &x.meta());
  EXPECT_TRUE(reshape(x, Shape{3, -1}).same_storage(x));
  const Tensor turned = reshape(x.transpose(0, 1), Shape{-1});
  EXPECT_FALSE(turned.same_storage(x));
  EXPECT_EQ(doubles(turned), (std::vector<double>{1, 4, 2, 5, 3, 6}));
}

TEST(Copies, PackedViewsMayStartInsideAByte) {
  const Tensor x = astype(Tensor::from<std::int32_t>({1, -2, 3, -4, 5, -6, 7}), DType::i4);
  EXPECT_EQ(doubles(x.slice(0, 1, 7, 2)), (std::vector<double>{-2, -4, -6}));
  EXPECT_EQ(doubles(contiguous(x.slice(0, 3, 6))), (std::vector<double>{-4, 5, -6}));
  copy_(x.slice(0, 1, 3), Tensor::from<std::int32_t>({-8, -7}));
  EXPECT_EQ(doubles(x), (std::vector<double>{1, -8, -7, -4, 5, -6, 7}));
  expect_error(ErrorCode::invalid_argument, "Tensor::bytes", {"inside a byte"},
               [&] { (void)x.slice(0, 1, 3).bytes(); });
}

TEST(Copies, EncodedTensorsAreDecoded) {
  Random random(1);
  const Tensor x = make_tensor(random, Shape{3, 64}, DType::f32, Pattern::contiguous);
  const Tensor q = quantize(x, Scheme::q8_0);
  EXPECT_EQ(doubles(astype(q, DType::f64)), doubles(dequantize(q)));
  EXPECT_EQ(doubles(contiguous(q)), doubles(dequantize(q)));
  const Tensor target = Tensor::zeros(Shape{2, 3, 64}, DType::f32);
  copy_(target, q);
  EXPECT_EQ(doubles(target.select(0, 1)), doubles(dequantize(q)));
}

TEST(Concat, JoinsAlongAnyAxisInThePromotedDType) {
  const Tensor a = Tensor::from<std::int16_t>({1, 2, 3, 4}, Shape{2, 2}),
               b = Tensor::from<std::uint8_t>({5, 6}, Shape{2, 1});
  const Tensor joined = concat(std::vector<Tensor>{a.transpose(0, 1), b, Tensor::zeros(Shape{2, 0}, DType::bool_)}, -1);
  EXPECT_EQ(joined.dtype(), DType::i16);
  EXPECT_EQ(joined.shape(), (Shape{2, 3}));
  EXPECT_EQ(doubles(joined), (std::vector<double>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(doubles(concat(std::vector<Tensor>{a, a.slice(0, 0, 1)})), (std::vector<double>{1, 2, 3, 4, 1, 2}));
  const Tensor packed = astype(Tensor::from<std::int32_t>({1, -1, 0}), DType::i2);
  EXPECT_EQ(doubles(concat(std::vector<Tensor>{packed, packed})), (std::vector<double>{1, -1, 0, 1, -1, 0}));
}

TEST(ZeroDimensional, ReduceAndBroadcast) {
  const Tensor x = Tensor::full(Shape{}, 3);
  EXPECT_EQ(softmax(x).item(), 1);
  EXPECT_EQ(argmax(x).item(), 0);
  EXPECT_EQ(argmax(x).rank(), 0);
  EXPECT_EQ(multiply(x, x).item(), 9);
  EXPECT_EQ(argmax(Tensor::from<float>({1, 5, 2}, Shape{1, 3}), 1, true).shape(), (Shape{1, 1}));
  EXPECT_EQ(matmul(Tensor::from<float>({1, 2}), Tensor::from<float>({3, 4})).item(), 11);
  EXPECT_EQ(matmul(Tensor::from<float>({1, 2}), Tensor::zeros(Shape{2, 5}, DType::f32)).shape(), (Shape{5}));
  EXPECT_EQ(embedding(Tensor::from<float>({1, 2, 3, 4}, Shape{2, 2}), Tensor::full(Shape{}, 1, DType::i64)).shape(),
            (Shape{2}));
}

// Gradients in elementwise.def against central differences of the values, h = 1e-5, in double: truncation h²f‴/6 and
// cancellation ε|f|/h are both below 1e-8 (1 + |f'|) at these points.
using Operands = std::array<double, 3>;
constexpr Operands gradient_points[] = {{-3.1, 0.83, 1.2}, {-0.7, 0.83, 1.2}, {0.4, 0.83, 1.2},
                                        {1.9, 0.83, 1.2},  {1.3, -2.2, 1.2},  {0.9, 0.13, 0.6}};

template <class F, class Gradient>
void expect_gradient(const char* name, int operand, F value, Gradient gradient) {
  using E = Element<double>;
  if constexpr (!std::is_same_v<decltype(gradient(E(1), E(1), E(1), E(1))), None>) {
    int compared = 0;
    for (const Operands& at : gradient_points) {
      const auto moved = [&](double step) {
        Operands x = at;
        x[static_cast<std::size_t>(operand)] += step;
        return value(E(x[0]), E(x[1]), E(x[2])).value;
      };
      const double expected = 1.7 * (moved(1e-5) - moved(-1e-5)) / 2e-5;
      if (expected != expected) continue;  // outside the domain
      const double found = gradient(E(1.7), E(at[0]), E(at[1]), E(at[2])).value;
      EXPECT_NEAR(found, expected, 1e-8 * (1 + std::fabs(expected)))
          << name << ", operand " << operand << ", at " << at[0] << " " << at[1] << " " << at[2];
      ++compared;
    }
    EXPECT_GE(compared, 2) << name;
  }
}

TEST(Gradients, OfElementwiseRowsEqualDifferences) {
#define INGOT_FORMULA(formula, ...) [](__VA_ARGS__) { return formula; }
#define INGOT_UNUSED [[maybe_unused]] auto
#define INGOT_UNARY(name, takes, value, gradient, ...)                        \
  expect_gradient(#name, 0, INGOT_FORMULA(value, INGOT_UNUSED x, auto, auto), \
                  INGOT_FORMULA(gradient, INGOT_UNUSED g, INGOT_UNUSED x, auto, auto));
#define INGOT_TERNARY(name, takes, value, gradient_a, gradient_b, gradient_c, ...)                              \
  {                                                                                                             \
    const auto f = INGOT_FORMULA(value, INGOT_UNUSED a, INGOT_UNUSED b, INGOT_UNUSED c);                        \
    expect_gradient(#name, 0, f,                                                                                \
                    INGOT_FORMULA(gradient_a, INGOT_UNUSED g, INGOT_UNUSED a, INGOT_UNUSED b, INGOT_UNUSED c)); \
    expect_gradient(#name, 1, f,                                                                                \
                    INGOT_FORMULA(gradient_b, INGOT_UNUSED g, INGOT_UNUSED a, INGOT_UNUSED b, INGOT_UNUSED c)); \
    expect_gradient(#name, 2, f,                                                                                \
                    INGOT_FORMULA(gradient_c, INGOT_UNUSED g, INGOT_UNUSED a, INGOT_UNUSED b, INGOT_UNUSED c)); \
  }
#define INGOT_BINARY(name, takes, value, gradient_a, gradient_b, ...) \
  INGOT_TERNARY(name, takes, value, gradient_a, gradient_b, none)
#define INGOT_UNARY_PREDICATE(...)
#define INGOT_BINARY_PREDICATE(...)
#include "ingot/ops/elementwise.def"
#undef INGOT_FORMULA
#undef INGOT_UNUSED
}

TEST(Out, IsWrittenAndMayOverlap) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4, 5});
  const Tensor strided = Tensor::zeros(Shape{5, 2}, DType::f64).select(1, 1);
  add(x, 1, Out(strided));
  EXPECT_EQ(doubles(strided), (std::vector<double>{2, 3, 4, 5, 6}));
  add_(x, x);
  EXPECT_EQ(doubles(x), (std::vector<double>{2, 4, 6, 8, 10}));
  // Shifted by one: written forwards in place, every element would become the first.
  add(x.slice(0, 0, 4), 0, Out(x.slice(0, 1, 5)));
  EXPECT_EQ(doubles(x), (std::vector<double>{2, 2, 4, 6, 8}));
  negative(x.slice(0, 4, -6, -1), Out(x));
  EXPECT_EQ(doubles(x), (std::vector<double>{-8, -6, -4, -2, -2}));
  const Tensor i = Tensor::from<std::int32_t>({7, 8});
  mul_(i, 3);
  sub_(i, i.select(0, 0));
  EXPECT_EQ(doubles(i), (std::vector<double>{0, 3}));
  const Tensor h = Tensor::full(Shape{2}, 1, DType::f16);
  div_(h, Tensor::from<float>({3, 4}));  // computed in f32, kept in f16
  EXPECT_EQ(doubles(h), (std::vector<double>{0.333251953125, 0.25}));
}

TEST(Out, IsRefusedWhereItDoesNotFit) {
  const Tensor x = Tensor::zeros(Shape{2, 3}, DType::f32), i = Tensor::zeros(Shape{2, 3}, DType::i32);
  expect_error(ErrorCode::shape_mismatch, "add", {"(2, 3)", "f32 (3,)"},
               [&] { add(x, x, Out(Tensor::zeros(Shape{3}, DType::f32))); });
  expect_error(ErrorCode::dtype_mismatch, "divide", {"f32", "i32 (2, 3)"}, [&] { div_(i, 2); });
  expect_error(ErrorCode::invalid_argument, "add", {"more than once"},
               [&] { add_(Tensor::zeros(Shape{1, 3}, DType::f32).expand(Shape{2, 3}), 1); });
  float constant = 5;
  const Tensor borrowed =
      Tensor::view_of(Storage::borrow(&constant, sizeof constant, {}, true), 0, Shape{1}, DType::f32);
  expect_error(ErrorCode::invalid_argument, "multiply", {"read-only"}, [&] { mul_(borrowed, 2); });
  EXPECT_EQ(constant, 5);
  expect_error(ErrorCode::shape_mismatch, "add", {"(2, 3)", "(4,)"},
               [&] { add_(x, Tensor::zeros(Shape{4}, DType::f32)); });
}

TEST(Numbers, AreWeak) {
  const auto dtype = [](DType of, Scalar number) { return add(Tensor::zeros(Shape{1}, of), number).dtype(); };
  EXPECT_EQ(dtype(DType::i8, 3), DType::i8);
  EXPECT_EQ(dtype(DType::i8, 3.0), DType::f32);
  EXPECT_EQ(dtype(DType::f16, 3.0), DType::f16);
  EXPECT_EQ(dtype(DType::u64, 3), DType::u64);
  EXPECT_EQ(dtype(DType::f64, true), DType::f64);
  EXPECT_EQ(add(Tensor::zeros(Shape{}, DType::bool_), 3).dtype(), DType::i64);
  EXPECT_EQ(add(1, 2).item(), 3);
  EXPECT_EQ(add(1, 2).dtype(), DType::i64);
  EXPECT_EQ(where(Tensor::from<bool>({true}), 1, 2.5).dtype(), DType::f32);
  expect_error(ErrorCode::out_of_range, "add", {"300", "u8"}, [] { add(Tensor::zeros(Shape{1}, DType::u8), 300); });
  expect_error(ErrorCode::out_of_range, "add", {"-1", "u8"}, [] { add(Tensor::zeros(Shape{1}, DType::u8), -1); });
}

// Tensors made of numbers are kept for a while.
TEST(Numbers, AreToldApart) {
  const Tensor x = Tensor::from<float>({-0.0f}), one = Tensor::full(Shape{1}, 1),
               i = Tensor::full(Shape{1}, 1, DType::i32);
  for (int round = 0; round < 3; ++round) {
    EXPECT_FALSE(std::signbit(add(x, 0.0).item()));
    EXPECT_TRUE(std::signbit(add(x, -0.0).item()));
    EXPECT_FALSE(std::signbit(add(x, 0).item()));
    EXPECT_TRUE(std::isnan(add(x, NAN).item()));
    EXPECT_EQ(add(i, 1).item(), 2);
    EXPECT_EQ(add(one, 1).item(), 2);
    EXPECT_EQ(add(i, true).item(), 2);
    EXPECT_EQ(clip(one, -3, -2).item(), -2);
    EXPECT_EQ(clip(2, one, 5).item(), 2);
    for (int k = 0; k < 9; ++k) EXPECT_EQ(multiply(one, k).item(), k);
  }
}

}  // namespace
}  // namespace ingot
