// The rows of elementwise.def as an enum.
#pragma once

#include <cstdint>

#include "ingot/ops/elementwise.h"

namespace ingot {

enum class ElementwiseOp : std::uint8_t {
#define INGOT_UNARY(name, ...) name,
#define INGOT_BINARY(name, ...) name,
#define INGOT_TERNARY(name, ...) name,
#define INGOT_BACKWARD(name, ...) name,
#include "ingot/ops/elementwise.def"
  count_
};

const ElementwiseInfo& info(ElementwiseOp op) noexcept;

/// Whether a kernel for elements of T is compiled: T is what elements are computed in (floats and integers; bool
/// computes as u8).
template <class T>
constexpr bool computes(Takes takes) {
  const bool floats = takes != Takes::integer && takes != Takes::bits, integers = takes != Takes::floating;
  return (T(1) / T(2) != T(0)) ? floats : integers;
}

}  // namespace ingot
