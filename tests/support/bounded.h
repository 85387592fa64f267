// A number that carries a bound on its own rounding error: the vocabulary of elementwise.def over it gives each row's
// error limit from its expression alone (running error analysis, Higham 2002, 3.3).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/element.h"

namespace ingot::testing {

/// T: what the column under test computes in. `value` is evaluated in double.
template <class T>
struct Bounded {
  using E = Element<double>;
  using Truth = E::Truth;
  double value;
  double error = 0;   // |what T gives − value| is no more
  int roundings = 0;  // operations that round; a function of libm or Highway counts as many

  Bounded(double x, double e = 0, int r = 0) noexcept : value(x), error(e), roundings(r) {}  // NOLINT

  static constexpr double u = std::numeric_limits<T>::epsilon() / 2;
  // Functions are within 4 units in the last place: the largest error that Highway 1.0.3 documents (math-inl.h; exp
  // and most are within 1 to 3), and more than glibc's manual lists for those taken from libm (2.36, "Known Maximum
  // Errors"). One unit is up to 2u.
  static constexpr double function_error = 8 * u;
  static constexpr int function_roundings = 16;

  // `relative` is f's own error, `absolute` is added where its result may be subnormal.
  template <class F>
  static Bounded apply(F f, Bounded a, Bounded b, double relative, double absolute, int own) {
    const double center = f(E(a.value), E(b.value)).value;
    double spread = 0;
    for (const double da : {-a.error, a.error})
      for (const double db : {-b.error, b.error}) {
        const double corner = f(E(a.value + da), E(b.value + db)).value;
        if (corner == center || center != center) continue;
        spread = std::max(spread, corner == corner ? std::fabs(corner - center) : HUGE_VAL);
      }
    double error = spread;
    if (std::isfinite(center)) error += relative * std::fabs(center) + absolute;
    // Past T's range T holds an infinity.
    if (std::isfinite(center) && std::fabs(center) + error > std::numeric_limits<T>::max()) error = HUGE_VAL;
    return {center, error, a.roundings + b.roundings + own};
  }

  friend Bounded operator+(Bounded a, Bounded b) {
    return apply([](E x, E y) { return x + y; }, a, b, u, std::numeric_limits<T>::denorm_min(), 1);
  }
  friend Bounded operator-(Bounded a, Bounded b) {
    return apply([](E x, E y) { return x - y; }, a, b, u, std::numeric_limits<T>::denorm_min(), 1);
  }
  friend Bounded operator*(Bounded a, Bounded b) {
    return apply([](E x, E y) { return x * y; }, a, b, u, std::numeric_limits<T>::denorm_min(), 1);
  }
  friend Bounded operator/(Bounded a, Bounded b) {
    return apply([](E x, E y) { return x / y; }, a, b, u, std::numeric_limits<T>::denorm_min(), 1);
  }
  friend Bounded operator-(Bounded a) { return {-a.value, a.error, a.roundings}; }
  friend Truth operator<(Bounded a, Bounded b) { return {a.value < b.value}; }
  friend Truth operator<=(Bounded a, Bounded b) { return {a.value <= b.value}; }
  friend Truth operator>(Bounded a, Bounded b) { return {a.value > b.value}; }
  friend Truth operator>=(Bounded a, Bounded b) { return {a.value >= b.value}; }
  friend Truth operator==(Bounded a, Bounded b) { return {a.value == b.value}; }
  friend Truth operator!=(Bounded a, Bounded b) { return {a.value != b.value}; }
  friend Bounded where(Truth condition, Bounded a, Bounded b) { return condition.value ? a : b; }
  friend Truth isinf(Bounded a) { return isinf(E(a.value)); }
  friend Truth isfinite(Bounded a) { return isfinite(E(a.value)); }
  friend Truth signbit(Bounded a) { return signbit(E(a.value)); }

#define INGOT_EXACT(name)                                          \
  friend Bounded name(Bounded a) {                                 \
    return apply([](E x, E) { return name(x); }, a, 0.0, 0, 0, 0); \
  }
  INGOT_EXACT(abs)
  INGOT_EXACT(floor)
  INGOT_EXACT(ceil)
  INGOT_EXACT(trunc)
  INGOT_EXACT(round)
#undef INGOT_EXACT
#define INGOT_EXACT(name)                                             \
  friend Bounded name(Bounded a, Bounded b) {                         \
    return apply([](E x, E y) { return name(x, y); }, a, b, 0, 0, 0); \
  }
  INGOT_EXACT(max)
  INGOT_EXACT(min)
  INGOT_EXACT(copysign)
  INGOT_EXACT(nextafter)
#undef INGOT_EXACT
  friend Bounded sqrt(Bounded a) {
    return apply([](E x, E) { return sqrt(x); }, a, 0.0, u, 0, 1);
  }
#define INGOT_FUNCTION(name)                                                                            \
  friend Bounded name(Bounded a) {                                                                      \
    return apply([](E x, E) { return name(x); }, a, 0.0, function_error, std::numeric_limits<T>::min(), \
                 function_roundings);                                                                   \
  }
  INGOT_ELEMENT_FUNCTIONS(INGOT_FUNCTION)
#undef INGOT_FUNCTION
#define INGOT_FUNCTION(name)                                                                               \
  friend Bounded name(Bounded a, Bounded b) {                                                              \
    return apply([](E x, E y) { return name(x, y); }, a, b, function_error, std::numeric_limits<T>::min(), \
                 function_roundings);                                                                      \
  }
  INGOT_FUNCTION(hypot)
  INGOT_FUNCTION(atan2)
  INGOT_FUNCTION(pow)
#undef INGOT_FUNCTION
  // The larger operand, and a term within 0 … log 2 that is formed from a rounded difference.
  friend Bounded logaddexp(Bounded a, Bounded b) {
    return apply([](E x, E y) { return logaddexp(x, y); }, a, b, 2 * u, 2 * function_error, function_roundings);
  }
  // fmod is exact; what follows it rounds once.
  friend Bounded remainder(Bounded a, Bounded b) {
    return apply([](E x, E y) { return remainder(x, y); }, a, b, u, std::numeric_limits<T>::denorm_min(), 2);
  }
  // a − left, the quotient and the step down round once each, the choice of the nearest integer once more.
  friend Bounded floor_divide(Bounded a, Bounded b) {
    return apply([](E x, E y) { return floor_divide(x, y); }, a, b, 4 * u, 0, 4);
  }
};

}  // namespace ingot::testing
