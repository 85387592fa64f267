// The NEON dot products against exact integer arithmetic.
#include <gtest/gtest.h>

#include "support/dot_cases.h"

namespace ingot {
namespace {

TEST(Dot, ProductsOfIntegersAreExact) { EXPECT_EQ(testing::check_exact_products(cpu::neon_kernels), ""); }

}  // namespace
}  // namespace ingot
