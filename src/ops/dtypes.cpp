#include "ingot/ops/dtypes.h"

#include <limits>
#include <optional>

#include "ops/check.h"

namespace ingot {
namespace {

constexpr FloatLimits limits(int bits, double eps, double largest, double smallest_normal) noexcept {
  return {bits, eps, largest, -largest, smallest_normal};
}

template <class T>
constexpr FloatLimits limits_of() noexcept {
  using Limits = std::numeric_limits<T>;
  return limits(static_cast<int>(8 * sizeof(T)), Limits::epsilon(), Limits::max(), Limits::min());
}

// A number counts by its kind alone.
DType with_scalar(DType dtype, const Scalar& scalar) noexcept {
  const auto level = [](Kind kind) { return kind == Kind::boolean ? 0 : kind == Kind::floating ? 2 : 1; };
  return level(scalar.kind()) > level(kind(dtype)) ? scalar.default_dtype() : dtype;
}

}  // namespace

FloatLimits finfo(DType dtype) {
  switch (dtype) {
    case DType::f16: return limits(16, 0x1p-10, 65504, 0x1p-14);
    case DType::bf16: return limits(16, 0x1p-7, 0x1.FEp127, 0x1p-126);
    case DType::f32: return limits_of<float>();
    case DType::f64: return limits_of<double>();
    case DType::f8_e4m3: return limits(8, 0x1p-3, 448, 0x1p-6);
    case DType::f8_e5m2: return limits(8, 0x1p-2, 57344, 0x1p-14);
    default: fail(ErrorCode::dtype_mismatch, "finfo", "a floating dtype expected, found {}", to_string(dtype));
  }
}

IntegerLimits iinfo(DType dtype) {
  if (!is_integer(dtype))
    fail(ErrorCode::dtype_mismatch, "iinfo", "an integer dtype expected, found {}", to_string(dtype));
  const int bits = bit_width(dtype);
  if (kind(dtype) == Kind::unsigned_integer) return {bits, ~std::uint64_t{0} >> (64 - bits), 0};
  const std::uint64_t max = ~std::uint64_t{0} >> (65 - bits);
  return {bits, max, -static_cast<std::int64_t>(max) - 1};
}

bool can_cast(DType from, DType to) noexcept {
  return from == to || (has_arithmetic(from) && has_arithmetic(to) && promote_types(from, to) == to);
}

DType result_type(std::span<const Operand* const> operands) {
  std::optional<DType> dtype;
  for (const Operand* x : operands)
    if (x->is_tensor()) dtype = dtype ? promote_types(*dtype, x->tensor().dtype()) : x->tensor().dtype();
  for (const Operand* x : operands)
    if (!x->is_tensor()) dtype = dtype ? with_scalar(*dtype, x->scalar()) : x->scalar().default_dtype();
  if (!dtype) fail(ErrorCode::invalid_argument, "result_type", "one or more operands expected, found none");
  return *dtype;
}

bool isdtype(DType dtype, std::string_view name) {
  const Kind k = kind(dtype);
  if (name == "bool") return k == Kind::boolean;
  if (name == "signed integer") return k == Kind::signed_integer;
  if (name == "unsigned integer") return k == Kind::unsigned_integer;
  if (name == "integral") return is_integer(dtype);
  if (name == "real floating") return is_floating(dtype);
  if (name == "complex floating") return false;
  if (name == "numeric") return k != Kind::boolean;
  fail(ErrorCode::invalid_argument, "isdtype", "no kind of dtypes is called '{}'", name);
}

}  // namespace ingot
