// The rows of elementwise.def as enums, with what operations must know of each.
#pragma once

#include <cstdint>
#include <string_view>

namespace ingot {

enum class UnaryOp : std::uint8_t {
#define INGOT_UNARY(name, dtypes, ...) name,
#include "ops/elementwise.def"
};

enum class BinaryOp : std::uint8_t {
#define INGOT_BINARY(name, dtypes, ...) name,
#include "ops/elementwise.def"
};

enum class DTypeClass : std::uint8_t { floating, numeric };

struct ElementwiseInfo {
  const char* name;
  DTypeClass dtypes;
};

inline constexpr ElementwiseInfo unary_rows[] = {
#define INGOT_UNARY(name, dtypes, ...) {#name, DTypeClass::dtypes},
#include "ops/elementwise.def"
};

inline constexpr ElementwiseInfo binary_rows[] = {
#define INGOT_BINARY(name, dtypes, ...) {#name, DTypeClass::dtypes},
#include "ops/elementwise.def"
};

inline constexpr const ElementwiseInfo& info(UnaryOp op) noexcept { return unary_rows[static_cast<int>(op)]; }
inline constexpr const ElementwiseInfo& info(BinaryOp op) noexcept { return binary_rows[static_cast<int>(op)]; }

}  // namespace ingot
