#include "ingot/storage.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "ingot/ops.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::expect_error;

// A file of its own for each test, removed with it.
class MappedStorage : public ::testing::Test {
 protected:
  void SetUp() override {
    const int descriptor = ::mkstemp(path_.data());
    ASSERT_GE(descriptor, 0);
    ::close(descriptor);
  }
  void TearDown() override { std::remove(path_.c_str()); }

  void write(std::size_t bytes) {
    std::ofstream file(path_, std::ios::binary);
    for (std::size_t i = 0; i < bytes; ++i) file.put(static_cast<char>(i * 7));
  }
  static std::byte expected(std::size_t i) { return static_cast<std::byte>(i * 7); }
  std::string contents() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string path_ = ::testing::TempDir() + "ingot-storage-XXXXXX";
};

TEST_F(MappedStorage, MapsFromAnyOffset) {
  write(10000);
  for (const std::size_t offset : {0u, 1u, 4095u, 4096u, 4097u, 9999u, 10000u})
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, Storage::npos}) {
      if (length != Storage::npos && offset + length > 10000) continue;
      const auto storage = Storage::map(path_, offset, length);
      ASSERT_EQ(storage->size(), length == Storage::npos ? 10000 - offset : length);
      for (std::size_t i = 0; i < storage->size(); ++i) ASSERT_EQ(storage->data()[i], expected(offset + i));
      EXPECT_TRUE(storage->mapped());
      EXPECT_TRUE(storage->read_only());
    }
}

TEST_F(MappedStorage, RefusesRangesPastTheEnd) {
  write(100);
  expect_error(ErrorCode::out_of_range, "Storage::map", {path_.c_str(), "101", "100"},
               [&] { Storage::map(path_, 101); });
  expect_error(ErrorCode::out_of_range, "Storage::map", {path_.c_str()}, [&] { Storage::map(path_, 50, 51); });
  expect_error(ErrorCode::out_of_range, "Storage::map", {path_.c_str()},
               [&] { Storage::map(path_, 50, Storage::npos - 1); });
  expect_error(ErrorCode::io, "Storage::map", {"/no/such/file", "No such file"}, [] { Storage::map("/no/such/file"); });
  expect_error(ErrorCode::io, "Storage::map", {"not a regular file"}, [] { Storage::map("/tmp"); });
}

TEST_F(MappedStorage, AnEmptyFileIsAnEmptyStorage) {
  const auto storage = Storage::map(path_);
  EXPECT_EQ(storage->size(), 0u);
  storage->advise(Advice::will_need);
  EXPECT_EQ(Tensor::view_of(storage, 0, Shape{0, 4}, DType::f32).numel(), 0);
}

TEST_F(MappedStorage, OutlivesItsDescriptor) {
  write(100);
  const int descriptor = ::open(path_.c_str(), O_RDONLY);
  const auto storage = Storage::map(descriptor, "its name", 3);
  ::close(descriptor);
  EXPECT_EQ(storage->data()[0], expected(3));
  expect_error(ErrorCode::io, "Storage::map", {"its name"}, [&] { Storage::map(-1, "its name"); });
}

TEST_F(MappedStorage, CopyOnWriteStaysPrivate) {
  write(100);
  const std::string before = contents();
  const auto storage = Storage::map(path_, 5, 10, Access::copy_on_write);
  EXPECT_FALSE(storage->read_only());
  storage->mutable_data()[0] = std::byte{0xEE};
  storage->advise(Advice::dont_need);  // must not lose the write
  EXPECT_EQ(storage->data()[0], std::byte{0xEE});
  EXPECT_EQ(contents(), before);
  EXPECT_EQ(Storage::map(path_, 5)->data()[0], expected(5));
}

TEST_F(MappedStorage, ReadOnlyIsRefusedBeforeTheSignal) {
  write(100);
  const auto storage = Storage::map(path_);
  expect_error(ErrorCode::invalid_argument, "Storage::mutable_data", {"read-only"}, [&] { storage->mutable_data(); });
  const Tensor x = Tensor::view_of(storage, 0, Shape{4}, DType::u8);
  expect_error(ErrorCode::invalid_argument, "copy_", {"u8 (4,)", "read-only"},
               [&] { copy_(x, Tensor::zeros(Shape{4}, DType::u8)); });
  EXPECT_EQ(storage->version(), 0u);
  storage->advise(Advice::dont_need);
  EXPECT_EQ(storage->data()[9], expected(9));
}

// Tensors in files begin at any byte: operations must take such views as they are.
TEST_F(MappedStorage, UnalignedViewsPassThroughOperations) {
  const float values[] = {1, -2, 3, -4, 5, -6};
  {
    std::ofstream file(path_, std::ios::binary);
    file.put('x');
    file.write(reinterpret_cast<const char*>(values), sizeof values);
  }
  const Tensor x = Tensor::view_of(Storage::map(path_), 1, Shape{2, 3}, DType::f32);
  EXPECT_FALSE(x.is_aligned());
  EXPECT_EQ(x.select(0, 1).select(0, 2).item(), -6);
  expect_error(ErrorCode::invalid_argument, "Tensor::data", {"f32 (2, 3)", "contiguous"},
               [&] { (void)x.data<float>(); });
  EXPECT_EQ(contiguous(x).data<float>()[3], -4);
  EXPECT_EQ(relu(x.transpose(0, 1)).select(0, 2).select(0, 0).item(), 3);
  EXPECT_EQ(add(x, x).select(0, 0).select(0, 1).item(), -4);
  EXPECT_EQ(astype(x, DType::f64).select(0, 1).select(0, 1).item(), 5);
}

TEST(BorrowedStorage, DeleterIsCalledOnceWithTheLastHandle) {
  float data[4] = {1, 2, 3, 4};
  int calls = 0;
  void* seen = nullptr;
  {
    Tensor view;
    {
      auto storage = Storage::borrow(
          data, sizeof data,
          [&](void* address) {
            ++calls;
            seen = address;
          },
          false);
      const Tensor x = Tensor::view_of(std::move(storage), 0, Shape{4}, DType::f32);
      view = x.slice(0, 1, 3);
    }
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(view.data<float>()[1], 3);
  }
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(seen, data);
  {
    const auto without = Storage::borrow(data, sizeof data, {}, true);
  }
  expect_error(ErrorCode::invalid_argument, "Storage::mutable_data", {"read-only"},
               [&] { Storage::borrow(data, sizeof data, {}, true)->mutable_data(); });
}

TEST(HeapStorage, IsAlignedAndCountsWrites) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{100}, std::size_t{5} << 20}) {
    const auto storage = Storage::allocate(bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(storage->data()) % 64, 0u);
    storage->mutable_data()[bytes - 1] = std::byte{1};
    EXPECT_EQ(storage->version(), 1u);
    EXPECT_FALSE(storage->mapped());
  }
  EXPECT_EQ(Storage::allocate(0)->size(), 0u);
  expect_error(ErrorCode::out_of_memory, "allocate", {"18446744073709551615"},
               [] { Storage::allocate(Storage::npos); });
}

TEST(HeapStorage, WaitsForTheCpusEventsWithoutEffect) {
  const auto storage = Storage::allocate(8);
  storage->written_by({cpu_device, 0}, Event{});
  storage->wait();
  expect_error(ErrorCode::not_found, "device", {"cuda:3"}, [] { Storage::allocate(8, Device{DeviceType::cuda, 3}); });
}

}  // namespace
}  // namespace ingot
