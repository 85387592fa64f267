// Views against a model that holds every element's value and moves them one by one.
#include "ingot/tensor.h"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <vector>

#include "ingot/ops.h"
#include "ingot/typed_view.h"
#include "support/errors.h"
#include "support/random.h"

namespace ingot {
namespace {

using testing::expect_error;

// Values in row-major order: what a view must look like, whatever its strides.
struct Model {
  Shape shape;
  std::vector<std::int32_t> values;

  std::int32_t at(const Shape& index) const {
    std::int64_t i = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) i = i * shape[axis] + index[axis];
    return values[static_cast<std::size_t>(i)];
  }

  // The tensor of `target` shape whose element at `index` is this one's at f(index).
  template <class F>
  Model map(const Shape& target, F&& f) const {
    Model result{target, {}};
    Shape index = Shape::filled(target.rank(), 0);
    for (std::int64_t i = 0; i < target.numel(); ++i) {
      std::int64_t rest = i;
      for (int axis = target.rank() - 1; axis >= 0; --axis) {
        index[axis] = rest % target[axis];
        rest /= target[axis];
      }
      result.values.push_back(at(f(index)));
    }
    return result;
  }
};

std::vector<std::int32_t> elements(const Tensor& x) {
  std::vector<std::int32_t> values;
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    std::int64_t rest = i, offset = 0;
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      offset += rest % x.shape()[axis] * x.strides()[axis];
      rest /= x.shape()[axis];
    }
    values.push_back(x.data<std::int32_t>()[offset]);
  }
  return values;
}

void expect_equal(const Tensor& x, const Model& model, const std::string& trail) {
  ASSERT_EQ(x.shape(), model.shape) << trail;
  ASSERT_EQ(elements(x), model.values) << trail;
  // is_contiguous must mean that the bytes in order are the elements in order.
  if (x.is_contiguous() && x.numel() > 0) {
    const std::int32_t* data = x.data<std::int32_t>();
    ASSERT_EQ(std::vector<std::int32_t>(data, data + x.numel()), model.values) << trail;
  }
}

TEST(TensorViews, EqualTheModelThroughRandomChains) {
  testing::Random random(7);
  int kinds[8] = {};
  for (int trial = 0; trial < 3000; ++trial) {
    Shape shape;
    for (std::int64_t i = random.below(5); i > 0; --i) shape.push_back(1 + random.below(5));
    Model model{shape, std::vector<std::int32_t>(static_cast<std::size_t>(shape.numel()))};
    std::iota(model.values.begin(), model.values.end(), 100);
    Tensor x = Tensor::from<std::int32_t>(model.values, shape);
    std::string trail = to_string(shape);
    for (int step = 0; step < 5; ++step) {
      const int rank = x.rank();
      const auto kind = random.below(8);
      const int axis = rank ? static_cast<int>(random.below(rank)) : 0;
      trail += " " + std::to_string(kind) + "@" + std::to_string(axis);
      if (kind == 0 && rank) {  // slice, as Python's range would choose
        const std::int64_t n = x.shape()[axis], start = random.below(2 * n + 3) - n - 1,
                           stop = random.below(2 * n + 3) - n - 1;
        std::int64_t by = random.below(7) - 3;
        if (by == 0) by = 1;
        std::vector<std::int64_t> picked;
        std::int64_t from = start < 0 ? start + n : start, to = stop < 0 ? stop + n : stop;
        if (by > 0) {
          for (std::int64_t i = std::max<std::int64_t>(from, 0); i < std::min(to, n); i += by) picked.push_back(i);
        } else {
          for (std::int64_t i = std::min(from, n - 1); i > std::max<std::int64_t>(to, -1); i += by) picked.push_back(i);
        }
        Shape target = x.shape();
        target[axis] = static_cast<std::int64_t>(picked.size());
        model = model.map(target, [&](Shape index) {
          index[axis] = picked[static_cast<std::size_t>(index[axis])];
          return index;
        });
        x = x.slice(axis, start, stop, by);
        trail += ":" + std::to_string(start) + ":" + std::to_string(stop) + ":" + std::to_string(by);
      } else if (kind == 1 && rank && x.shape()[axis] > 0) {
        const std::int64_t i = random.below(x.shape()[axis]);
        Shape target = x.shape();
        target.erase(axis);
        model = model.map(target, [&](Shape index) {
          index.insert(axis, i);
          return index;
        });
        x = x.select(axis, random.below(2) ? i : i - x.shape()[axis]);
      } else if (kind == 2 && rank) {
        const int other = static_cast<int>(random.below(rank));
        Shape target = x.shape();
        std::swap(target[axis], target[other]);
        model = model.map(target, [&](Shape index) {
          std::swap(index[axis], index[other]);
          return index;
        });
        x = x.transpose(axis, other - rank);
      } else if (kind == 3 && rank) {
        Shape axes, target;
        for (int i = 0; i < rank; ++i)
          axes.push_back((i + axis) % rank), target.push_back(x.shape()[(i + axis) % rank]);
        model = model.map(target, [&](const Shape& index) {
          Shape old = Shape::filled(rank, 0);
          for (int i = 0; i < rank; ++i) old[static_cast<int>(axes[i])] = index[i];
          return old;
        });
        x = x.permute(axes);
      } else if (kind == 4 && rank < 7) {
        Shape target = x.shape();
        target.insert(axis, 1);
        model.shape = target;
        x = x.unsqueeze(axis);
      } else if (kind == 5) {
        Shape target;
        for (const std::int64_t n : x.shape())
          if (n != 1) target.push_back(n);
        model.shape = target;
        x = x.squeeze();
      } else if (kind == 6 && rank < 7 && x.numel() < 500) {
        Shape target = x.shape();
        for (int i = 0; i < rank; ++i)
          if (target[i] == 1 && random.below(2)) target[i] = random.below(4);
        const bool longer = random.below(2);
        if (longer) target.insert(0, 1 + random.below(3));
        const Shape old = x.shape();
        model = model.map(target, [&](Shape index) {
          if (longer) index.erase(0);
          for (int i = 0; i < rank; ++i)
            if (old[i] == 1) index[i] = 0;
          return index;
        });
        x = x.expand(target);
      } else if (kind == 7 && x.numel() > 0) {  // reshape: to factors of the count
        Shape target;
        std::int64_t rest = x.numel();
        for (const std::int64_t f : {2, 3, 5, 2})
          if (rest % f == 0 && random.below(2)) target.push_back(f), rest /= f;
        target.push_back(rest);
        model.shape = target;
        const std::optional<Tensor> view = x.try_view(target);
        if (view) {
          EXPECT_TRUE(view->same_storage(x));
          Shape open = target;
          open[0] = -1;
          EXPECT_EQ(x.view(open).shape(), target);
        } else {
          expect_error(ErrorCode::invalid_argument, "Tensor::view", {to_string(target).c_str()},
                       [&] { x.view(target); });
        }
        x = reshape(x, target);
        EXPECT_EQ(view.has_value(), view && x.same_storage(*view));
      } else {
        continue;
      }
      ++kinds[kind];
      ASSERT_NO_FATAL_FAILURE(expect_equal(x, model, trail));
    }
  }
  for (const int count : kinds) EXPECT_GT(count, 100);
}

TEST(TensorViews, ReshapeOfAStretchedRowStaysInside) {
  const Tensor x = Tensor::from<std::int32_t>({1, 2, 3}).view(Shape{3, 1}).expand(Shape{3, 4});
  EXPECT_EQ(x.try_view(Shape{12}), std::nullopt);
  EXPECT_EQ(elements(reshape(x, Shape{12})), (std::vector<std::int32_t>{1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}));
}

TEST(TensorViews, ExtremeStepsDoNotOverflow) {
  const Tensor x = Tensor::from<std::int32_t>({1, 2, 3}).view(Shape{1, 3}).transpose(0, 1);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max(),
                         least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(elements(x.slice(0, 0, most, most)), (std::vector<std::int32_t>{1}));
  EXPECT_EQ(elements(x.slice(0, most, least, least)), (std::vector<std::int32_t>{3}));
  EXPECT_EQ(elements(x.slice(0, -1, -4, -1)), (std::vector<std::int32_t>{3, 2, 1}));
  EXPECT_EQ(x.slice(0, least, least).numel(), 0);
  const Tensor nothing = Tensor::empty({3, 0}, DType::i32);
  EXPECT_EQ(nothing.slice(0, 2, 3).bytes(), nothing.bytes());
  expect_error(ErrorCode::invalid_argument, "Tensor::slice", {"0"}, [&] { x.slice(0, 0, 3, 0); });
}

TEST(TensorViews, RefuseWhatDoesNotFit) {
  const Tensor x = Tensor::zeros(Shape{2, 3}, DType::f32);
  expect_error(ErrorCode::out_of_range, "Tensor::select", {"f32 (2, 3)", "3"}, [&] { x.select(1, 3); });
  expect_error(ErrorCode::out_of_range, "Tensor::transpose", {"2"}, [&] { x.transpose(0, 2); });
  expect_error(ErrorCode::invalid_argument, "Tensor::permute", {"twice"}, [&] { x.permute(Shape{0, 0}); });
  expect_error(ErrorCode::invalid_argument, "Tensor::permute", {"(0,)"}, [&] { x.permute(Shape{0}); });
  expect_error(ErrorCode::shape_mismatch, "Tensor::expand", {"(2, 3)", "(2, 4)"}, [&] { x.expand(Shape{2, 4}); });
  expect_error(ErrorCode::shape_mismatch, "Tensor::expand", {"(3,)"}, [&] { x.expand(Shape{3}); });
  expect_error(ErrorCode::shape_mismatch, "Tensor::view", {"(2, 3)", "(4,)"}, [&] { x.view(Shape{4}); });
  expect_error(ErrorCode::shape_mismatch, "Tensor::view", {"(-1, 4)"}, [&] { x.view(Shape{-1, 4}); });
  expect_error(ErrorCode::invalid_argument, "Tensor::view", {"(-1, -1)"}, [&] { x.view(Shape{-1, -1}); });
  expect_error(ErrorCode::invalid_argument, "Tensor::view", {"any size"},
               [] { Tensor::zeros(Shape{0}, DType::f32).view(Shape{-1, 0}); });
  expect_error(ErrorCode::shape_mismatch, "Tensor::squeeze", {"axis 0"}, [&] { x.squeeze(0); });
}

TEST(Tensor, EmptyAndZeroDimensional) {
  const Tensor empty = Tensor::zeros(Shape{0, 3}, DType::f32);
  EXPECT_EQ(empty.nbytes(), 0u);
  EXPECT_TRUE(empty.is_contiguous());
  EXPECT_TRUE(empty.transpose(0, 1).is_contiguous());
  EXPECT_EQ(empty.view(Shape{3, 0, 5}).shape(), (Shape{3, 0, 5}));
  const Tensor scalar = Tensor::full(Shape{}, 2.5);
  EXPECT_EQ(scalar.numel(), 1);
  EXPECT_EQ(scalar.item(), 2.5);
  EXPECT_EQ(scalar.expand(Shape{2, 2}).numel(), 4);
  expect_error(ErrorCode::shape_mismatch, "Tensor::item", {"f32 (0, 3)"}, [&] { (void)empty.item(); });
}

TEST(Tensor, FactoriesFillAndCount) {
  EXPECT_EQ(Tensor::full(Shape{3}, 1.5, DType::bf16).select(0, 2).item(), 1.5);
  EXPECT_EQ(Tensor::full(Shape{3}, -3.0, DType::f8_e4m3).select(0, 1).item(), -3);
  EXPECT_EQ(Tensor::zeros(Shape{5}, DType::i2).nbytes(), 2u);
  EXPECT_EQ(Tensor::zeros(Shape{5}, DType::i4).nbytes(), 3u);
  expect_error(ErrorCode::shape_mismatch, "Tensor::from", {"3 values", "(2,)"},
               [] { Tensor::from<float>({1, 2, 3}, Shape{2}); });
  expect_error(ErrorCode::out_of_range, "Tensor::empty", {},
               [] { Tensor::empty(Shape{std::int64_t{1} << 61}, DType::f64); });
}

TEST(Tensor, TypedAccessChecksItsType) {
  const Tensor x = Tensor::from<float>({1, 2, 3, 4}, Shape{2, 2});
  expect_error(ErrorCode::dtype_mismatch, "Tensor::data", {"f64", "f32 (2, 2)"}, [&] { (void)x.data<double>(); });
  const TypedView<const float, 2> view(x.transpose(0, 1));
  EXPECT_EQ(view(0, 1), 3);
  EXPECT_EQ(view(1, 0), 2);
  expect_error(ErrorCode::shape_mismatch, "TypedView", {"rank 1"}, [&] { TypedView<const float, 1>{x}; });
}

TEST(Tensor, HandlesShareMetadata) {
  const Tensor x = Tensor::from<float>({1, 2});
  const Tensor copy = x;
  EXPECT_EQ(&copy.meta(), &x.meta());
  EXPECT_FALSE(Tensor().defined());
  EXPECT_EQ(describe(Tensor()), "an undefined tensor");
  EXPECT_EQ(describe(x), "f32 (2,)");
}

TEST(Tensor, StorageBoundsAreChecked) {
  const auto storage = Storage::allocate(10);
  EXPECT_EQ(Tensor::view_of(storage, 2, Shape{2}, DType::f32).nbytes(), 8u);
  expect_error(ErrorCode::out_of_range, "Tensor::view_of", {"f32 (2,)", "10"},
               [&] { Tensor::view_of(storage, 3, Shape{2}, DType::f32); });
  expect_error(ErrorCode::out_of_range, "Tensor::view_of", {},
               [&] { Tensor::view_of(storage, std::numeric_limits<std::size_t>::max(), Shape{2}, DType::f32); });
  const std::int64_t big = std::int64_t{1} << 40;
  expect_error(ErrorCode::out_of_range, "Shape::numel", {},
               [&] { Tensor::view_of(storage, 0, Shape{2, big, big}, DType::f32); });
}

TEST(EncodedTensor, IsViewedInWholeRowsOnly) {
  const Tensor x = Tensor::view_of(Storage::allocate(4 * 3 * 34), 0, Shape{4, 3, 32}, Encoding::of(Scheme::q8_0));
  EXPECT_EQ(x.nbytes(), 408u);
  EXPECT_EQ(x.slice(0, 1, 3).bytes() - x.bytes(), 102);
  EXPECT_EQ(x.select(0, 3).select(0, 2).bytes() - x.bytes(), 11 * 34);
  EXPECT_EQ(x.transpose(0, 1).shape(), (Shape{3, 4, 32}));
  EXPECT_EQ(x.view(Shape{12, 32}).select(0, 5).bytes() - x.bytes(), 5 * 34);
  for (const auto& cut : {+[](const Tensor& t) { t.slice(2, 0, 16); }, +[](const Tensor& t) { t.transpose(1, 2); },
                          +[](const Tensor& t) { t.select(2, 0); }})
    EXPECT_THROW(cut(x), Error);
  expect_error(ErrorCode::invalid_argument, "Tensor::view", {"Q8_0 (4, 3, 32)"}, [&] { x.view(Shape{4, 96}); });
  expect_error(ErrorCode::shape_mismatch, "Tensor::view_of", {"Q8_0", "(2, 33)", "32"},
               [] { Tensor::view_of(Storage::allocate(100), 0, Shape{2, 33}, Encoding::of(Scheme::q8_0)); });
  expect_error(ErrorCode::out_of_range, "Tensor::view_of", {"Q8_0 (2, 32)"},
               [] { Tensor::view_of(Storage::allocate(67), 0, Shape{2, 32}, Encoding::of(Scheme::q8_0)); });
  const Tensor scalar = Tensor::view_of(Storage::allocate(1), 0, Shape{}, Encoding::of(Scheme::f8_e8m0));
  EXPECT_EQ(scalar.nbytes(), 1u);
  EXPECT_THROW(scalar.view(Shape{1}), Error);
  EXPECT_THROW(scalar.expand(Shape{2}), Error);
}

}  // namespace
}  // namespace ingot
