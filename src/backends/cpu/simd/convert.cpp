// Rows of float conversions, and of choices between two rows.
#include "backends/cpu/simd/rows.h"
#include "backends/cpu/simd/targets.h"
#include "core/visit.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/convert.cpp"
#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

template <class From, class To>
void convert_loop(const void* from, void* to, std::size_t n) {
  const From* x = static_cast<const From*>(from);
  To* out = static_cast<To*>(to);
  if constexpr (std::is_same_v<Computed<From>, Computed<To>>) {
    const std::size_t step = lanes<From>();
    std::size_t i = 0;
    for (; i + step <= n; i += step) store<To>(load(x + i), out + i);
    if (i < n) store_part<To>(load_part(x + i, n - i), out + i, n - i);
  } else {
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<To>(x[i]);  // f32 ↔ f64
  }
}

template <class Word>
void choose_loop(const void* const* in, void* to, std::size_t n) {
  const auto* condition = static_cast<const std::uint8_t*>(in[0]);
  const Word *a = static_cast<const Word*>(in[1]), *b = static_cast<const Word*>(in[2]);
  Word* out = static_cast<Word*>(to);
  for (std::size_t i = 0; i < n; ++i) out[i] = condition[i] ? a[i] : b[i];
}

SelectRow select_choice(std::size_t width) {
  switch (width) {
    case 1: return choose_loop<std::uint8_t>;
    case 2: return choose_loop<std::uint16_t>;
    case 4: return choose_loop<std::uint32_t>;
    default: return choose_loop<std::uint64_t>;
  }
}

void stream_row(const void* from, void* to, std::size_t bytes) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t step = hn::Lanes(d);
  const auto* source = static_cast<const std::uint8_t*>(from);
  auto* target = static_cast<std::uint8_t*>(to);
  const std::size_t lead = std::min(bytes, (0 - reinterpret_cast<std::uintptr_t>(to)) % step);
  std::memcpy(target, source, lead);
  std::size_t i = lead;
  for (; i + step <= bytes; i += step) hn::Stream(hn::LoadU(d, source + i), d, target + i);
  std::memcpy(target + i, source + i, bytes - i);
}

ConvertRow select_convert(DType from, DType to) {
  const auto key = [](DType a, DType b) { return static_cast<int>(a) * dtype_count + static_cast<int>(b); };
  const int pair = key(from, to);
  if (pair == key(DType::f16, DType::f32)) return convert_loop<Float16, float>;
  if (pair == key(DType::bf16, DType::f32)) return convert_loop<BFloat16, float>;
  if (pair == key(DType::f32, DType::f16)) return convert_loop<float, Float16>;
  if (pair == key(DType::f32, DType::bf16)) return convert_loop<float, BFloat16>;
  if (pair == key(DType::f16, DType::bf16)) return convert_loop<Float16, BFloat16>;
  if (pair == key(DType::bf16, DType::f16)) return convert_loop<BFloat16, Float16>;
  if (pair == key(DType::f32, DType::f64)) return convert_loop<float, double>;
  if (pair == key(DType::f64, DType::f32)) return convert_loop<double, float>;
  return nullptr;
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(select_convert);
HWY_EXPORT(select_choice);
HWY_EXPORT(stream_row);

ConvertRow convert_row(DType from, DType to) { return HWY_DYNAMIC_DISPATCH(select_convert)(from, to); }
void stream_bytes(const void* from, void* to, std::size_t bytes) { HWY_DYNAMIC_DISPATCH(stream_row)(from, to, bytes); }
void stream_fence() { hwy::FlushStream(); }
SelectRow select_row(std::size_t width) { return HWY_DYNAMIC_DISPATCH(select_choice)(width); }

}  // namespace ingot::cpu
#endif
