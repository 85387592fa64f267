// Rows of elementwise operations over double.
#include "backends/cpu/simd/rows.h"
#include "backends/cpu/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/elementwise_f64.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

ElementwiseRow select_f64(ElementwiseOp op) { return elementwise_of<double>(op); }

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(select_f64);

ElementwiseRow elementwise_row_f64(ElementwiseOp op) { return HWY_DYNAMIC_DISPATCH(select_f64)(op); }

}  // namespace ingot::cpu
#endif
