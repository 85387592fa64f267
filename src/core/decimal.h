// Floats as decimal digits.
#pragma once

#include <string>

#include "ingot/dtype.h"

namespace ingot {

struct Decimal {
  std::string sign, digits, fraction;  // sign digits . fraction, without zeros at the end
  std::string exponent;                // "+04", "-123"; empty in positional notation

  std::string text() const { return sign + digits + '.' + fraction + (exponent.empty() ? "" : 'e' + exponent); }
};

/// The fewest digits that name x among the numbers of `dtype` (Steele & White 1990), none of them more than `precision`
/// places behind the point: x itself is rounded there, half to even. x is finite.
Decimal scientific(double x, DType dtype, int precision);
Decimal positional(double x, DType dtype, int precision);
/// d.ddde±dd with exactly `precision` places.
std::string exact_scientific(double x, int precision);

}  // namespace ingot
