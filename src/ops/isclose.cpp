// isclose and allclose: a rule over the rows of elementwise.def.
#include "ingot/ops/dtypes.h"
#include "ingot/ops/elementwise.h"
#include "ingot/ops/reductions.h"

namespace ingot {
namespace {

// `common` in f64: the promoted dtype first, in which a number stands for what it is beside the other operand.
Tensor wide(const Operand& x, DType common, const char* name) {
  return astype(x.is_tensor() ? astype(x.tensor(), common) : x.scalar().to_tensor(common, name), DType::f64);
}

Tensor close(const char* name, const Operand& a, const Operand& b, double rtol, double atol, bool equal_nan) {
  Tensor same;  // infinities, and integers whose difference f64 cannot tell from 0
  try {
    same = equal(a, b);
  } catch (const Error& error) {
    throw Error(error.code(), name, error.message());
  }
  const Operand* operands[] = {&a, &b};
  const DType common = result_type(operands);
  const Tensor x = wide(a, common, name), y = wide(b, common, name);
  const Tensor near = less_equal(abs(subtract(x, y)), add(multiply(abs(y), rtol), atol));
  const Tensor result = logical_or(same, logical_and(near, isfinite(y)));
  return equal_nan ? logical_or(result, logical_and(isnan(x), isnan(y))) : result;
}

}  // namespace

Tensor isclose(const Operand& a, const Operand& b, double rtol, double atol, bool equal_nan) {
  return close("isclose", a, b, rtol, atol, equal_nan);
}

bool allclose(const Operand& a, const Operand& b, double rtol, double atol, bool equal_nan) {
  return all(close("allclose", a, b, rtol, atol, equal_nan)).item() != 0;
}

}  // namespace ingot
