// Moving, joining, repeating and padding against index arithmetic written out.
#include "ingot/ops/manipulation.h"

#include <gtest/gtest.h>

#include <array>

#include "ingot/ops.h"
#include "support/cases.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::doubles;
using testing::expect_error;
using testing::make_tensor;
using testing::Pattern;
using testing::Random;

using Values = std::vector<double>;
using At = std::vector<std::int64_t>;

Tensor count(const Shape& shape) { return reshape(arange(shape.numel()), shape); }

// result[i…] must be x[source(i…)…] for every place.
template <class Source>
void expect_moved(const Tensor& result, const Tensor& x, const Shape& shape, Source&& source) {
  ASSERT_EQ(result.shape(), shape) << to_string(result.shape());
  const auto found = doubles(result), given = doubles(x);
  for (std::int64_t n = 0; n < shape.numel(); ++n) {
    At at(static_cast<std::size_t>(shape.rank()));
    std::int64_t rest = n, from = 0;
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      at[static_cast<std::size_t>(axis)] = rest % shape[axis];
      rest /= shape[axis];
    }
    const At place = source(at);
    for (int axis = 0; axis < x.rank(); ++axis) from = from * x.shape()[axis] + place[static_cast<std::size_t>(axis)];
    ASSERT_EQ(found[static_cast<std::size_t>(n)], given[static_cast<std::size_t>(from)]) << "element " << n;
  }
}

TEST(Views, PermuteMoveFlipAndBroadcast) {
  const Tensor x = count(Shape{2, 3, 4});
  expect_moved(permute_dims(x, Shape{2, 0, -2}), x, Shape{4, 2, 3}, [](const At& i) { return At{i[1], i[2], i[0]}; });
  expect_moved(matrix_transpose(x), x, Shape{2, 4, 3}, [](const At& i) { return At{i[0], i[2], i[1]}; });
  expect_moved(moveaxis(x, Shape{0}, Shape{-1}), x, Shape{3, 4, 2}, [](const At& i) { return At{i[2], i[0], i[1]}; });
  expect_moved(moveaxis(x, Shape{2, 0}, Shape{0, 1}), x, Shape{4, 2, 3},
               [](const At& i) { return At{i[1], i[2], i[0]}; });
  expect_moved(flip(x), x, x.shape(), [](const At& i) { return At{1 - i[0], 2 - i[1], 3 - i[2]}; });
  expect_moved(flip(x, Shape{-1, 0}), x, x.shape(), [](const At& i) { return At{1 - i[0], i[1], 3 - i[2]}; });
  expect_moved(broadcast_to(x, Shape{5, 2, 3, 4}), x, Shape{5, 2, 3, 4},
               [](const At& i) { return At{i[1], i[2], i[3]}; });
  const std::array<Tensor, 2> pair{count(Shape{3, 1}), count(Shape{4})};
  const auto both = broadcast_arrays(pair);
  expect_moved(both[0], pair[0], Shape{3, 4}, [](const At& i) { return At{i[0], 0}; });
  expect_moved(both[1], pair[1], Shape{3, 4}, [](const At& i) { return At{i[1]}; });
  EXPECT_EQ(expand_dims(x, -1).shape(), (Shape{2, 3, 4, 1}));
  EXPECT_EQ(squeeze(count(Shape{1, 3, 1, 1}), Shape{0, -1}).shape(), (Shape{3, 1}));
  for (const Tensor& view : {permute_dims(x, Shape{2, 0, 1}), matrix_transpose(x), moveaxis(x, Shape{0}, Shape{2}),
                             flip(x), broadcast_to(x, Shape{5, 2, 3, 4}), expand_dims(x)})
    EXPECT_TRUE(view.same_storage(x));
}

TEST(Roll, GoesRound) {
  const auto modulo = [](std::int64_t a, std::int64_t b) { return (a % b + b) % b; };
  Random random(1);
  for (const Pattern pattern : testing::all_patterns) {
    const Tensor x = make_tensor(random, Shape{3, 4, 5}, DType::f32, pattern);
    for (const std::int64_t s : {0, 1, -1, 7, -13})
      for (const std::int64_t t : {0, 2, -9}) {
        const std::int64_t shifts[] = {s, t}, one[] = {s};
        expect_moved(roll(x, shifts, Shape{0, -1}), x, x.shape(),
                     [&](const At& i) { return At{modulo(i[0] - s, 3), i[1], modulo(i[2] - t, 5)}; });
        expect_moved(roll(x, shifts, Shape{1, 1}), x, x.shape(),
                     [&](const At& i) { return At{i[0], modulo(i[1] - s - t, 4), i[2]}; });
        expect_moved(roll(x, one, Shape{0, 1}), x, x.shape(),
                     [&](const At& i) { return At{modulo(i[0] - s, 3), modulo(i[1] - s, 4), i[2]}; });
        expect_moved(roll(x, one), x, x.shape(), [&](const At& i) {
          const std::int64_t flat = modulo((i[0] * 4 + i[1]) * 5 + i[2] - s, 60);
          return At{flat / 20, flat / 5 % 4, flat % 5};
        });
      }
  }
  const std::int64_t one[] = {1};
  EXPECT_EQ(roll(zeros(Shape{0, 2}), one, Shape{0}).shape(), (Shape{0, 2}));
}

TEST(Join, ConcatStackAndTheirInverses) {
  const Tensor x = count(Shape{2, 3});
  const std::array<Tensor, 2> pair{x, x.transpose(0, 1).slice(0, 0, 1)};
  EXPECT_EQ(doubles(concat(pair, std::nullopt)), (Values{0, 1, 2, 3, 4, 5, 0, 3}));
  const std::array<Tensor, 2> same{x, add(x, 0.5)};
  const Tensor stacked = stack(same, -1);
  EXPECT_EQ(stacked.shape(), (Shape{2, 3, 2}));
  EXPECT_EQ(stacked.dtype(), DType::f32);
  EXPECT_EQ(doubles(stacked), (Values{0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5}));
  const auto parts = unstack(stacked, 2);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(doubles(parts[1]), doubles(same[1]));
  const auto thirds = split(x, 3, 1);
  ASSERT_EQ(thirds.size(), 3u);
  EXPECT_EQ(doubles(thirds[2]), (Values{2, 5}));
  const std::int64_t cuts[] = {1, 1, 9};
  const auto pieces = split(x, cuts, 1);
  ASSERT_EQ(pieces.size(), 4u);
  EXPECT_EQ(pieces[0].shape(), (Shape{2, 1}));
  EXPECT_EQ(pieces[1].shape(), (Shape{2, 0}));
  EXPECT_EQ(pieces[2].shape(), (Shape{2, 2}));
  EXPECT_EQ(pieces[3].shape(), (Shape{2, 0}));
  EXPECT_TRUE(pieces[2].same_storage(x));
}

TEST(Repeat, TileAndRepeat) {
  Random random(2);
  for (const Pattern pattern : testing::all_patterns) {
    const Tensor x = make_tensor(random, Shape{2, 3}, DType::f16, pattern);
    expect_moved(tile(x, Shape{2, 1, 3}), x, Shape{2, 2, 9}, [](const At& i) { return At{i[1], i[2] % 3}; });
    expect_moved(tile(x, Shape{2}), x, Shape{2, 6}, [](const At& i) { return At{i[0], i[1] % 3}; });
    expect_moved(tile(x, Shape{3, 2}), x, Shape{6, 6}, [](const At& i) { return At{i[0] % 2, i[1] % 3}; });
    expect_moved(repeat(x, 3, 0), x, Shape{6, 3}, [](const At& i) { return At{i[0] / 3, i[1]}; });
    expect_moved(repeat(x, 2), x, Shape{12}, [](const At& i) { return At{i[0] / 6, i[0] / 2 % 3}; });
    const std::int64_t of[] = {0, 0, 2};
    expect_moved(repeat(x, Tensor::from<std::int32_t>({2, 0, 1}), 1), x, Shape{2, 3},
                 [&](const At& i) { return At{i[0], of[i[1]]}; });
    EXPECT_EQ(doubles(repeat(x, Tensor::from<std::int64_t>({2}), 1)), doubles(repeat(x, 2, 1)));
  }
  const Tensor x = count(Shape{2});
  EXPECT_FALSE(tile(x, Shape{1}).same_storage(x));
  EXPECT_EQ(tile(x, Shape{0, 3}).shape(), (Shape{0, 6}));
  EXPECT_EQ(tile(count(Shape{2, 1, 1, 1, 1, 1, 1, 1}), Shape{2, 1, 1, 1, 1, 1, 1, 2}).numel(), 8);
  EXPECT_EQ(repeat(count(Shape{}), 2).shape(), (Shape{2}));
}

TEST(Pad, IsNumPys) {
  const Tensor x = count(Shape{3});
  const PadWidth wide[] = {{7, 5}}, some[] = {{0, 1}, {2, 0}};
  // np.pad(np.arange(3), (7, 5), mode)
  EXPECT_EQ(doubles(pad(x, wide, PadMode::reflect)), (Values{1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1}));
  EXPECT_EQ(doubles(pad(x, wide, PadMode::symmetric)), (Values{0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1}));
  EXPECT_EQ(doubles(pad(x, wide, PadMode::wrap)), (Values{2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1}));
  EXPECT_EQ(doubles(pad(x, wide, PadMode::edge)), (Values{0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2, 2}));
  EXPECT_EQ(doubles(pad(count(Shape{1}), wide, PadMode::reflect)), Values(13, 0));
  const Tensor y = count(Shape{2, 2});
  EXPECT_EQ(doubles(pad(y, some, PadMode::constant, 9)), (Values{9, 9, 0, 1, 9, 9, 2, 3, 9, 9, 9, 9}));
  EXPECT_EQ(doubles(pad(y, some, PadMode::edge)), (Values{0, 0, 0, 1, 2, 2, 2, 3, 2, 2, 2, 3}));
  EXPECT_EQ(pad(zeros(Shape{0, 2}), some).shape(), (Shape{1, 4}));
  const PadWidth none[] = {{0, 0}};
  EXPECT_FALSE(pad(x, none, PadMode::wrap).same_storage(x));
}

TEST(ManipulationErrors, NameOperationAndShapes) {
  const Tensor x = count(Shape{2, 3});
  const std::array<Tensor, 2> unequal{x, count(Shape{3})};
  expect_error(ErrorCode::invalid_argument, "permute_dims", {"axis 0 of i64 (2, 3) is named twice"},
               [&] { permute_dims(x, Shape{0, -2}); });
  expect_error(ErrorCode::invalid_argument, "flip", {"axis 1 of i64 (2, 3) is named twice"},
               [&] { flip(x, Shape{1, 0, 1}); });
  expect_error(ErrorCode::invalid_argument, "permute_dims", {"(0,)", "i64 (2, 3)"}, [&] { permute_dims(x, Shape{0}); });
  expect_error(ErrorCode::shape_mismatch, "matrix_transpose", {"i64 (3,)"}, [&] { matrix_transpose(unequal[1]); });
  expect_error(ErrorCode::shape_mismatch, "squeeze", {"axis 1", "i64 (2, 3)"}, [&] { squeeze(x, Shape{1}); });
  expect_error(ErrorCode::out_of_range, "squeeze", {"rank 2"}, [&] { squeeze(x, Shape{std::int64_t{1} << 32}); });
  expect_error(ErrorCode::out_of_range, "expand_dims", {"3"}, [&] { expand_dims(x, 3); });
  expect_error(ErrorCode::shape_mismatch, "broadcast_to", {"i64 (2, 3)", "(3,)"}, [&] { broadcast_to(x, Shape{3}); });
  expect_error(ErrorCode::out_of_range, "broadcast_to", {"negative"},
               [&] { broadcast_to(count(Shape{1}), Shape{-1}); });
  expect_error(ErrorCode::shape_mismatch, "broadcast_arrays", {"(2, 3)", "(2,)"},
               [&] { broadcast_arrays(std::array<Tensor, 2>{x, count(Shape{2})}); });
  expect_error(ErrorCode::invalid_argument, "moveaxis", {"(0, 1)", "(0,)"},
               [&] { moveaxis(x, Shape{0, 1}, Shape{0}); });
  expect_error(ErrorCode::shape_mismatch, "stack", {"i64 (2, 3)", "i64 (3,)"}, [&] { stack(unequal); });
  expect_error(ErrorCode::invalid_argument, "stack", {"no tensors"}, [&] { stack({}); });
  expect_error(ErrorCode::shape_mismatch, "split", {"2 sections", "i64 (2, 3)"}, [&] { split(x, 2, 1); });
  expect_error(ErrorCode::invalid_argument, "split", {"0 sections"}, [&] { split(x, 0, 1); });
  expect_error(ErrorCode::invalid_argument, "tile", {"(-1,)"}, [&] { tile(x, Shape{-1}); });
  expect_error(ErrorCode::out_of_range, "tile", {"overflows"}, [&] { tile(x, Shape{std::int64_t{1} << 62}); });
  expect_error(ErrorCode::invalid_argument, "repeat", {"-1 times"}, [&] { repeat(x, -1); });
  expect_error(ErrorCode::invalid_argument, "repeat", {"-4 times"},
               [&] { repeat(x, Tensor::from<std::int64_t>({1, -4}), 0); });
  expect_error(ErrorCode::shape_mismatch, "repeat", {"i64 (2,)", "axis 1", "i64 (2, 3)"},
               [&] { repeat(x, count(Shape{2}), 1); });
  const PadWidth one[] = {{1, 1}}, negative[] = {{-1, 0}}, three[] = {{}, {}, {}};
  expect_error(ErrorCode::invalid_argument, "pad", {"axis 0", "f32 (0, 2)"},
               [&] { pad(zeros(Shape{0, 2}), one, PadMode::edge); });
  expect_error(ErrorCode::invalid_argument, "pad", {"(-1, 0)", "axis 0"}, [&] { pad(x, negative); });
  expect_error(ErrorCode::invalid_argument, "pad", {"3 widths", "i64 (2, 3)"}, [&] { pad(x, three); });
  const std::int64_t two[] = {1, 2};
  expect_error(ErrorCode::invalid_argument, "roll", {"2 shifts"}, [&] { roll(x, two); });
}

}  // namespace
}  // namespace ingot
