// DLPack without Python: what is lent comes back as it was and is let go of once; what does not fit is refused whole.
#include "ingot/ops/dlpack.h"

#include <gtest/gtest.h>

#include <vector>

#include "ingot/ops.h"
#include "support/cases.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::doubles;
using testing::expect_error;

// Elements 0 … 23 of any dtype, in heap memory of their own: a byte past it is seen by the address sanitizer.
Tensor numbered(DType dtype) { return astype(remainder(arange(24), 2), dtype).view({2, 3, 4}); }

template <class M>
void expect_round_trip(const Tensor& x, M* lent) {
  const std::vector<double> expected = doubles(astype(x, DType::f64));
  Tensor y = from_dlpack(lent);
  EXPECT_EQ(y.dtype(), x.dtype());
  EXPECT_EQ(y.shape(), x.shape());
  EXPECT_EQ(doubles(astype(y, DType::f64)), expected) << describe(x);
  const Tensor part = y.slice(0, 0, 1);
  y = Tensor();
  EXPECT_EQ(doubles(astype(part, DType::f64)), doubles(astype(x.slice(0, 0, 1), DType::f64)));
}

TEST(DLPack, EveryDtypeAndViewComesBack) {
  for (int i = 0; i < dtype_count; ++i) {
    const Tensor x = numbered(static_cast<DType>(i));
    std::vector<Tensor> views{x, x.slice(1, 1, 3), x.slice(2, 0, 0)};
    if (bit_width(x.dtype()) >= 8)
      for (const Tensor& view :
           {x.transpose(0, 2), x.slice(0, 9, -9, -1), x.slice(2, 3, -9, -2), x.slice(0, 0, 1).expand({5, 3, 4})})
        views.push_back(view);
    for (const Tensor& view : views) {
      expect_round_trip(view, to_dlpack(view));
      expect_round_trip(view, to_dlpack_unversioned(view));
      expect_round_trip(view, to_dlpack(view, true));
    }
  }
}

TEST(DLPack, MemoryIsSharedUnlessCopied) {
  const Tensor x = zeros({4});
  const Tensor shared = from_dlpack(to_dlpack(x)), copied = from_dlpack(to_dlpack(x, true));
  x.mutable_data<float>()[1] = 5;
  EXPECT_EQ(doubles(shared), (std::vector<double>{0, 5, 0, 0}));
  EXPECT_EQ(doubles(copied), (std::vector<double>{0, 0, 0, 0}));
  EXPECT_EQ(shared.bytes(), x.bytes());
}

TEST(DLPack, WhatIsLentOutlivesItsTensor) {
  dlpack::ManagedVersioned* lent = nullptr;
  {
    const Tensor x = numbered(DType::i32);
    lent = to_dlpack(x.slice(0, 1, 2));
  }
  EXPECT_EQ(static_cast<const std::int32_t*>(lent->array.data)[11], 1);
  EXPECT_EQ(lent->array.rank, 3);
  EXPECT_EQ(lent->version.major, 1u);
  lent->deleter(lent);
}

// An array as another library would lend it.
struct Foreign {
  std::vector<float> values = std::vector<float>(12);
  std::vector<std::int64_t> shape{3, 4}, strides{4, 1};
  int released = 0;
  dlpack::ManagedVersioned managed{};

  Foreign() {
    managed.version = dlpack::our_version;
    managed.context = this;
    managed.deleter = [](dlpack::ManagedVersioned* self) { ++static_cast<Foreign*>(self->context)->released; };
    managed.array = {values.data(), {dlpack::cpu, 0}, 2, {dlpack::floating, 32, 1}, shape.data(), strides.data(), 0};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  }
};

TEST(DLPack, TheDeleterIsCalledOnceByTheLastTensor) {
  Foreign foreign;
  {
    Tensor x = from_dlpack(&foreign.managed);
    const Tensor row = x.select(0, 2);
    x = Tensor();
    EXPECT_EQ(foreign.released, 0);
    EXPECT_EQ(doubles(row), (std::vector<double>{8, 9, 10, 11}));
  }
  EXPECT_EQ(foreign.released, 1);
  int instead = 0;
  (void)from_dlpack(&foreign.managed, [&](void*) { ++instead; });
  EXPECT_EQ(foreign.released, 1);
  EXPECT_EQ(instead, 1);
}

TEST(DLPack, StridesOffsetsAndFlagsAreKept) {
  Foreign foreign;
  foreign.strides = {-4, 1};
  foreign.managed.array.byte_offset = 8 * sizeof(float);
  foreign.managed.flags = dlpack::flag_read_only;
  const Tensor x = from_dlpack(&foreign.managed);
  EXPECT_EQ(doubles(x), (std::vector<double>{8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3}));
  expect_error(ErrorCode::invalid_argument, "add", {"read-only"}, [&] { add_(x, 1); });
  expect_error(ErrorCode::invalid_argument, "to_dlpack", {"read-only"}, [&] { (void)to_dlpack_unversioned(x); });
  dlpack::ManagedVersioned* lent = to_dlpack(x);
  EXPECT_EQ(lent->flags, dlpack::flag_read_only);
  lent->deleter(lent);
  Foreign row_major;
  row_major.managed.array.strides = nullptr;
  EXPECT_EQ(doubles(from_dlpack(&row_major.managed))[5], 5);
}

TEST(DLPack, WhatDoesNotFitIsLeftToItsOwner) {
  const auto refused = [](ErrorCode code, const char* part, auto&& change) {
    Foreign foreign;
    change(foreign);
    try {
      (void)from_dlpack(&foreign.managed);
      ADD_FAILURE() << part;
    } catch (const Error& error) {
      EXPECT_EQ(to_string(error.code()), to_string(code)) << error.what();
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
    EXPECT_EQ(foreign.released, 0) << part;
  };
  refused(ErrorCode::invalid_argument, "device type 2", [](Foreign& f) { f.managed.array.device.type = dlpack::cuda; });
  refused(ErrorCode::invalid_argument, "version 2.0", [](Foreign& f) { f.managed.version = {2, 0}; });
  refused(ErrorCode::invalid_argument, "byte each", [](Foreign& f) { f.managed.flags = dlpack::flag_padded; });
  refused(ErrorCode::invalid_argument, "9 dimensions", [](Foreign& f) { f.managed.array.rank = 9; });
  refused(ErrorCode::invalid_argument, "-1 dimensions", [](Foreign& f) { f.managed.array.rank = -1; });
  refused(ErrorCode::dtype_mismatch, "type code 5 of 64 bits", [](Foreign& f) { f.managed.array.dtype = {5, 64, 1}; });
  refused(ErrorCode::dtype_mismatch, "in 4 lanes", [](Foreign& f) { f.managed.array.dtype.lanes = 4; });
  refused(ErrorCode::out_of_range, "(-3, 4)", [](Foreign& f) { f.shape[0] = -3; });
  refused(ErrorCode::out_of_range, "more than 2^63", [](Foreign& f) { f.shape = {INT64_MAX, 4}; });
  refused(ErrorCode::out_of_range, "past all memory", [](Foreign& f) { f.strides[0] = INT64_MAX; });
  refused(ErrorCode::out_of_range, "past all memory", [](Foreign& f) { f.strides[0] = INT64_MIN; });
  refused(ErrorCode::invalid_argument, "inside a byte", [](Foreign& f) {
    f.managed.array.dtype = {dlpack::signed_integer, 4, 1};
    f.strides[1] = -1;
  });
  const Tensor encoded = quantize(zeros({1, 32}), Scheme::q8_0);
  expect_error(ErrorCode::dtype_mismatch, "to_dlpack", {"Q8_0"}, [&] { (void)to_dlpack(encoded); });
  const Tensor inside = zeros({4}, DType::i4).slice(0, 1, 4);
  expect_error(ErrorCode::invalid_argument, "to_dlpack", {"copy"}, [&] { (void)to_dlpack(inside, false); });
}

}  // namespace
}  // namespace ingot
