#include "ops/elementwise.h"

#include <algorithm>
#include <array>
#include <bit>

#include "device/kernel_table.h"
#include "ingot/ops/dtypes.h"
#include "ingot/ops/manipulation.h"
#include "ops/check.h"
#include "ops/nextafter.h"
#include "ops/overlap.h"
#include "ops/params.h"

namespace ingot {
namespace {

constexpr ElementwiseInfo rows[] = {
#define INGOT_UNARY(name, takes, value, gradient, ...) {#name, 1, Takes::takes, false, __VA_ARGS__},
#define INGOT_UNARY_PREDICATE(name, takes, value, ...) {#name, 1, Takes::takes, true, __VA_ARGS__},
#define INGOT_BINARY(name, takes, value, gradient_a, gradient_b, ...) {#name, 2, Takes::takes, false, __VA_ARGS__},
#define INGOT_BINARY_PREDICATE(name, takes, value, ...) {#name, 2, Takes::takes, true, __VA_ARGS__},
#define INGOT_TERNARY(name, takes, value, gradient_a, gradient_b, gradient_c, ...) \
  {#name, 3, Takes::takes, false, __VA_ARGS__},
#define INGOT_BACKWARD(name, gradient, doc) {#name, 2, Takes::floating, false, doc, "1., 0.5", ""},
#include "ingot/ops/elementwise.def"
};

const char* expected(Takes takes) noexcept {
  switch (takes) {
    case Takes::floating:
    case Takes::any: return "bool, integers from 8 bits on, f16, bf16, f32 or f64";
    case Takes::numeric: return "integers from 8 bits on, f16, bf16, f32 or f64";
    case Takes::integer: return "integers from 8 bits on";
    case Takes::bits: return "bool or integers from 8 bits on";
  }
  return "";
}

bool accepts(Takes takes, DType dtype) noexcept {
  if (!has_arithmetic(dtype)) return false;
  if (is_floating(dtype)) return takes != Takes::integer && takes != Takes::bits;
  return kind(dtype) != Kind::boolean || (takes != Takes::numeric && takes != Takes::integer);
}

std::string describe(const Operand& x) {
  return x.is_tensor() ? describe(x.tensor()) : "a number (" + std::string(to_string(x.scalar().default_dtype())) + ")";
}

std::string describe(std::span<const Operand* const> operands) {
  std::string list;
  for (const Operand* x : operands) list += (list.empty() ? "" : " and ") + describe(*x);
  return list;
}

[[noreturn]] void refuse(const ElementwiseInfo& row, std::span<const Operand* const> operands) {
  fail(ErrorCode::dtype_mismatch, row.name, "{}: {} expected", describe(operands), expected(row.takes));
}

// What the operation computes in.
DType common_dtype(const ElementwiseInfo& row, std::span<const Operand* const> operands) {
  for (const Operand* x : operands)
    if (x->is_tensor() && !has_arithmetic(x->tensor().dtype())) refuse(row, operands);
  const DType dtype = result_type(operands);
  if (!accepts(row.takes, dtype)) refuse(row, operands);
  return row.takes == Takes::floating && !is_floating(dtype) ? DType::f32 : dtype;
}

// Device, shape and plainness of all operands.
Shape common_shape(const char* name, std::span<const Operand* const> operands, Device& device) {
  std::optional<Shape> shape;
  for (const Operand* x : operands) {
    if (!x->is_tensor()) continue;
    const Tensor& tensor = x->tensor();
    if (!tensor.defined()) fail(ErrorCode::invalid_argument, name, "an input is undefined");
    check_plain(name, tensor);
    if (shape && tensor.device() != device)
      fail(ErrorCode::invalid_argument, name, "inputs on {} and {}", to_string(device), to_string(tensor.device()));
    device = tensor.device();
    if (!shape)
      shape = tensor.shape();
    else if (*shape != tensor.shape())
      shape = broadcast_shapes(*shape, tensor.shape(), name);
  }
  return shape.value_or(Shape{});
}

// A number as a 0-d tensor. The last ones are kept, for numbers come again: making one takes as long as adding it to
// ten elements.
const Tensor& number(const Scalar& scalar, DType dtype, const char* name) {
  struct Kept {
    Scalar scalar = false;
    DType dtype{};
    Tensor tensor;
  };
  constexpr std::size_t count = 4;
  thread_local std::array<Kept, count> kept;
  thread_local std::size_t oldest = 0;
  const auto same = [](const Scalar& a, const Scalar& b) {
    if (a.kind() != b.kind()) return false;
    if (a.kind() != Kind::floating) return a.bits() == b.bits();
    return std::bit_cast<std::uint64_t>(a.as_double()) == std::bit_cast<std::uint64_t>(b.as_double());
  };
  for (const Kept& k : kept)
    if (k.dtype == dtype && same(k.scalar, scalar) && k.tensor.defined()) return k.tensor;
  Kept& place = kept[oldest];
  place = {scalar, dtype, scalar.to_tensor(dtype, name)};
  oldest = (oldest + 1) % count;
  return place.tensor;
}

// Operands in `dtype`: the tensors a kernel sees. Those that have it are used as they are.
struct Prepared {
  std::array<Tensor, 3> made;
  std::array<const Tensor*, 3> inputs{};

  void convert(const char* name, std::span<const Operand* const> operands, DType dtype) {
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Operand& x = *operands[i];
      if (x.is_tensor() && x.tensor().dtype() == dtype) {
        inputs[i] = &x.tensor();
      } else {
        made[i] = x.is_tensor() ? astype(x.tensor(), dtype) : number(x.scalar(), dtype, name);
        inputs[i] = &made[i];
      }
    }
  }
};

int level(Kind kind) noexcept { return kind == Kind::boolean ? 0 : kind == Kind::floating ? 2 : 1; }

void check_out(const char* name, const Tensor& out, const Shape& shape, DType dtype, Device device) {
  if (!out.defined()) fail(ErrorCode::invalid_argument, name, "out is undefined");
  check_plain(name, out);
  if (out.device() != device)
    fail(ErrorCode::invalid_argument, name, "out on {}, inputs on {}", to_string(out.device()), to_string(device));
  if (out.shape() != shape)
    fail(ErrorCode::shape_mismatch, name, "the result has shape {}, out is {}", to_string(shape), describe(out));
  if (level(kind(out.dtype())) < level(kind(dtype)))
    fail(ErrorCode::dtype_mismatch, name, "the result is {}, out is {}", to_string(dtype), describe(out));
  check_writable(name, out);
}

// Most calls: defined, plain tensors of one dtype, one shape and one device, with numbers that take their dtype. Then
// nothing has to be worked out: the first of them, else null.
const Tensor* all_alike(const ElementwiseInfo& row, std::span<const Operand* const> operands) noexcept {
  const Tensor* first = nullptr;
  for (const Operand* x : operands) {
    if (!x->is_tensor()) continue;
    if (!x->tensor().defined()) return nullptr;
    if (!first) first = &x->tensor();
    const TensorMeta &meta = x->tensor().meta(), &wanted = first->meta();
    if (meta.encoding || meta.dtype != wanted.dtype || !(meta.shape == wanted.shape) ||
        meta.storage->device() != wanted.storage->device())
      return nullptr;
  }
  if (!first) return nullptr;
  const DType dtype = first->dtype();
  if (!accepts(row.takes, dtype) || (row.takes == Takes::floating && !is_floating(dtype))) return nullptr;
  for (const Operand* x : operands)
    if (!x->is_tensor() && level(x->scalar().kind()) > level(kind(dtype))) return nullptr;
  return first;
}

Tensor compute(ElementwiseOp op, std::span<const Operand* const> operands, const Tensor* target) {
  const ElementwiseInfo& row = info(op);
  const char* name = row.name.data();
  Device device = cpu_device;
  Shape shape;
  DType dtype;
  Prepared prepared;
  if (const Tensor* first = all_alike(row, operands)) {
    device = first->device();
    shape = first->shape();
    dtype = first->dtype();
  } else {
    shape = common_shape(name, operands, device);
    dtype = common_dtype(row, operands);
  }
  const DType result = row.gives_bool ? DType::bool_ : dtype;
  if (op == ElementwiseOp::bitwise_invert && dtype == DType::bool_) op = ElementwiseOp::logical_not;
  if (target) check_out(name, *target, shape, result, device);
  prepared.convert(name, operands, dtype);
  const std::span inputs(prepared.inputs.data(), operands.size());
  if (op == ElementwiseOp::nextafter && bit_width(dtype) == 16) {  // in f32, as others compute, steps are f32's
    const Tensor out = nextafter_16_bit(*inputs[0], *inputs[1]);
    if (target) copy_(*target, out);
    return target ? *target : out;
  }
  const bool direct = target && target->dtype() == result && target->is_aligned() &&
                      std::ranges::none_of(inputs, [&](const Tensor* x) { return overlaps_partly(*x, *target); });
  const Tensor out = direct ? *target : Tensor::empty(shape, result, device);
  const Tensor* outputs[] = {&out};
  if (shape.numel() > 0) dispatch(Op::elementwise, inputs, outputs, ElementwiseParams{op});
  if (target && !direct) copy_(*target, out);
  return out;
}

Tensor compute(ElementwiseOp op, std::initializer_list<const Operand*> operands, const Tensor* target = nullptr) {
  return compute(op, std::span(operands.begin(), operands.size()), target);
}

}  // namespace

const ElementwiseInfo& info(ElementwiseOp op) noexcept { return rows[static_cast<std::size_t>(op)]; }
std::span<const ElementwiseInfo> elementwise_table() noexcept { return rows; }

Tensor elementwise(std::size_t row, std::span<const Operand* const> operands, const Tensor* out) {
  if (row >= std::size(rows) || static_cast<std::size_t>(rows[row].arity) != operands.size())
    fail(ErrorCode::invalid_argument, "elementwise", "row {} with {} operands", row, operands.size());
  return compute(static_cast<ElementwiseOp>(row), operands, out);
}

#define INGOT_UNARY(name, ...)                       \
  Tensor name(const Tensor& x) {                     \
    const Operand a(x);                              \
    return compute(ElementwiseOp::name, {&a});       \
  }                                                  \
  void name(const Tensor& x, Out out) {              \
    const Operand a(x);                              \
    compute(ElementwiseOp::name, {&a}, &out.tensor); \
  }
#define INGOT_BINARY(name, ...)                                                                      \
  Tensor name(const Operand& a, const Operand& b) { return compute(ElementwiseOp::name, {&a, &b}); } \
  void name(const Operand& a, const Operand& b, Out out) { compute(ElementwiseOp::name, {&a, &b}, &out.tensor); }
#define INGOT_TERNARY(name, ...)                                             \
  Tensor name(const Operand& a, const Operand& b, const Operand& c) {        \
    return compute(ElementwiseOp::name, {&a, &b, &c});                       \
  }                                                                          \
  void name(const Operand& a, const Operand& b, const Operand& c, Out out) { \
    compute(ElementwiseOp::name, {&a, &b, &c}, &out.tensor);                 \
  }
#define INGOT_BACKWARD(name, ...) INGOT_BINARY(name)
#include "ingot/ops/elementwise.def"

void add_(const Tensor& target, const Operand& operand) { add(target, operand, Out(target)); }
void sub_(const Tensor& target, const Operand& operand) { subtract(target, operand, Out(target)); }
void mul_(const Tensor& target, const Operand& operand) { multiply(target, operand, Out(target)); }
void div_(const Tensor& target, const Operand& operand) { divide(target, operand, Out(target)); }

Tensor where(const Tensor& condition, const Operand& a, const Operand& b) {
  const char* name = "where";
  const Operand flag(condition);
  Device device = cpu_device;
  const Operand* all[] = {&flag, &a, &b};
  const Shape shape = common_shape(name, all, device);
  if (condition.dtype() != DType::bool_)
    fail(ErrorCode::dtype_mismatch, name, "the condition is {}: bool expected", describe(condition));
  const std::span choices = std::span<const Operand* const>(all).subspan(1);
  const DType dtype = result_type(choices);
  if (bit_width(dtype) < 8) fail(ErrorCode::dtype_mismatch, name, "{}: unpack it with astype", describe(choices));
  Prepared values;
  values.convert(name, choices, dtype);
  const Tensor out = Tensor::empty(shape, dtype, device);
  if (shape.numel() > 0) dispatch(Op::select, {&condition, values.inputs[0], values.inputs[1]}, {&out});
  return out;
}

}  // namespace ingot
