// Affine quantization: scales and zero points of groups, and the tensors that an affine tensor consists of.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/convert.h"
#include "core/parallel.h"
#include "device/kernel_table.h"
#include "ingot/ops.h"
#include "ops/check.h"
#include "ops/params.h"
#include "quant/affine.h"
#include "quant/rows.h"

namespace ingot {
namespace {

const char* const operation = "quantize";

// x seen as (outer, groups, elements of a group, inner), the scales' shape, and what of x a scale belongs to.
struct Grouping {
  Shape scales;
  Shape view;
  Axes reduced;
};

Grouping group(const Tensor& x, const AffineScheme& scheme, std::string_view name) {
  const int rank = x.rank();
  const Shape& shape = x.shape();
  if (!scheme.axis && scheme.group_size == 0) return {Shape::filled(rank, 1), shape, {}};
  const int axis = normalize_axis(scheme.axis.value_or(-1), rank, operation);
  const std::int64_t n = shape[axis], size = scheme.group_size == -1 ? n : scheme.group_size;
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= shape[i];
  for (int i = axis + 1; i < rank; ++i) inner *= shape[i];
  Shape scales = Shape::filled(rank, 1);
  if (scheme.group_size == 0) {
    scales[axis] = n;
    return {scales, Shape{outer, n, inner}, {0, 2}};
  }
  if (size < 0) fail(ErrorCode::invalid_argument, operation, "{}: groups of {} elements", name, size);
  if (n % std::max<std::int64_t>(size, 1) != 0)
    fail(ErrorCode::shape_mismatch, operation, "{}: groups of {} do not divide the {} elements along axis {} of {}",
         name, size, n, axis, describe(x));
  scales = shape;
  scales[axis] = n == 0 ? 0 : n / size;
  return {scales, Shape{outer, scales[axis], size, inner}, {2}};
}

template <class T>
T smallest_positive() noexcept {
  if constexpr (is_narrow_float<T>)
    return T{1};
  else
    return std::numeric_limits<T>::denorm_min();
}

// The formulas of ingot/ops/quantization.h, from the extremes of each group.
void choose(const AffineScheme& scheme, CodeRange range, const Tensor& least, const Tensor& most, const Tensor& scale,
            const Tensor& zero_point, std::string_view name) {
  const auto steps = static_cast<float>(range.high - range.low);
  const auto *lows = least.data<float>(), *highs = most.data<float>();
  auto* zeros = zero_point.defined() ? reinterpret_cast<std::uint8_t*>(zero_point.mutable_bytes()) : nullptr;
  visit_floating(scale.dtype(), operation, [&]<class T>(T) {
    T* scales = scale.mutable_data<T>();
    parallel_for(scale.numel(), 1 << 13, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const float low = std::min(lows[i], 0.0f), high = std::max(highs[i], 0.0f);
        const float span = scheme.symmetric ? std::max(-low, high) : high - low;
        float wanted = scheme.symmetric ? span / (steps / 2) : span / steps;
        if (std::isinf(span)) wanted = (high / 2 - low / 2) / (steps / 2);  // the same, inside f32's range
        T stored = convert<T>(wanted);
        if (to_double(stored) == 0) stored = span == 0 ? convert<T>(1.0f) : smallest_positive<T>();
        const auto used = static_cast<float>(to_double(stored));
        if (std::isinf(used))
          fail(ErrorCode::invalid_argument, operation, "{}: scale {} of group {} is beyond {}", name, wanted, i,
               to_string(scale.dtype()));
        scales[i] = stored;
        if (zeros) {
          const float zero = static_cast<float>(range.low) - std::nearbyint(low / used);
          zeros[i] = static_cast<std::uint8_t>(
              static_cast<int>(std::clamp(zero, static_cast<float>(range.low), static_cast<float>(range.high))));
        }
      }
    });
  });
}

}  // namespace

Tensor quantize(const Tensor& x, const AffineScheme& scheme, std::string_view name) {
  check_inputs(operation, {&x});
  if (x.is_quantized() || !is_floating(x.dtype()) || bit_width(x.dtype()) < 16)
    fail(ErrorCode::dtype_mismatch, operation, "{}: f16, bf16, f32 or f64 expected, found {}", name, describe(x));
  const bool is_unsigned = scheme.dtype == DType::u8;
  if (!is_unsigned && scheme.dtype != DType::i8 && scheme.dtype != DType::i4 && scheme.dtype != DType::i2)
    fail(ErrorCode::dtype_mismatch, operation, "{}: codes are i8, i4, i2 or u8, not {}", name, to_string(scheme.dtype));
  if (is_unsigned && scheme.symmetric)
    fail(ErrorCode::invalid_argument, operation, "{}: codes of u8 have no symmetric range", name);
  if (scheme.scale_dtype != DType::f16 && scheme.scale_dtype != DType::bf16 && scheme.scale_dtype != DType::f32)
    fail(ErrorCode::dtype_mismatch, operation, "{}: scales are f16, bf16 or f32, not {}", name,
         to_string(scheme.scale_dtype));
  if (x.rank() == 0)
    fail(ErrorCode::shape_mismatch, operation, "{}: at least one dimension expected, found {}", name, describe(x));
  const Grouping groups = group(x, scheme, name);
  const Tensor rows = row_major(x), codes = Tensor::empty(x.shape(), scheme.dtype, x.device());
  const Tensor scale = ones(groups.scales, scheme.scale_dtype, x.device());
  const Tensor zero_point =
      scheme.symmetric ? Tensor() : Tensor::zeros(groups.scales, is_unsigned ? DType::u8 : DType::i8, x.device());
  const Tensor out = affine_tensor(codes, scale, zero_point);
  if (x.numel() == 0) return out;

  const CodeRange range = code_range(scheme.dtype, scheme.narrow_range);
  const Tensor grouped = rows.view(groups.view);
  const Tensor least = astype(min(grouped, groups.reduced), DType::f32);
  const Tensor most = astype(max(grouped, groups.reduced), DType::f32);
  // NaN is handed on by both.
  if (all(logical_and(isfinite(least), isfinite(most))).item() == 0) largest_finite(rows, operation, name);
  choose(scheme, range, least, most, scale, zero_point, name);
  dispatch(Op::quantize, {&rows}, {&out}, QuantizeParams{out.encoding()->scheme(), range.low});
  return out;
}

AffineParts affine_parts(const Tensor& x) {
  check_inputs("affine_parts", {&x});
  const std::optional<DType> codes = x.is_quantized() ? affine_codes(x.encoding()->scheme()) : std::nullopt;
  if (!codes) fail(ErrorCode::dtype_mismatch, "affine_parts", "an affine tensor expected, found {}", describe(x));
  const TensorMeta& meta = x.meta();
  const Ref<TensorMeta> plain(new TensorMeta);
  plain->storage = meta.storage;
  plain->shape = meta.shape;
  plain->strides = meta.strides;
  plain->offset = meta.offset;
  plain->byte_offset = meta.byte_offset;
  plain->dtype = *codes;
  return {Tensor(Ref<const TensorMeta>(plain.get())), meta.encoding->scales(), meta.encoding->zero_points()};
}

Tensor affine_tensor(const Tensor& codes, const Tensor& scale, const Tensor& zero_point) {
  const char* name = "affine_tensor";
  check_inputs(name, {&codes, &scale});
  if (zero_point.defined()) check_inputs(name, {&codes, &zero_point});
  check_plain(name, codes);
  check_plain(name, scale);
  const Tensor whole = contiguous(codes);
  const auto shaped = [&](const Tensor& x) {
    return x.defined() ? contiguous(x.rank() == 0 ? x.view(Shape::filled(codes.rank(), 1)) : x) : x;
  };
  try {
    const auto at = static_cast<std::size_t>(whole.bytes() - whole.storage()->data());
    return Tensor::view_of(whole.storage(), at, whole.shape(),
                           Encoding::affine(codes.dtype(), shaped(scale), shaped(zero_point)));
  } catch (const Error& error) {
    throw Error(error.code(), name, error.message());
  }
}

}  // namespace ingot
