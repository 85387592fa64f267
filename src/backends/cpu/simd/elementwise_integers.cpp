// Rows of elementwise operations over integers, and over bool as u8.
#include "backends/cpu/simd/rows.h"
#include "backends/cpu/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/elementwise_integers.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

ElementwiseRow select_integers(ElementwiseOp op, DType dtype) {
  switch (dtype) {
    case DType::bool_:
    case DType::u8: return elementwise_of<std::uint8_t>(op);
    case DType::u16: return elementwise_of<std::uint16_t>(op);
    case DType::u32: return elementwise_of<std::uint32_t>(op);
    case DType::u64: return elementwise_of<std::uint64_t>(op);
    case DType::i8: return elementwise_of<std::int8_t>(op);
    case DType::i16: return elementwise_of<std::int16_t>(op);
    case DType::i32: return elementwise_of<std::int32_t>(op);
    default: return elementwise_of<std::int64_t>(op);
  }
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(select_integers);

ElementwiseRow elementwise_row_integers(ElementwiseOp op, DType dtype) {
  return HWY_DYNAMIC_DISPATCH(select_integers)(op, dtype);
}

}  // namespace ingot::cpu
#endif
