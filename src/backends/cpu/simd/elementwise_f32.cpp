// Rows of elementwise operations over float.
#include "backends/cpu/simd/rows.h"
#include "backends/cpu/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/elementwise_f32.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

ElementwiseRow select_f32(ElementwiseOp op) { return elementwise_of<float>(op); }

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(select_f32);

ElementwiseRow elementwise_row_f32(ElementwiseOp op) { return HWY_DYNAMIC_DISPATCH(select_f32)(op); }

}  // namespace ingot::cpu
#endif
