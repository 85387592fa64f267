// What the families' cases share: operation × dtype × stride pattern × shape edge × column. `reference` is held against
// an oracle written beside the cases in double, `cpu` against `reference`; every limit says where it comes from. u is
// half of epsilon there: the relative error of one rounding.
#pragma once

#include <gtest/gtest.h>

#include "support/cases.h"

namespace ingot::testing {

// One function for each row of the operation table, in its family's file: a row without one does not link.
#define INGOT_X(id) void id##_table();
INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X

// Edges: no elements, one without axes, one, primes (never a multiple of a vector), a row longer than every tile.
inline const Shape edge_shapes[] = {{}, {1}, {0, 3}, {1, 1}, {7, 13}, {3, 1031}, {2, 3, 5, 17}};
// Beyond what one task takes (64 Ki elements): several threads.
inline const Shape large_shape{263, 521};

inline std::string label(DType dtype, const Shape& shape, Pattern pattern) {
  return std::string(to_string(dtype)) + " " + to_string(shape) + " " + to_string(pattern);
}

inline bool same(double a, double b) { return a == b || (a != a && b != b); }

inline bool equal(const std::vector<double>& a, const std::vector<double>& b) {
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
  for (const int threads : more_threads) {
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
inline std::vector<Shape> partners(const Shape& shape) {
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

// One result on every number of threads.
template <class F>
Tensor on_all_threads(F&& f, const Tensor& x, const std::string& what) {
  set_num_threads(1);
  const Tensor one = in_column(Column::cpu, f);
  for (const int threads : more_threads) {
    if (x.numel() < 1 << 15) break;
    set_num_threads(threads);
    const Tensor many = in_column(Column::cpu, f);
    EXPECT_EQ(std::memcmp(one.bytes(), many.bytes(), one.nbytes()), 0) << what << " differs with " << threads;
  }
  return one;
}

}  // namespace ingot::testing
