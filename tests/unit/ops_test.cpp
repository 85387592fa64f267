// What the table of cases does not ask: mixed dtypes, errors, concat and reshape, and the gradients of elementwise.def.
#include "ingot/ops.h"

#include <gtest/gtest.h>

#include <vector>

#include "ops/scalar.h"
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
  EXPECT_EQ(mul(u, s).dtype(), DType::i16);
  EXPECT_EQ(doubles(mul(u, s)), (std::vector<double>{-20000, 10000}));
  const Tensor b = Tensor::from<bool>({true, false});
  EXPECT_EQ(add(u, b).dtype(), DType::u8);
  EXPECT_EQ(doubles(add(u, b)), (std::vector<double>{201, 100}));
}

TEST(MixedDTypes, QuotientsOfIntegersAreF32) {
  const Tensor a = Tensor::from<std::int32_t>({7, -7, 1, 0}), b = Tensor::from<std::int32_t>({2, 2, 0, 0});
  const Tensor q = div(a, b);
  EXPECT_EQ(q.dtype(), DType::f32);
  const auto values = doubles(q);
  EXPECT_EQ(values[0], 3.5);
  EXPECT_EQ(values[1], -3.5);
  EXPECT_EQ(values[2], HUGE_VAL);
  EXPECT_TRUE(values[3] != values[3]);
  EXPECT_EQ(div(Tensor::from<bool>({true}), Tensor::from<bool>({true})).dtype(), DType::f32);
  EXPECT_EQ(div(Tensor::from<std::uint64_t>({1}), Tensor::from<std::int64_t>({-4})).item(), -0.25);
}

TEST(Errors, NameOperationShapesAndDTypes) {
  const Tensor x = Tensor::zeros(Shape{2, 3}, DType::f32), y = Tensor::zeros(Shape{2}, DType::f32);
  const Tensor i = Tensor::zeros(Shape{2, 3}, DType::i32), f8 = Tensor::zeros(Shape{2, 3}, DType::f8_e4m3),
               i4 = Tensor::zeros(Shape{2, 3}, DType::i4), flag = Tensor::zeros(Shape{2, 3}, DType::bool_);
  const Tensor q = Tensor::view_of(Storage::allocate(2 * 34), 0, Shape{2, 32}, Encoding::of(Scheme::q8_0));
  expect_error(ErrorCode::shape_mismatch, "add", {"(2, 3)", "(2,)"}, [&] { add(x, y); });
  expect_error(ErrorCode::dtype_mismatch, "silu", {"i32 (2, 3)"}, [&] { silu(i); });
  expect_error(ErrorCode::dtype_mismatch, "relu", {"bool (2, 3)"}, [&] { relu(flag); });
  expect_error(ErrorCode::dtype_mismatch, "mul", {"f8_e4m3 (2, 3)", "f32 (2, 3)"}, [&] { mul(f8, x); });
  expect_error(ErrorCode::dtype_mismatch, "mul", {"f8_e4m3 (2, 3)"}, [&] { mul(f8, f8); });
  expect_error(ErrorCode::dtype_mismatch, "div", {"i4 (2, 3)"}, [&] { div(i4, i4); });
  expect_error(ErrorCode::dtype_mismatch, "add", {"bool (2, 3)"}, [&] { add(flag, flag); });
  expect_error(ErrorCode::dtype_mismatch, "add", {"Q8_0 (2, 32)", "dequantize"}, [&] { add(q, q); });
  expect_error(ErrorCode::invalid_argument, "add", {"undefined"}, [&] { add(x, Tensor()); });
  expect_error(ErrorCode::dtype_mismatch, "softmax", {"i32 (2, 3)"}, [&] { softmax(i); });
  expect_error(ErrorCode::out_of_range, "softmax", {"2"}, [&] { softmax(x, 2); });
  expect_error(ErrorCode::shape_mismatch, "rms_norm", {"f32 (2, 3)", "f32 (2,)"}, [&] { rms_norm(x, y, 1e-5); });
  expect_error(ErrorCode::invalid_argument, "rms_norm", {"-1"},
               [&] { rms_norm(x, Tensor::zeros(Shape{3}, DType::f32), -1); });
  expect_error(ErrorCode::invalid_argument, "argmax", {"f32 (2, 0)"},
               [&] { argmax(Tensor::zeros(Shape{2, 0}, DType::f32)); });
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
  EXPECT_EQ(mul(x, x).item(), 9);
  EXPECT_EQ(argmax(Tensor::from<float>({1, 5, 2}, Shape{1, 3}), 1, true).shape(), (Shape{1, 1}));
  EXPECT_EQ(matmul(Tensor::from<float>({1, 2}), Tensor::from<float>({3, 4})).item(), 11);
  EXPECT_EQ(matmul(Tensor::from<float>({1, 2}), Tensor::zeros(Shape{2, 5}, DType::f32)).shape(), (Shape{5}));
  EXPECT_EQ(embedding(Tensor::from<float>({1, 2, 3, 4}, Shape{2, 2}), Tensor::full(Shape{}, 1, DType::i64)).shape(),
            (Shape{2}));
}

// Central differences of the value, h = 1e-5: truncation h²f''' / 6 and cancellation ε|f|/h are both below 1e-9 here.
void expect_gradient(double gradient, double above, double below, const char* name, double at) {
  EXPECT_NEAR(gradient, (above - below) / 2e-5, 1e-8 * (1 + std::fabs(gradient))) << name << " at " << at;
}

TEST(Gradients, OfElementwiseRowsEqualDifferences) {
  using S = Scalar<double>;
  for (const double at : {-3.0, -0.7, 0.4, 1.9}) {
    const S g = 1.7;
#define INGOT_UNARY(name, dtypes, formula, gradient)                                                 \
  {                                                                                                  \
    const auto f = [](S x) -> S { return formula; };                                                 \
    const auto slope = [&](S x) -> S { return gradient; };                                           \
    expect_gradient(slope(at).value, 1.7 * f(at + 1e-5).value, 1.7 * f(at - 1e-5).value, #name, at); \
  }
#define INGOT_BINARY(name, dtypes, formula, gradient_a, gradient_b)                                                 \
  {                                                                                                                 \
    const auto f = [](S a, S b) -> S { return formula; };                                                           \
    const auto in_a = [&]([[maybe_unused]] S a, [[maybe_unused]] S b) -> S { return gradient_a; };                  \
    const auto in_b = [&]([[maybe_unused]] S a, [[maybe_unused]] S b) -> S { return gradient_b; };                  \
    const S b = 0.83;                                                                                               \
    expect_gradient(in_a(at, b).value, 1.7 * f(at + 1e-5, b).value, 1.7 * f(at - 1e-5, b).value, #name, at);        \
    expect_gradient(in_b(at, b).value, 1.7 * f(at, b.value + 1e-5).value, 1.7 * f(at, b.value - 1e-5).value, #name, \
                    at);                                                                                            \
  }
#include "ops/elementwise.def"
  }
}

}  // namespace
}  // namespace ingot
