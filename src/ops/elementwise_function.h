// The rows of elementwise.def as functions of one element.
#pragma once

#include "ops/elementwise.h"

namespace ingot {

template <class V>
using ElementwiseFunction = V (*)(V a, V b, V c);

/// V: a type with the vocabulary of elementwise.def, computing in T (Element<T>, or one that measures). Operands past
/// the operation's are ignored; a predicate gives 0 or 1. Null where the row does not take T.
template <class T, class V>
ElementwiseFunction<V> elementwise_function(ElementwiseOp op) {
  switch (op) {
#define INGOT_CASE(name, takes, expression, a, b, c)                                          \
  case ElementwiseOp::name:                                                                   \
    if constexpr (computes<T>(Takes::takes))                                                  \
      return [](V a, [[maybe_unused]] V b, [[maybe_unused]] V c) -> V { return expression; }; \
    break;
#define INGOT_UNARY(name, takes, value, ...) INGOT_CASE(name, takes, value, x, unused1, unused2)
#define INGOT_UNARY_PREDICATE(name, takes, expression, ...) \
  INGOT_CASE(name, takes, T((expression).value), x, unused1, unused2)
#define INGOT_BINARY(name, takes, value, ...) INGOT_CASE(name, takes, value, a, b, unused)
#define INGOT_BINARY_PREDICATE(name, takes, expression, ...) \
  INGOT_CASE(name, takes, T((expression).value), a, b, unused)
#define INGOT_TERNARY(name, takes, value, ...) INGOT_CASE(name, takes, value, a, b, c)
#define INGOT_BACKWARD(name, gradient, doc) INGOT_CASE(name, floating, gradient, g, x, unused)
#include "ingot/ops/elementwise.def"
#undef INGOT_CASE
    case ElementwiseOp::count_: break;
  }
  return nullptr;
}

}  // namespace ingot
