// Elementwise operations: one row each in elementwise.def, which declares them here, computes them on every backend,
// binds them to Python and documents them.
#pragma once

#include <span>
#include <string_view>

#include "ingot/ops/operand.h"

namespace [[gnu::visibility("default")]] ingot {

#define INGOT_UNARY(name, ...)  \
  Tensor name(const Tensor& x); \
  void name(const Tensor& x, Out out);
#define INGOT_BINARY(name, ...)                    \
  Tensor name(const Operand& a, const Operand& b); \
  void name(const Operand& a, const Operand& b, Out out);
#define INGOT_TERNARY(name, ...)                                     \
  Tensor name(const Operand& a, const Operand& b, const Operand& c); \
  void name(const Operand& a, const Operand& b, const Operand& c, Out out);
#define INGOT_BACKWARD(name, ...) INGOT_BINARY(name)
#include "ingot/ops/elementwise.def"

/// target ← target ∘ operand, in target's dtype and shape. Throws where the result would need another of either.
void add_(const Tensor& target, const Operand& operand);
void sub_(const Tensor& target, const Operand& operand);
void mul_(const Tensor& target, const Operand& operand);
void div_(const Tensor& target, const Operand& operand);

/// a where condition, else b: any dtypes but i4 and i2, promoted. `condition` is bool. All three broadcast.
Tensor where(const Tensor& condition, const Operand& a, const Operand& b);

/// Whether |a − b| ≤ atol + rtol·|b|, in f64 after promotion; infinities are close to themselves alone, and NaN to NaN
/// under `equal_nan`. bool, integers from 8 bits on, f16, bf16, f32 and f64, broadcast → bool. NumPy.
Tensor isclose(const Operand& a, const Operand& b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);
/// Whether all elements are.
bool allclose(const Operand& a, const Operand& b, double rtol = 1e-5, double atol = 1e-8, bool equal_nan = false);

/// The dtypes an elementwise operation takes.
enum class Takes : std::uint8_t {
  floating,  // f16 bf16 f32 f64; integers and bool are converted to f32
  numeric,   // these and the integers from 8 bits on
  integer,   // integers from 8 bits on
  bits,      // bool and these
  any,       // bool, integers, floats
};

/// A row of elementwise.def, for bindings and documents.
struct ElementwiseInfo {
  std::string_view name;
  int arity;
  Takes takes;
  bool gives_bool;             // else the operands' promoted dtype
  std::string_view doc;        // one sentence: formula, special values, source
  std::string_view arguments;  // of an example in Python
  std::string_view result;     // what printing the example's result shows
};

/// All rows, in the order of elementwise.def.
std::span<const ElementwiseInfo> elementwise_table() noexcept;
/// The operation of one row by its place in the table, for bindings; `out` may be null. Throws as the operation.
Tensor elementwise(std::size_t row, std::span<const Operand* const> operands, const Tensor* out = nullptr);

}  // namespace ingot
