// Arm Advanced SIMD with the dot-product extension (ARMv8.2-A).
#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/isa/inline.h"

namespace ingot::cpu {
namespace {

struct Ops {
  static constexpr int bytes = 16, prefill_rows = 2, float_columns = 4;
  using I = int32x4_t;
  using F = float32x4_t;

  INGOT_INLINE static uint8x16_t u8(I x) { return vreinterpretq_u8_s32(x); }
  INGOT_INLINE static int8x16_t s8(I x) { return vreinterpretq_s8_s32(x); }
  INGOT_INLINE static I from(uint8x16_t x) { return vreinterpretq_s32_u8(x); }
  INGOT_INLINE static std::uint16_t word(const std::byte* p) {
    std::uint16_t w;
    std::memcpy(&w, p, sizeof w);
    return w;
  }

  INGOT_INLINE static I zero_i() { return vdupq_n_s32(0); }
  INGOT_INLINE static I ones_i() { return vreinterpretq_s32_u8(vdupq_n_u8(1)); }
  INGOT_INLINE static I load_i(const std::byte* p) { return from(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p))); }
  INGOT_INLINE static void store_i(std::byte* p, I x) { vst1q_u8(reinterpret_cast<std::uint8_t*>(p), u8(x)); }
  INGOT_INLINE static I add_i(I a, I b) { return vaddq_s32(a, b); }
  INGOT_INLINE static I times(I a, int factor) { return vmulq_n_s32(a, factor); }
  INGOT_INLINE static int sum_i(I a) { return vaddvq_s32(a); }

  INGOT_INLINE static F zero_f() { return vdupq_n_f32(0); }
  INGOT_INLINE static F set1_f(float x) { return vdupq_n_f32(x); }
  INGOT_INLINE static F load_f(const void* p) {
    return vreinterpretq_f32_u8(vld1q_u8(static_cast<const std::uint8_t*>(p)));
  }
  INGOT_INLINE static F load_f16(const std::byte* p) {
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(reinterpret_cast<const std::uint8_t*>(p))));
  }
  INGOT_INLINE static F load_bf16(const std::byte* p) {
    return vreinterpretq_f32_u32(
        vshll_n_u16(vreinterpret_u16_u8(vld1_u8(reinterpret_cast<const std::uint8_t*>(p))), 16));
  }
  INGOT_INLINE static F mul(F a, F b) { return vmulq_f32(a, b); }
  INGOT_INLINE static F fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
  INGOT_INLINE static F cvt(I a) { return vcvtq_f32_s32(a); }
  INGOT_INLINE static float sum_f(F a) { return vaddvq_f32(a); }

  static constexpr int q8_offset = 0;
  INGOT_INLINE static I dot(I acc, I u, I s) { return vdotq_s32(acc, s8(u), s8(s)); }  // u ≤ 127
  INGOT_INLINE static I q8_dot(I acc, I codes, I s) { return vdotq_s32(acc, s8(codes), s8(s)); }

  INGOT_INLINE static void q8_codes(const std::byte* p, I* codes) {
    codes[0] = load_i(p + 2);
    codes[1] = load_i(p + 18);
  }

  INGOT_INLINE static I low_nibbles(I q) { return from(vandq_u8(u8(q), vdupq_n_u8(15))); }
  INGOT_INLINE static I high_nibbles(I q) { return from(vshrq_n_u8(u8(q), 4)); }
  template <int J>
  INGOT_INLINE static I crumbs(I q) {
    if constexpr (J == 0)
      return from(vandq_u8(u8(q), vdupq_n_u8(3)));
    else
      return from(vandq_u8(vshrq_n_u8(u8(q), 2 * J), vdupq_n_u8(3)));
  }
  INGOT_INLINE static I nibbles(const std::byte* p, int, int at) { return load_i(p + at); }
  INGOT_INLINE static F one_scale(const std::byte* p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(word(p))));
  }
  INGOT_INLINE static void scales4(const std::byte* p, int, F& d, F& m) {
    d = one_scale(p);
    m = one_scale(p + 2);
  }
  INGOT_INLINE static F scales8(const std::byte* p, int) { return one_scale(p); }
  INGOT_INLINE static void fifth_bits(const std::byte* p, int, int at, I& low, I& high) {
    const uint8x16_t mask = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201ull));
    const auto pick = [&](int first) {
      const auto* bits = reinterpret_cast<const std::uint8_t*>(p + at + first);
      const uint8x16_t spread = vcombine_u8(vdup_n_u8(bits[0]), vdup_n_u8(bits[1]));
      return from(vandq_u8(vtstq_u8(spread, mask), vdupq_n_u8(16)));
    };
    low = vorrq_s32(low, pick(0));
    high = vorrq_s32(high, pick(2));
  }

  /// The leading base-3 digit, (3·b) >> 8: the upper two bits of ¾ b rounded down.
  INGOT_INLINE static I leading_digit(uint8x16_t b) {
    return from(vshrq_n_u8(vhaddq_u8(b, vhaddq_u8(b, vdupq_n_u8(0))), 6));
  }
  INGOT_INLINE static void tq1(const std::byte* p, I* codes) {
    const uint8x16_t three = vdupq_n_u8(3);
    uint8x16_t a = u8(load_i(p)), b = u8(load_i(p + 16)), c = u8(load_i(p + 32));
    for (int n = 0; n < 5; ++n) {
      codes[2 * n] = leading_digit(a);
      codes[2 * n + 1] = leading_digit(b);
      codes[10 + n] = leading_digit(c);
      a = vmulq_u8(a, three);
      b = vmulq_u8(b, three);
      c = vmulq_u8(c, three);
    }
    std::uint32_t tail;
    std::memcpy(&tail, p + 48, sizeof tail);
    const uint8x16_t powers = {1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27};
    codes[15] = leading_digit(vmulq_u8(vreinterpretq_u8_u32(vdupq_n_u32(tail)), powers));
  }

  INGOT_INLINE static std::uint32_t largest32(const float* x) {
    uint32x4_t top = vdupq_n_u32(0);
    for (int i = 0; i < 32; i += 4)
      top = vmaxq_u32(top, vandq_u32(vreinterpretq_u32_f32(vld1q_f32(x + i)), vdupq_n_u32(0x7FFFFFFFu)));
    return vmaxvq_u32(top);
  }
  INGOT_INLINE static void quantize16(const float* x, float inverse, std::byte* out) {
    int16x4_t words[4];
    for (int i = 0; i < 4; ++i) words[i] = vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4 * i), inverse)));
    const int8x8_t a = vqmovn_s16(vcombine_s16(words[0], words[1])), b = vqmovn_s16(vcombine_s16(words[2], words[3]));
    vst1q_s8(reinterpret_cast<std::int8_t*>(out), vcombine_s8(a, b));
  }
};

}  // namespace
}  // namespace ingot::cpu

#include "backends/cpu/isa/dot_impl.h"

namespace ingot::cpu {
const DotKernels neon_kernels = INGOT_DOT_KERNELS("neon-dotprod");
}  // namespace ingot::cpu
