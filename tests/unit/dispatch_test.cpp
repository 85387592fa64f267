#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>

#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "support/errors.h"

namespace ingot {
namespace {

using testing::expect_error;

TEST(KernelTable, EveryOperationStandsInTheReferenceColumn) {
  for (int op = 0; op < static_cast<int>(Op::count_); ++op)
    EXPECT_NE(kernel_table().get(static_cast<Op>(op), Column::reference), nullptr) << to_string(static_cast<Op>(op));
}

TEST(KernelTable, EveryOperationStandsInTheCpuColumn) {
  for (int op = 0; op < static_cast<int>(Op::count_); ++op)
    EXPECT_NE(kernel_table().get(static_cast<Op>(op), Column::cpu), nullptr) << to_string(static_cast<Op>(op));
}

// The setting is read once a process, so each of its values is tried in a process of its own.
TEST(FallbackDeathTest, IsCountedUnlessItIsAnError) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::unsetenv("INGOT_FALLBACK");
        const Tensor x = Tensor::from<float>({1, -2});
        relu(x);
        const std::uint64_t before = fallback_count();
        const ScopedColumn forced(Column::metal);
        const bool right = relu(x).select(0, 1).item() == 0;
        std::exit(right && before == 0 && fallback_count() == 1 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(
      {
        ::setenv("INGOT_FALLBACK", "error", 1);
        int status = 1;
        try {
          const ScopedColumn forced(Column::metal);
          relu(Tensor::from<float>({1, -2}));
        } catch (const NotImplemented& error) {
          status = error.operation() == "elementwise" && error.message().find("metal") != std::string::npos ? 0 : 2;
        }
        std::exit(status + (fallback_count() == 0 ? 0 : 4));
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(ScopedColumn, NestsAndEnds) {
  // The columns round a softmax differently somewhere: the reference rounds once, from double.
  Tensor x = Tensor::empty(Shape{4096}, DType::f32);
  for (int i = 0; i < 4096; ++i) x.mutable_data<float>()[i] = static_cast<float>(i) * 0.003f - 6;
  const auto bits = [&] {
    const Tensor y = softmax(x);
    std::uint64_t hash = 0;
    for (int i = 0; i < 4096; ++i) hash = hash * 31 + std::bit_cast<std::uint32_t>(y.data<float>()[i]);
    return hash;
  };
  const std::uint64_t cpu = bits();
  {
    const ScopedColumn reference(Column::reference);
    const std::uint64_t exact = bits();
    ASSERT_NE(exact, cpu);
    {
      const ScopedColumn inner(Column::cpu);
      EXPECT_EQ(bits(), cpu);
    }
    EXPECT_EQ(bits(), exact);
  }
  EXPECT_EQ(bits(), cpu);
}

TEST(Params, CarriesAStruct) {
  struct Some {
    double a;
    std::int64_t b[5];
  };
  const Params params = Some{1.5, {1, 2, 3, 4, 5}};
  EXPECT_EQ(params.as<Some>().a, 1.5);
  EXPECT_EQ(params.as<Some>().b[4], 5);
}

TEST(Devices, TheCpuComesFirst) {
  ASSERT_FALSE(devices().empty());
  EXPECT_EQ(devices().front(), cpu_device);
  EXPECT_EQ(to_string(cpu_device), "cpu");
  EXPECT_EQ(to_string(Device{DeviceType::cuda, 2}), "cuda:2");
  expect_error(ErrorCode::not_found, "device", {"metal:1"}, [] { (void)capabilities(Device{DeviceType::metal, 1}); });
}

}  // namespace
}  // namespace ingot
