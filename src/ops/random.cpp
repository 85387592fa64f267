// uniform, normal, randint, bernoulli, permutation.
#include "ingot/ops/random.h"

#include <cmath>

#include "device/kernel_table.h"
#include "ops/check.h"
#include "ops/params.h"

namespace ingot {
namespace {

Tensor draw(const char* operation, Generator& generator, const Shape& shape, DType dtype, Device device,
            RandomParams params) {
  check_shape(operation, shape);
  const Tensor out = Tensor::empty(shape, dtype, device);
  // Two elements a block, four where one word is enough.
  const bool narrow = is_floating(dtype) && dtype != DType::f64;
  const auto count = static_cast<std::uint64_t>(out.numel()), each = std::uint64_t{narrow ? 4u : 2u};
  params.seed = generator.seed();
  params.offset = generator.advance(count / each + (count % each != 0));
  if (count > 0) dispatch(Op::random, {}, {&out}, params);
  return out;
}

Tensor floats(const char* operation, Generator& generator, const Shape& shape, DType dtype, Device device, double low,
              double high, Distribution distribution) {
  if (!is_floating(dtype) || bit_width(dtype) < 16)
    fail(ErrorCode::dtype_mismatch, operation, "f16, bf16, f32 or f64 expected, found {}", to_string(dtype));
  return draw(operation, generator, shape, dtype, device, {0, 0, low, high, 0, 0, distribution});
}

}  // namespace

Tensor uniform(Generator& generator, const Shape& shape, double low, double high, DType dtype, Device device) {
  if (!std::isfinite(low) || !std::isfinite(high - low) || low > high)
    fail(ErrorCode::invalid_argument, "uniform", "between {} and {}", low, high);
  return floats("uniform", generator, shape, dtype, device, low, high, Distribution::uniform);
}

Tensor normal(Generator& generator, const Shape& shape, double mean, double deviation, DType dtype, Device device) {
  if (!std::isfinite(mean) || !std::isfinite(deviation) || deviation < 0)
    fail(ErrorCode::invalid_argument, "normal", "mean {}, deviation {}", mean, deviation);
  return floats("normal", generator, shape, dtype, device, mean, deviation, Distribution::normal);
}

Tensor randint(Generator& generator, std::int64_t low, std::int64_t high, const Shape& shape, DType dtype,
               Device device) {
  const char* name = "randint";
  if (!is_integer(dtype) || bit_width(dtype) < 8)
    fail(ErrorCode::dtype_mismatch, name, "integers from 8 bits on expected, found {}", to_string(dtype));
  if (low >= high) fail(ErrorCode::invalid_argument, name, "{} … {} is empty", low, high);
  (void)Scalar(low).to_tensor(dtype, name);
  (void)Scalar(high - 1).to_tensor(dtype, name);
  const auto first = static_cast<std::uint64_t>(low);
  return draw(name, generator, shape, dtype, device,
              {0, 0, 0, 0, first, static_cast<std::uint64_t>(high) - first, Distribution::integers});
}

Tensor bernoulli(Generator& generator, const Shape& shape, double p, Device device) {
  if (!(p >= 0 && p <= 1)) fail(ErrorCode::invalid_argument, "bernoulli", "a probability of {}", p);
  return less(floats("bernoulli", generator, shape, DType::f64, device, 0, 1, Distribution::uniform), p);
}

Tensor bernoulli(Generator& generator, const Tensor& p) {
  check_inputs("bernoulli", {&p});
  check_floating("bernoulli", p);
  const Tensor wrong = logical_not(logical_and(greater_equal(p, 0), less_equal(p, 1)));
  if (const Tensor places = nonzero(reshape(wrong, Shape{-1}))[0]; places.numel() > 0)
    fail(ErrorCode::invalid_argument, "bernoulli", "a probability of {} in {}", take(p, places.select(0, 0)).item(),
         describe(p));
  return less(floats("bernoulli", generator, p.shape(), DType::f64, p.device(), 0, 1, Distribution::uniform), p);
}

Tensor permutation(Generator& generator, std::int64_t n, Device device) {
  return draw("permutation", generator, Shape{n}, DType::i64, device, {0, 0, 0, 0, 0, 0, Distribution::permutation});
}

}  // namespace ingot
