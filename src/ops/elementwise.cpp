#include "ops/elementwise.h"

#include "device/kernel_table.h"
#include "ops/check.h"
#include "ops/params.h"

namespace ingot {
namespace {

// i4, i2 and the 8-bit floats are kept, not computed with; bool has no arithmetic.
bool takes(DTypeClass dtypes, DType dtype) noexcept {
  if (bit_width(dtype) < 8 || kind(dtype) == Kind::boolean) return false;
  return is_floating(dtype) ? bit_width(dtype) >= 16 : dtypes == DTypeClass::numeric;
}

const char* expected(DTypeClass dtypes) noexcept {
  return dtypes == DTypeClass::numeric ? "f16, bf16, f32, f64 or an integer dtype from 8 bits on"
                                       : "f16, bf16, f32 or f64";
}

Tensor unary(UnaryOp op, const Tensor& x) {
  const ElementwiseInfo& row = info(op);
  check_inputs(row.name, {&x});
  check_plain(row.name, x);
  if (!takes(row.dtypes, x.dtype()))
    fail(ErrorCode::dtype_mismatch, row.name, "{} expected, found {}", expected(row.dtypes), describe(x));
  Tensor out = Tensor::empty(x.shape(), x.dtype(), x.device());
  dispatch(Op::unary, {x}, {out}, UnaryParams{op});
  return out;
}

DType result_dtype(const ElementwiseInfo& row, const Tensor& a, const Tensor& b) {
  const auto refuse = [&] {
    fail(ErrorCode::dtype_mismatch, row.name, "{} and {} are not computed with: {} expected", describe(a), describe(b),
         expected(row.dtypes));
  };
  const auto storage_only = [](DType dtype) {
    return bit_width(dtype) < 8 || (is_floating(dtype) && bit_width(dtype) == 8);
  };
  if (storage_only(a.dtype()) || storage_only(b.dtype())) refuse();
  const DType promoted = promote_types(a.dtype(), b.dtype());
  if (row.dtypes == DTypeClass::floating && !is_floating(promoted)) return DType::f32;  // as / in NumPy and PyTorch
  if (!takes(row.dtypes, promoted)) refuse();
  return promoted;
}

Tensor binary(BinaryOp op, const Tensor& a, const Tensor& b) {
  const ElementwiseInfo& row = info(op);
  check_inputs(row.name, {&a, &b});
  check_plain(row.name, a);
  check_plain(row.name, b);
  const DType dtype = result_dtype(row, a, b);
  const bool broadcasts = a.shape() != b.shape();
  const Shape shape = broadcasts ? broadcast_shapes(a.shape(), b.shape(), row.name) : a.shape();
  Tensor out = Tensor::empty(shape, dtype, a.device());
  const Tensor x = astype(a, dtype), y = astype(b, dtype);
  if (broadcasts)
    dispatch(Op::binary, {x.expand(shape), y.expand(shape)}, {out}, BinaryParams{op});
  else
    dispatch(Op::binary, {x, y}, {out}, BinaryParams{op});
  return out;
}

}  // namespace

#define INGOT_UNARY(name, ...) \
  Tensor name(const Tensor& x) { return unary(UnaryOp::name, x); }
#include "ops/elementwise.def"

#define INGOT_BINARY(name, ...) \
  Tensor name(const Tensor& a, const Tensor& b) { return binary(BinaryOp::name, a, b); }
#include "ops/elementwise.def"

}  // namespace ingot
