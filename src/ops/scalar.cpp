#include <cmath>
#include <limits>

#include "core/convert.h"
#include "core/fail.h"
#include "ingot/ops/operand.h"

namespace ingot {

double Scalar::as_double() const noexcept {
  if (kind_ == Kind::floating) return floating_;
  return kind_ == Kind::signed_integer ? static_cast<double>(static_cast<std::int64_t>(bits_))
                                       : static_cast<double>(bits_);
}

DType Scalar::default_dtype() const noexcept {
  switch (kind_) {
    case Kind::boolean: return DType::bool_;
    case Kind::signed_integer: return DType::i64;
    case Kind::unsigned_integer: return DType::u64;
    case Kind::floating: break;
  }
  return DType::f32;
}

Tensor Scalar::to_tensor(DType dtype, const char* operation) const {
  Tensor x = Tensor::empty(Shape{}, dtype);
  visit_numeric(dtype, operation, [&]<class T>(T) {
    T& value = *x.mutable_data<T>();
    if (kind_ == Kind::floating) return void(value = convert<T>(floating_));
    const auto number = static_cast<std::int64_t>(bits_);
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      const bool fits = kind_ == Kind::unsigned_integer ? std::in_range<T>(bits_) : std::in_range<T>(number);
      if (!fits)
        fail(ErrorCode::out_of_range, operation, "{} does not fit {}",
             kind_ == Kind::unsigned_integer ? std::to_string(bits_) : std::to_string(number), to_string(dtype));
    }
    value = kind_ == Kind::unsigned_integer ? convert<T>(bits_) : convert<T>(number);
  });
  return x;
}

}  // namespace ingot
