#include "ingot/shape.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "core/strided.h"
#include "support/errors.h"
#include "support/random.h"

namespace ingot {
namespace {

using testing::expect_error;

TEST(Shape, HoldsUpToEightSizes) {
  Shape shape{2, 3};
  shape.insert(1, 7);
  EXPECT_EQ(shape, (Shape{2, 7, 3}));
  shape.erase(0);
  EXPECT_EQ(shape, (Shape{7, 3}));
  EXPECT_EQ(shape.back(), 3);
  EXPECT_NE(shape, (Shape{7}));
  EXPECT_EQ(Shape::filled(3, 5), (Shape{5, 5, 5}));
  Shape eight = Shape::filled(8, 1);
  expect_error(ErrorCode::invalid_argument, "Shape", {"8"}, [&] { eight.push_back(1); });
}

TEST(Shape, CountsElementsWithoutOverflow) {
  EXPECT_EQ(Shape{}.numel(), 1);
  EXPECT_EQ((Shape{3, 0, 5}).numel(), 0);
  EXPECT_EQ((Shape{3, 4, 5}).numel(), 60);
  const std::int64_t big = std::int64_t{1} << 40;
  EXPECT_EQ((Shape{big, big, 0}).numel(), 0) << "empty, however large the other sizes";
  expect_error(ErrorCode::out_of_range, "Shape::numel", {"1099511627776"}, [&] { (void)Shape{big, big}.numel(); });
  expect_error(ErrorCode::out_of_range, "Shape::numel", {"negative", "-1"}, [] { (void)Shape{2, -1}.numel(); });
  EXPECT_EQ((Shape{std::numeric_limits<std::int64_t>::max()}).numel(), std::numeric_limits<std::int64_t>::max());
}

TEST(Shape, PrintsAsNumPy) {
  EXPECT_EQ(to_string(Shape{}), "()");
  EXPECT_EQ(to_string(Shape{4}), "(4,)");
  EXPECT_EQ(to_string(Shape{2, 3}), "(2, 3)");
}

TEST(Shape, RowMajorStrides) {
  EXPECT_EQ(contiguous_strides(Shape{2, 3, 4}), (Shape{12, 4, 1}));
  EXPECT_EQ(contiguous_strides(Shape{}), Shape{});
  const std::int64_t big = std::int64_t{1} << 40;
  (void)contiguous_strides(Shape{0, big, big});  // must not overflow (UBSan)
}

TEST(Shape, BroadcastsAsNumPy) {
  EXPECT_EQ(broadcast_shapes(Shape{5, 1, 4}, Shape{3, 1}), (Shape{5, 3, 4}));
  EXPECT_EQ(broadcast_shapes(Shape{}, Shape{2}), (Shape{2}));
  EXPECT_EQ(broadcast_shapes(Shape{1}, Shape{0}), (Shape{0}));
  EXPECT_EQ(broadcast_shapes(Shape{0, 3}, Shape{1, 1, 3}), (Shape{1, 0, 3}));
  expect_error(ErrorCode::shape_mismatch, "add", {"(2, 3)", "(2,)"},
               [] { broadcast_shapes(Shape{2, 3}, Shape{2}, "add"); });
  expect_error(ErrorCode::shape_mismatch, "add", {"(0,)", "(2,)"}, [] { broadcast_shapes(Shape{0}, Shape{2}, "add"); });
}

TEST(Shape, AxesCountFromBothEnds) {
  EXPECT_EQ(normalize_axis(-1, 3, "f"), 2);
  EXPECT_EQ(normalize_axis(0, 3, "f"), 0);
  for (const int axis : {-4, 3})
    expect_error(ErrorCode::out_of_range, "f", {"3"}, [&] { normalize_axis(axis, 3, "f"); });
  expect_error(ErrorCode::out_of_range, "f", {"0"}, [] { normalize_axis(0, 0, "f"); });
}

// Every element once, in row-major order, with the offsets that its indices give.
TEST(StridedLoop, EqualsNestedLoops) {
  testing::Random random(1);
  for (int trial = 0; trial < 2000; ++trial) {
    Shape shape, a, b;
    const auto rank = random.below(5);
    for (std::int64_t i = 0; i < rank; ++i) {
      shape.push_back(random.below(4) + (random.below(8) > 0));
      a.push_back(random.below(9) - 4);
      b.push_back(random.below(9) - 4);
    }
    if (random.below(2)) a = contiguous_strides(shape);
    if (random.below(2)) b = contiguous_strides(shape);
    std::vector<std::array<std::int64_t, 2>> expected;
    for (std::int64_t i = 0; i < shape.numel(); ++i) {
      std::array<std::int64_t, 2> at{};
      std::int64_t rest = i;
      for (int axis = shape.rank() - 1; axis >= 0; --axis) {
        const std::int64_t index = rest % shape[axis];
        rest /= shape[axis];
        at[0] += index * a[axis];
        at[1] += index * b[axis];
      }
      expected.push_back(at);
    }
    const StridedLoop<2> loop(shape, {a, b});
    ASSERT_EQ(loop.size(), shape.numel());
    std::vector<std::array<std::int64_t, 2>> found;
    const std::int64_t grain = 1 + random.below(7);
    for (std::int64_t begin = 0; begin < loop.size(); begin += grain)
      loop.run(begin, std::min(loop.size(), begin + grain), [&](const auto& at, std::int64_t n) {
        for (std::int64_t i = 0; i < n; ++i)
          found.push_back({at[0] + i * loop.inner_strides()[0], at[1] + i * loop.inner_strides()[1]});
      });
    ASSERT_EQ(found, expected) << to_string(shape) << to_string(a) << to_string(b);
  }
}

TEST(StridedLoop, MergesWhatOneStepCrosses) {
  const Shape shape{4, 5, 6};
  const StridedLoop<2> both(shape, {contiguous_strides(shape), contiguous_strides(shape)});
  EXPECT_EQ(both.inner_size(), 120);
  const StridedLoop<2> stretched(shape, {contiguous_strides(shape), Shape{0, 0, 1}});
  EXPECT_EQ(stretched.inner_size(), 6);
}

}  // namespace
}  // namespace ingot
