// Text against what NumPy 2.4 printed; python/test_print.py asks for more.
#include "ingot/ops/print.h"

#include <gtest/gtest.h>

#include <cmath>

#include "ingot/ops.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::expect_error;

Tensor count(const Shape& shape) { return reshape(arange(shape.numel()), shape); }

struct Case {
  DType dtype;
  Shape shape;
  std::vector<double> values;
  const char* text;
};

TEST(Print, FloatsAsNumPy) {
  const Case cases[] = {
      {DType::f32, Shape{2, 2}, {1.0, 2.5, -3.0, 0.125}, "[[ 1.     2.5  ]\n [-3.     0.125]]"},
      {DType::f32, Shape{3}, {0.1, 0.3333333333333333, 1e-05}, "[1.0000000e-01 3.3333334e-01 9.9999997e-06]"},
      {DType::f32, Shape{2}, {1000000.0, 1.0}, "[1.e+06 1.e+00]"},
      {DType::f32, Shape{2}, {999999.0, 1.0}, "[9.99999e+05 1.00000e+00]"},
      {DType::f32, Shape{4}, {NAN, HUGE_VALF, -HUGE_VALF, -0.0}, "[ nan  inf -inf  -0.]"},
      {DType::f32, Shape{2}, {0.001, 1.5}, "[1.0e-03 1.5e+00]"},
      {DType::f32, Shape{2}, {1.0, 1001.0}, "[1.000e+00 1.001e+03]"},
      {DType::f32, Shape{2}, {1.0, 1000.0}, "[   1. 1000.]"},
      {DType::f64, Shape{3}, {0.1, 0.2, 0.30000000000000004}, "[0.1 0.2 0.3]"},
      {DType::f64, Shape{3}, {1e+100, 1e-100, NAN}, "[1.e+100 1.e-100     nan]"},
      {DType::f64, Shape{1}, {100000000.0}, "[1.e+08]"},
      {DType::f64, Shape{2}, {99999999.0, 0.123456789}, "[9.99999990e+07 1.23456789e-01]"},
      {DType::f16, Shape{2}, {65504.0, 0.1}, "[6.55e+04 1.00e-01]"},
      {DType::f16, Shape{2}, {0.1, 999.0}, "[1.00e-01 9.99e+02]"},
      {DType::f32, Shape{2}, {1.00346786e-17, 0.1}, "[1.00346786e-17 1.00000001e-01]"},
      {DType::f32, Shape{2}, {-0.001, NAN}, "[-0.001    nan]"},
      {DType::f64, Shape{2}, {-123.5, HUGE_VALF}, "[-123.5    inf]"},
      {DType::f32, Shape{2}, {0.0, 0.0}, "[0. 0.]"},
      {DType::f32, Shape{}, {1.5}, "1.5"},
      {DType::f32, Shape{}, {1000000.0}, "1e+06"},
      {DType::f64, Shape{}, {1e-05}, "1e-05"},
      {DType::f64, Shape{}, {123456789.125}, "123456789.125"},
      {DType::f16, Shape{}, {1001.0}, "1.001e+03"},
      {DType::f64, Shape{}, {1e+16}, "1e+16"},
      {DType::f64, Shape{}, {-0.0}, "-0.0"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(to_string(astype(Tensor::from(std::span<const double>(c.values), c.shape), c.dtype)), c.text);
}

TEST(Print, LayoutAsNumPy) {
  EXPECT_EQ(to_string(arange(2000)), "[   0    1    2 ... 1997 1998 1999]");
  EXPECT_EQ(to_string(count(Shape{40, 50})),
            "[[   0    1    2 ...   47   48   49]\n [  50   51   52 ...   97   98   99]\n [ 100  101  102 ...  147  "
            "148  149]\n ...\n [1850 1851 1852 ... 1897 1898 1899]\n [1900 1901 1902 ... 1947 1948 1949]\n [1950 1951 "
            "1952 ... 1997 1998 1999]]");
  EXPECT_EQ(to_string(multiply(arange(40), 1000)),
            "[    0  1000  2000  3000  4000  5000  6000  7000  8000  9000 10000 11000\n 12000 13000 14000 15000 16000 "
            "17000 18000 19000 20000 21000 22000 23000\n 24000 25000 26000 27000 28000 29000 30000 31000 32000 33000 "
            "34000 35000\n 36000 37000 38000 39000]");
  EXPECT_EQ(
      to_string(count(Shape{2, 3, 4})),
      "[[[ 0  1  2  3]\n  [ 4  5  6  7]\n  [ 8  9 10 11]]\n\n [[12 13 14 15]\n  [16 17 18 19]\n  [20 21 22 23]]]");
  EXPECT_EQ(to_string(zeros(Shape{2, 3}, DType::bool_)), "[[False False False]\n [False False False]]");
  EXPECT_EQ(
      to_string(count(Shape{16, 16, 16})),
      "[[[   0    1    2 ...   13   14   15]\n  [  16   17   18 ...   29   30   31]\n  [  32   33   34 ...   45   46   "
      "47]\n  ...\n  [ 208  209  210 ...  221  222  223]\n  [ 224  225  226 ...  237  238  239]\n  [ 240  241  242 ... "
      " 253  254  255]]\n\n [[ 256  257  258 ...  269  270  271]\n  [ 272  273  274 ...  285  286  287]\n  [ 288  289  "
      "290 ...  301  302  303]\n  ...\n  [ 464  465  466 ...  477  478  479]\n  [ 480  481  482 ...  493  494  495]\n  "
      "[ 496  497  498 ...  509  510  511]]\n\n [[ 512  513  514 ...  525  526  527]\n  [ 528  529  530 ...  541  542  "
      "543]\n  [ 544  545  546 ...  557  558  559]\n  ...\n  [ 720  721  722 ...  733  734  735]\n  [ 736  737  738 "
      "...  749  750  751]\n  [ 752  753  754 ...  765  766  767]]\n\n ...\n\n [[3328 3329 3330 ... 3341 3342 3343]\n  "
      "[3344 3345 3346 ... 3357 3358 3359]\n  [3360 3361 3362 ... 3373 3374 3375]\n  ...\n  [3536 3537 3538 ... 3549 "
      "3550 3551]\n  [3552 3553 3554 ... 3565 3566 3567]\n  [3568 3569 3570 ... 3581 3582 3583]]\n\n [[3584 3585 3586 "
      "... 3597 3598 3599]\n  [3600 3601 3602 ... 3613 3614 3615]\n  [3616 3617 3618 ... 3629 3630 3631]\n  ...\n  "
      "[3792 3793 3794 ... 3805 3806 3807]\n  [3808 3809 3810 ... 3821 3822 3823]\n  [3824 3825 3826 ... 3837 3838 "
      "3839]]\n\n [[3840 3841 3842 ... 3853 3854 3855]\n  [3856 3857 3858 ... 3869 3870 3871]\n  [3872 3873 3874 ... "
      "3885 3886 3887]\n  ...\n  [4048 4049 4050 ... 4061 4062 4063]\n  [4064 4065 4066 ... 4077 4078 4079]\n  [4080 "
      "4081 4082 ... 4093 4094 4095]]]");
  EXPECT_EQ(to_string(zeros(Shape{2, 0})), "[]");
  EXPECT_EQ(to_string(ones(Shape{}, DType::bool_)), "True");
  EXPECT_EQ(to_string(Tensor::from<std::int8_t>({-128, 7})), "[-128    7]");
  EXPECT_EQ(to_string(astype(arange(-2, 2), DType::i4)), "[-2 -1  0  1]");
  EXPECT_EQ(to_string(full(Shape{2}, ~std::uint64_t{0})), "[18446744073709551615 18446744073709551615]");
  EXPECT_EQ(to_string(count(Shape{2, 3}).transpose(0, 1)), "[[0 3]\n [1 4]\n [2 5]]");
}

TEST(Print, NarrowFloatsHaveTheirOwnShortestDigits) {
  const Tensor x = Tensor::from<float>({0.1f, 3.140625f});
  EXPECT_EQ(to_string(astype(x, DType::f16)), "[0.1  3.14]");
  EXPECT_EQ(to_string(astype(x, DType::bf16)), "[0.1  3.14]");
  EXPECT_EQ(to_string(astype(x, DType::f8_e4m3)), "[0.1 3.2]");
  EXPECT_EQ(to_string(astype(x, DType::f8_e5m2)), "[0.09 3.  ]");
}

TEST(Print, Options) {
  PrintOptions options;
  options.precision = 3;
  EXPECT_EQ(to_string(Tensor::from<double>({0.12345, 2}), options), "[0.123 2.   ]");
  options.suppress = true;
  EXPECT_EQ(to_string(Tensor::from<double>({1e-9, -1e-9, 1}), options), "[ 0. -0.  1.]");
  options.threshold = 4;
  options.edgeitems = 1;
  EXPECT_EQ(to_string(count(Shape{5}), options), "[0 ... 4]");
  EXPECT_EQ(to_string(count(Shape{4}), options), "[0 1 2 3]");
  EXPECT_EQ(to_string(count(Shape{2, 3}), options), "[[0 ... 2]\n [3 ... 5]]");
  options.linewidth = 5;
  EXPECT_EQ(to_string(count(Shape{4}), options), "[0 1\n 2 3]");
  options.edgeitems = 0;
  expect_error(ErrorCode::invalid_argument, "to_string", {"edgeitems 0"}, [&] { to_string(count(Shape{2}), options); });
}

TEST(Print, ReprSaysDTypeDeviceAndWhatIsLeftOut) {
  EXPECT_EQ(repr(arange(3)), "Tensor([0, 1, 2], dtype=int64, device='cpu')");
  EXPECT_EQ(repr(count(Shape{2, 2})), "Tensor([[0, 1],\n        [2, 3]], dtype=int64, device='cpu')");
  EXPECT_EQ(repr(zeros(Shape{0})), "Tensor([], dtype=float32, device='cpu')");
  EXPECT_EQ(repr(zeros(Shape{0, 3})), "Tensor([], shape=(0, 3), dtype=float32, device='cpu')");
  EXPECT_EQ(repr(arange(2000)),
            "Tensor([   0,    1,    2, ..., 1997, 1998, 1999],\n       shape=(2000,), dtype=int64, device='cpu')");
  EXPECT_EQ(repr(full(Shape{}, 0.5)), "Tensor(0.5, dtype=float32, device='cpu')");
  const Tensor q = quantize(ones(Shape{2, 32}), Scheme::q8_0);
  EXPECT_EQ(repr(q), "Tensor(shape=(2, 32), dtype=float32, encoding='Q8_0', device='cpu')");
  EXPECT_EQ(to_string(quantize(zeros(Shape{40, 64}), Scheme::q8_0)).substr(0, 24), "[[0. 0. 0. ... 0. 0. 0.]");
  expect_error(ErrorCode::invalid_argument, "repr", {"undefined"}, [] { repr(Tensor()); });
}

}  // namespace
}  // namespace ingot
