// pack, unpack: integers in fewer bits than a byte.
#include "ingot/ops.h"
#include "ops/check.h"

namespace ingot {

Tensor pack(const Tensor& x, DType dtype) {
  check_inputs("pack", {&x});
  check_unpacked("pack", x);
  if (dtype != DType::i4 && dtype != DType::i2)
    fail(ErrorCode::dtype_mismatch, "pack", "{} is not packed: i4 or i2 expected", to_string(dtype));
  if (!is_integer(x.dtype())) fail(ErrorCode::dtype_mismatch, "pack", "integers expected, found {}", describe(x));
  const std::int64_t beyond = std::int64_t{1} << (bit_width(dtype) - 1);
  const bool has_sign = kind(x.dtype()) == Kind::signed_integer;
  if (x.numel() > 0) {
    const Tensor inside =
        has_sign ? logical_and(greater_equal(min(x), -beyond), less(max(x), beyond)) : less(max(x), beyond);
    if (astype(inside, DType::i8).item() == 0) {
      const Tensor flat = reshape(x, Shape{-1});
      const Tensor outside =
          has_sign ? logical_or(less(flat, -beyond), greater_equal(flat, beyond)) : greater_equal(flat, beyond);
      const auto first = static_cast<std::int64_t>(argmax(outside, 0).item());
      fail(ErrorCode::out_of_range, "pack", "element {} of {} is {}: {} holds {} to {}", first, describe(x),
           flat.select(0, first).item(), to_string(dtype), -beyond, beyond - 1);
    }
  }
  return astype(x, dtype);
}

Tensor unpack(const Tensor& x) {
  check_inputs("unpack", {&x});
  check_plain("unpack", x);
  if (bit_width(x.dtype()) >= 8) fail(ErrorCode::dtype_mismatch, "unpack", "i4 or i2 expected, found {}", describe(x));
  return astype(x, DType::i8);
}

}  // namespace ingot
