#include "core/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/visit.h"

namespace ingot {
namespace {

// A double has up to 309 digits before the point and 1074 behind it.
constexpr int most_places = 1074;

template <class... Format>
std::string chars(Format... format) {
  std::array<char, 1400> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), format...).ptr;
  return {buffer.data(), end};
}

std::string shortest(double x, DType dtype) {
  if (dtype == DType::f64) return chars(x, std::chars_format::scientific);
  if (dtype == DType::f32) return chars(static_cast<float>(x), std::chars_format::scientific);
  // At most five digits name a number of 16 bits.
  return visit_numeric(dtype, "shortest", [&]<class T>(T) {
    for (int places = 0;; ++places) {
      const std::string text = chars(x, std::chars_format::scientific, places);
      double read = 0;
      std::from_chars(text.data(), text.data() + text.size(), read);
      if (to_double(from_double<T>(read)) == x) return text;
    }
  });
}

Decimal split(const std::string& text) {
  Decimal result;
  const std::size_t first = text[0] == '-', e = std::min(text.find('e'), text.size());
  const std::size_t point = std::min(text.find('.'), e);
  result.sign = text.substr(0, first);
  result.digits = text.substr(first, point - first);
  if (point < e) result.fraction = text.substr(point + 1, e - point - 1);
  if (e < text.size()) result.exponent = text.substr(e + 1);
  result.fraction.erase(result.fraction.find_last_not_of('0') + 1);
  return result;
}

}  // namespace

Decimal scientific(double x, DType dtype, int precision) {
  const Decimal result = split(shortest(x, dtype));
  return result.fraction.size() <= static_cast<std::size_t>(precision) ? result : split(exact_scientific(x, precision));
}

Decimal positional(double x, DType dtype, int precision) {
  Decimal result = split(shortest(x, dtype));
  const int exponent = std::stoi(result.exponent), places = static_cast<int>(result.fraction.size()) - exponent;
  if (places > precision) return split(chars(x, std::chars_format::fixed, std::min(precision, most_places)));
  std::string all = result.digits + result.fraction;
  if (exponent < 0) all.insert(0, static_cast<std::size_t>(-exponent), '0');
  const auto whole = static_cast<std::size_t>(std::max(exponent, 0)) + 1;
  if (all.size() < whole) all.append(whole - all.size(), '0');
  result.digits = all.substr(0, whole);
  result.fraction = all.substr(whole);
  result.exponent.clear();
  return result;
}

std::string exact_scientific(double x, int precision) {
  std::string text = chars(x, std::chars_format::scientific, std::min(precision, most_places));
  if (text.find('.') == std::string::npos) text.insert(text.find('e'), 1, '.');
  return text;
}

}  // namespace ingot
