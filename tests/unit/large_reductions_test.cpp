// Reductions of so much memory that several tasks share it, and rows in which one element decides.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "support/cases.h"

namespace ingot::testing {
namespace {

constexpr std::int64_t rows = 5003, columns = 1013;  // 20 MB of f32, and odd rests everywhere

// Small integers: every order of adding them gives the same sum.
float element(std::int64_t i) { return static_cast<float>(i * i % 7 - 3); }

Tensor large_tensor() {
  const Tensor x = Tensor::empty(Shape{rows, columns}, DType::f32);
  float* to = x.mutable_data<float>();
  for (std::int64_t i = 0; i < rows * columns; ++i) to[i] = element(i);
  return x;
}

TEST(LargeReductions, SumEveryElementOnce) {
  const Tensor x = large_tensor();
  std::vector<double> by_row(rows), by_column(columns);
  double all = 0;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const double value = element(r * columns + c);
      by_row[static_cast<std::size_t>(r)] += value;
      by_column[static_cast<std::size_t>(c)] += value;
      all += value;
    }
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    EXPECT_EQ(sum(x).item(), all);
    EXPECT_EQ(doubles(sum(x, 0)), by_column);
    EXPECT_EQ(doubles(sum(x, 1)), by_row);
    EXPECT_EQ(sum(x.slice(1, 0, columns, 2)).item() + sum(x.slice(1, 1, columns, 2)).item(), all);
  }
}

// Rows of every length begin at every place of a cache line, and vectors overlap at their ends.
TEST(Reductions, FindOneElementWhereverTheRowBegins) {
  const Tensor x = Tensor::full(Shape{400}, 0);
  for (std::int64_t begin = 0; begin < 17; ++begin)
    for (const std::int64_t n : {1, 2, 15, 16, 17, 31, 33, 63, 64, 65, 130, 383}) {
      const Tensor row = x.slice(0, begin, begin + n);
      for (const std::int64_t place : {std::int64_t{0}, n / 3, n - 1}) {
        float& element = row.mutable_data<float>()[place];
        const auto expect = [&](float value, double largest, double smallest) {
          element = value;
          EXPECT_EQ(max(row).item(), largest) << begin << ' ' << n << ' ' << place;
          EXPECT_EQ(min(row).item(), smallest) << begin << ' ' << n << ' ' << place;
          EXPECT_EQ(argmax(abs(row)).item(), static_cast<double>(place));
          EXPECT_EQ(any(row).item(), 1);
          EXPECT_EQ(any(row.view(Shape{n, 1}), 1).data<bool>()[place], true);
          EXPECT_EQ(all(equal(row, Tensor::full(Shape{}, 0))).item(), 0);
        };
        expect(2, 2, n == 1 ? 2 : 0);
        expect(-2, n == 1 ? -2 : 0, -2);
        element = 0;
        EXPECT_EQ(any(row).item(), 0);
      }
    }
}

TEST(LargeReductions, FindTheFirstExtreme) {
  const Tensor x = large_tensor(), flat = x.view(Shape{-1});
  float* to = x.mutable_data<float>();
  const std::int64_t n = rows * columns;
  const std::int64_t places[] = {n - 1, n - 1000, n / 2 + 1, n / 3, 600'000, 524'288, 4097, 1023, 17, 0};
  const auto expect_everywhere = [&](std::int64_t place, auto same) {
    for (const int threads : {1, 3}) {
      set_num_threads(threads);
      EXPECT_EQ(argmax(flat).item(), static_cast<double>(place));
      EXPECT_TRUE(same(max(flat).item()));
      EXPECT_TRUE(same(max(max(x, 0)).item()));
      EXPECT_TRUE(same(max(max(x, 1)).item()));
      EXPECT_EQ(argmax(x, 1).data<std::int64_t>()[place / columns], place % columns);
    }
  };
  for (const std::int64_t place : places) {  // each before the one that was best until now
    to[place] = 9;
    expect_everywhere(place, [](double value) { return value == 9; });
  }
  for (const std::int64_t place : places) {
    to[place] = NAN;
    expect_everywhere(place, [](double value) { return std::isnan(value); });
  }
}

TEST(LargeReductions, AnyAndAllSeeOneElement) {
  const std::int64_t n = 17'000'003;
  const Tensor none = Tensor::zeros(Shape{n}, DType::bool_), every = Tensor::full(Shape{n}, 1, DType::bool_);
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    EXPECT_EQ(any(none).item(), 0);
    EXPECT_EQ(all(every).item(), 1);
    EXPECT_EQ(all(none).item(), 0);
    EXPECT_EQ(any(every).item(), 1);
    for (const std::int64_t place : {std::int64_t{0}, std::int64_t{70'000}, n / 2, n - 1}) {
      none.mutable_data<bool>()[place] = true;
      every.mutable_data<bool>()[place] = false;
      EXPECT_EQ(any(none).item(), 1) << place;
      EXPECT_EQ(all(every).item(), 0) << place;
      none.mutable_data<bool>()[place] = false;
      every.mutable_data<bool>()[place] = true;
    }
  }
}

// Rows of every length around those of vectors.
template <class T>
void one_element_decides() {
  std::vector<std::int64_t> lengths{300, 513, 1000};
  for (std::int64_t n = 1; n < 140; ++n) lengths.push_back(n);
  for (const std::int64_t n : lengths) {
    const Tensor x = Tensor::full(Shape{n}, 0, dtype_of<T>), y = Tensor::full(Shape{n}, 2, dtype_of<T>);
    T *a = x.mutable_data<T>(), *b = y.mutable_data<T>();
    if constexpr (std::is_floating_point_v<T>) a[0] = -T{0};
    EXPECT_FALSE(any(x).item() != 0) << n;
    EXPECT_TRUE(all(y).item() != 0) << n;
    for (std::int64_t i = 0; i < n; ++i) {
      a[i] = T{1};
      EXPECT_TRUE(any(x).item() != 0) << n << " " << i;
      EXPECT_EQ(argmax(x).item(), static_cast<double>(i)) << n;
      a[i] = T{0};
      b[i] = T{0};
      EXPECT_FALSE(all(y).item() != 0) << n << " " << i;
      EXPECT_EQ(argmin(y).item(), static_cast<double>(i)) << n;
      if constexpr (std::is_floating_point_v<T>) {
        a[i] = b[i] = std::numeric_limits<T>::quiet_NaN();
        EXPECT_TRUE(any(x).item() != 0 && all(y).item() != 0) << n << " " << i;
        EXPECT_EQ(argmax(x).item(), static_cast<double>(i)) << n;
        a[i] = T{0};
      }
      b[i] = T{2};
    }
  }
}

TEST(Rows, AreDecidedByOneElement) {
  set_num_threads(1);
  one_element_decides<float>();
  one_element_decides<double>();
  one_element_decides<std::int8_t>();
  one_element_decides<std::uint16_t>();
  one_element_decides<std::int64_t>();
}

}  // namespace
}  // namespace ingot::testing
