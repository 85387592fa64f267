#include "ops/nextafter.h"

#include "ingot/ops/dtypes.h"
#include "ingot/ops/elementwise.h"

namespace ingot {
namespace {

// The same elements, or codes, under another dtype of 16 bits.
Tensor retyped(const Tensor& x, DType dtype) {
  auto* fresh = new TensorMeta;
  Ref<const TensorMeta> meta(fresh);
  fresh->storage = x.storage();
  fresh->shape = x.shape();
  fresh->strides = x.strides();
  fresh->offset = x.meta().offset;
  fresh->byte_offset = x.meta().byte_offset;
  fresh->dtype = dtype;
  return Tensor(std::move(meta));
}

// A code is sign and magnitude: those of negative numbers count downwards from −0. Its own inverse but for −0.
Tensor ordered(const Tensor& codes) { return where(less(codes, 0), subtract(-32768, codes), codes); }

}  // namespace

Tensor nextafter_16_bit(const Tensor& a, const Tensor& b) {
  const Tensor codes = retyped(a, DType::i16), from = ordered(codes), to = ordered(retyped(b, DType::i16));
  const Tensor up = astype(less(from, to), DType::i16), down = astype(greater(from, to), DType::i16);
  const Tensor place = subtract(add(from, up), down);
  // A step to zero keeps the sign.
  const Tensor next = where(equal(place, 0), bitwise_and(codes, -32768), ordered(place));
  const Tensor stepped = where(equal(a, b), b, retyped(next, a.dtype()));
  return where(logical_or(isnan(a), isnan(b)), add(a, b), stepped);
}

}  // namespace ingot
