// A test for each row of the operation table.
#include "unit/ops_table/table.h"

namespace ingot::testing {

#define INGOT_X(id) \
  TEST(OpsTable, id) { id##_table(); }
INGOT_OPERATIONS(INGOT_X)
#undef INGOT_X

}  // namespace ingot::testing
