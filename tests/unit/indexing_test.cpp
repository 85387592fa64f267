// x[…] against what NumPy gives, and the functions that take indices. The kernels are ops_table/'s business.
#include "ingot/ops/indexing.h"

#include <gtest/gtest.h>

#include "ingot/ops.h"
#include "support/cases.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::doubles;
using testing::expect_error;

using Values = std::vector<double>;

Tensor count(const Shape& shape, DType dtype = DType::i64) {
  return astype(reshape(arange(shape.numel()), shape), dtype);
}
Tensor integers(std::initializer_list<std::int64_t> values) { return Tensor::from(values); }

struct Case {
  const char* python;
  std::vector<Index> indices;
  Shape shape;
  Values values;
};

// x = np.arange(24).reshape(2, 3, 4); what NumPy 2.4 printed.
std::vector<Case> cases() {
  const Tensor i = integers({1, 0}), j = Tensor::from<std::int64_t>({0, 2}, Shape{2, 1}), k = integers({3, -1});
  const Tensor half = Tensor::from<std::int64_t>({0, 1}, Shape{2, 1}), m1 = Tensor::from<bool>({true, false, true});
  const Tensor mm = Tensor::from<bool>({true, false, true, true});
  const Tensor x = count(Shape{2, 3, 4}), m2 = equal(remainder(x.select(0, 0), 2), 1), m3 = equal(remainder(x, 5), 0);
  return {
      {"x[1]", {std::int64_t{1}}, Shape{3, 4}, {12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23}},
      {"x[:, -1]", {Slice{}, -1}, Shape{2, 4}, {8, 9, 10, 11, 20, 21, 22, 23}},
      {"x[..., ::-2]", {Ellipsis{}, Slice{{}, {}, -2}}, Shape{2, 3, 2}, {3, 1, 7, 5, 11, 9, 15, 13, 19, 17, 23, 21}},
      {"x[1, None, 1:, ..., 2]", {1, NewAxis{}, Slice{1}, Ellipsis{}, 2}, Shape{1, 2}, {18, 22}},
      {"x[5:1, :, 1:1]", {Slice{5, 1}, Slice{}, Slice{1, 1}}, Shape{0, 3, 0}, {}},
      {"x[i]", {i}, Shape{2, 3, 4}, {12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
                                     0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11}},
      {"x[:, j]", {Slice{}, j}, Shape{2, 2, 1, 4}, {0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23}},
      {"x[i, :, k]", {i, Slice{}, k}, Shape{2, 3}, {15, 19, 23, 3, 7, 11}},
      {"x[:, i, k]", {Slice{}, i, k}, Shape{2, 2}, {7, 3, 19, 15}},
      {"x[0, :, k]", {0, Slice{}, k}, Shape{2, 3}, {3, 7, 11, 3, 7, 11}},
      {"x[:, 2, k]", {Slice{}, 2, k}, Shape{2, 2}, {11, 11, 23, 23}},
      {"x[:, 2, ..., k]", {Slice{}, 2, Ellipsis{}, k}, Shape{2, 2}, {11, 23, 11, 23}},
      {"x[i, None, :, k]", {i, NewAxis{}, Slice{}, k}, Shape{2, 1, 3}, {15, 19, 23, 3, 7, 11}},
      {"x[j // 2, :, k]", {half, Slice{}, k}, Shape{2, 2, 3}, {3, 7, 11, 3, 7, 11, 15, 19, 23, 15, 19, 23}},
      {"x[..., j, k]", {Ellipsis{}, j, k}, Shape{2, 2, 2}, {3, 3, 11, 11, 15, 15, 23, 23}},
      {"x[m3]", {m3}, Shape{5}, {0, 5, 10, 15, 20}},
      {"x[1, m2]", {1, m2}, Shape{6}, {13, 15, 17, 19, 21, 23}},
      {"x[:, m1]", {Slice{}, m1}, Shape{2, 2, 4}, {0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23}},
      {"x[i, m1]", {i, m1}, Shape{2, 4}, {12, 13, 14, 15, 8, 9, 10, 11}},
      {"x[:, m1, ..., k]", {Slice{}, m1, Ellipsis{}, k}, Shape{2, 2}, {3, 15, 11, 23}},
      {"x[np.array(1), 2]", {Tensor::full(Shape{}, 1, DType::u8), 2}, Shape{4}, {20, 21, 22, 23}},
      {"x[True]", {Tensor::full(Shape{}, 1, DType::bool_)}, Shape{1, 2, 3, 4}, {0,  1,  2,  3,  4,  5,  6,  7,
                                                                                8,  9,  10, 11, 12, 13, 14, 15,
                                                                                16, 17, 18, 19, 20, 21, 22, 23}},
      {"x[0, False]", {0, Tensor::full(Shape{}, 0, DType::bool_)}, Shape{0, 3, 4}, {}},
      {"x[::-1, i, ::2]", {Slice{{}, {}, -1}, i, Slice{{}, {}, 2}}, Shape{2, 2, 2}, {16, 18, 12, 14, 4, 6, 0, 2}},
      {"x[:, np.zeros((2,0),int)]", {Slice{}, Tensor::zeros(Shape{2, 0}, DType::i64)}, Shape{2, 2, 0, 4}, {}},
      {"x[i[:, None], m1, k]", {i.unsqueeze(1), m1, k}, Shape{2, 2}, {15, 23, 3, 11}},
      {"x[..., mm, None]",
       {Ellipsis{}, mm, NewAxis{}},
       Shape{2, 3, 3, 1},
       {0, 2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 20, 22, 23}},
  };
}

TEST(Index, IsNumPys) {
  const Tensor x = count(Shape{2, 3, 4});
  ASSERT_FALSE(cases().empty());
  for (const Case& c : cases()) {
    const Tensor found = index(x, c.indices);
    EXPECT_EQ(found.shape(), c.shape) << c.python << " " << to_string(found.shape());
    EXPECT_EQ(doubles(found), c.values) << c.python;
    // Through strides, in other dtypes, from unaligned bytes.
    const Tensor turned = index(
        astype(x, DType::i8).permute(Shape{2, 0, 1}).slice(0, 3, -5, -1).slice(0, 3, -5, -1).permute(Shape{1, 2, 0}),
        c.indices);
    EXPECT_EQ(doubles(turned), c.values) << c.python << " of a view";
    const auto storage = Storage::allocate(24 * 2 + 1);
    const Tensor unaligned = Tensor::view_of(storage, 1, Shape{2, 3, 4}, DType::i16);
    copy_(unaligned, x);
    EXPECT_EQ(doubles(index(unaligned, c.indices)), c.values) << c.python << " of unaligned bytes";
  }
}

TEST(Index, IsAViewWithoutTensors) {
  const Tensor x = count(Shape{2, 3, 4});
  for (const Case& c : cases()) {
    bool tensors = false;
    for (const Index& entry : c.indices) {
      const auto* tensor = std::get_if<Tensor>(&entry);
      tensors = tensors || (tensor && (tensor->rank() > 0 || tensor->dtype() == DType::bool_));
    }
    EXPECT_EQ(index(x, c.indices).same_storage(x), !tensors) << c.python;
  }
}

// Element n of the result is element values[n] of x, which counts its elements.
TEST(IndexPut, WritesWhatIndexReads) {
  for (const Case& c : cases())
    for (const DType dtype : {DType::i64, DType::i8, DType::f16, DType::i4}) {
      const Tensor x = zeros(Shape{2, 3, 4}, dtype), base = Tensor::full(c.shape, 3, DType::f32);
      index_put_(x, c.indices, base);
      Values expected(24, 0);
      for (const double at : c.values) expected[static_cast<std::size_t>(at)] = 3;
      EXPECT_EQ(doubles(x), expected) << c.python << to_string(dtype);
      index_put_(x, c.indices, -2);
      for (const double at : c.values) expected[static_cast<std::size_t>(at)] = -2;
      EXPECT_EQ(doubles(x), expected) << c.python << to_string(dtype);
    }
}

TEST(IndexPut, BroadcastsConvertsAndKeepsTheLastValue) {
  const Tensor x = count(Shape{2, 3});
  index_put_(x, {Slice{}, integers({2, 0, 2})}, Tensor::from<float>({7.9f, 8, 9}));
  EXPECT_EQ(doubles(x), (Values{8, 1, 9, 8, 4, 9}));
  index_put_(x, {1}, Tensor::from<std::int64_t>({-1}, Shape{1, 1, 1}));
  EXPECT_EQ(doubles(x), (Values{8, 1, 9, -1, -1, -1}));
  index_put_(x, {Slice{}, Slice{{}, {}, -1}}, x);  // over itself
  EXPECT_EQ(doubles(x), (Values{9, 1, 8, -1, -1, -1}));
  index_put_(x, {0, integers({1, 2, 0})}, x.select(0, 0));
  EXPECT_EQ(doubles(x.select(0, 0)), (Values{8, 9, 1}));
}

TEST(IndexErrors, NameIndexAxisAndSize) {
  const Tensor x = count(Shape{2, 3});
  const Tensor before = astype(x, x.dtype(), true);
  const auto both = [&](ErrorCode code, std::initializer_list<const char*> parts, std::initializer_list<Index> at) {
    expect_error(code, "index", parts, [&] { index(x, at); });
    expect_error(code, "index_put_", parts, [&] { index_put_(x, at, 9); });
  };
  both(ErrorCode::out_of_range, {"index 3", "axis 1", "size 3"}, {0, 3});
  both(ErrorCode::out_of_range, {"index -3", "axis 0", "size 2"}, {-3});
  both(ErrorCode::out_of_range, {"index 5", "axis 1", "size 3"}, {Slice{}, integers({0, 5})});
  both(ErrorCode::out_of_range, {"axis 1", "size 3"}, {Ellipsis{}, Tensor::from<std::uint64_t>({~std::uint64_t{0}})});
  both(ErrorCode::out_of_range, {"indices for 3 axes", "i64 (2, 3)"}, {0, 0, Slice{}});
  both(ErrorCode::out_of_range, {"2 ellipses"}, {Ellipsis{}, Ellipsis{}});
  both(ErrorCode::invalid_argument, {"step 0"}, {Slice{{}, {}, 0}});
  both(ErrorCode::out_of_range, {"bool (2,)", "i64 (2, 3)", "axis 1"}, {Slice{}, Tensor::from<bool>({true, false})});
  both(ErrorCode::shape_mismatch, {"(2,)", "(3,)"}, {integers({0, 1}), integers({0, 1, 2})});
  both(ErrorCode::dtype_mismatch, {"f32 (1,)"}, {Tensor::from<float>({1})});
  both(ErrorCode::invalid_argument, {"undefined"}, {Tensor()});
  expect_error(ErrorCode::shape_mismatch, "index_put_", {"i64 (2,)", "(3,)"},
               [&] { index_put_(x, {0}, integers({1, 2})); });
  expect_error(ErrorCode::invalid_argument, "index_put_", {"more than once"},
               [&] { index_put_(count(Shape{2, 1}).expand(Shape{2, 3}), {0}, 1); });
  EXPECT_EQ(doubles(x), doubles(before));
}

TEST(Take, PutsTheIndicesInPlaceOfTheAxis) {
  const Tensor x = count(Shape{2, 3});
  EXPECT_EQ(take(x, Tensor::from<std::int8_t>({2, -3, 0, 1}, Shape{2, 2}), 1).shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(doubles(take(x, integers({2, -3}), 1)), (Values{2, 0, 5, 3}));
  EXPECT_EQ(doubles(take(x.transpose(0, 1), integers({4, 0}))), (Values{2, 0}));
  EXPECT_EQ(take(x, Tensor::full(Shape{}, 1, DType::i64), 0).shape(), (Shape{3}));
  EXPECT_EQ(doubles(take(count(Shape{8}, DType::i4), integers({7, 1}), 0)), (Values{7, 1}));
  expect_error(ErrorCode::out_of_range, "take", {"index 2", "axis 0", "size 2"}, [&] { take(x, integers({2}), 0); });
  expect_error(ErrorCode::dtype_mismatch, "take", {"bool (1,)"}, [&] { take(x, Tensor::from<bool>({true}), 0); });
  expect_error(ErrorCode::out_of_range, "take", {"axis 2"}, [&] { take(x, integers({0}), 2); });
}

TEST(AlongAxis, BroadcastsOrIsSmaller) {
  const Tensor x = count(Shape{2, 3}), at = Tensor::from<std::int64_t>({2, 0}, Shape{1, 2});
  EXPECT_EQ(doubles(take_along_axis(x, at, 1)), (Values{2, 0, 5, 3}));
  EXPECT_EQ(doubles(gather(x, 1, at)), (Values{2, 0}));
  const Tensor target = astype(x, x.dtype(), true);
  put_along_axis_(target, at, -1, 1);
  EXPECT_EQ(doubles(target), (Values{-1, 1, -1, -1, 4, -1}));
  EXPECT_EQ(doubles(scatter(x, 1, at, Tensor::from<std::int64_t>({10, 20, 30, 40}, Shape{2, 2}))),
            (Values{20, 1, 10, 3, 4, 5}));
  EXPECT_EQ(doubles(scatter(x, 0, Tensor::from<std::int64_t>({1, 1, 0, 1}, Shape{2, 2}), 10, ScatterMode::add)),
            (Values{10, 1, 2, 13, 24, 5}));
  EXPECT_EQ(doubles(index_add(x, -1, integers({2, 2}), count(Shape{2, 2}))), (Values{0, 1, 3, 3, 4, 10}));
  expect_error(ErrorCode::shape_mismatch, "gather", {"i64 (2, 3)", "i64 (3, 1)"},
               [&] { gather(x, 1, zeros(Shape{3, 1}, DType::i64)); });
  expect_error(ErrorCode::shape_mismatch, "scatter", {"i64 (1, 2)", "i64 (1, 1)"},
               [&] { scatter(x, 1, at, count(Shape{1, 1})); });
  expect_error(ErrorCode::dtype_mismatch, "scatter", {"bool"},
               [&] { scatter(astype(x, DType::bool_), 1, at, true, ScatterMode::add); });
  expect_error(ErrorCode::shape_mismatch, "index_add", {"axis 1", "i64 (2,)", "i64 (2, 3)"},
               [&] { index_add(x, 1, integers({0, 1}), x); });
  expect_error(ErrorCode::out_of_range, "put_along_axis_", {"index 3", "axis 1"},
               [&] { put_along_axis_(target, integers({3}).unsqueeze(0), 0, 1); });
}

TEST(Nonzero, ListsPlacesInOrder) {
  const Tensor x = Tensor::from<float>({0, NAN, -0.0f, 2, 0, 1e-45f}, Shape{2, 3});
  const auto places = nonzero(x);
  EXPECT_EQ(doubles(places[0]), (Values{0, 1, 1}));
  EXPECT_EQ(doubles(places[1]), (Values{1, 0, 2}));
  EXPECT_EQ(nonzero(zeros(Shape{0, 3}))[1].shape(), (Shape{0}));
  EXPECT_EQ(doubles(nonzero(x.transpose(0, 1))[0]), (Values{0, 1, 2}));
  expect_error(ErrorCode::shape_mismatch, "nonzero", {"f32 ()"}, [] { nonzero(zeros(Shape{})); });
}

}  // namespace
}  // namespace ingot
