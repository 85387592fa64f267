// Any processor: vectors of 16 bytes as plain loops, which the compiler turns into what the baseline has.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "backends/cpu/isa/inline.h"

#include "ingot/float_types.h"

namespace ingot::cpu {
namespace {

struct Ops {
  static constexpr int bytes = 16, prefill_rows = 1, float_columns = 2;
  // GCC and Clang's vector types: element-wise arithmetic on every target.
  using I = std::int32_t __attribute__((vector_size(16)));
  using B = std::uint8_t __attribute__((vector_size(16)));
  using H = std::int16_t __attribute__((vector_size(16)));
  using F = float __attribute__((vector_size(16)));

  template <class T>
  INGOT_INLINE static T load(const void* p) {
    T x;
    std::memcpy(&x, p, sizeof x);
    return x;
  }
  INGOT_INLINE static float half(const std::byte* p) { return to_float(load<Float16>(p)); }

  INGOT_INLINE static I zero_i() { return I{}; }
  INGOT_INLINE static I ones_i() { return I{} + 0x01010101; }
  INGOT_INLINE static I load_i(const std::byte* p) { return load<I>(p); }
  INGOT_INLINE static void store_i(std::byte* p, I x) { std::memcpy(p, &x, sizeof x); }
  INGOT_INLINE static I add_i(I a, I b) { return a + b; }
  INGOT_INLINE static I times(I a, int factor) { return a * factor; }
  INGOT_INLINE static int sum_i(I a) { return (a[0] + a[2]) + (a[1] + a[3]); }

  INGOT_INLINE static F zero_f() { return F{}; }
  INGOT_INLINE static F set1_f(float x) { return F{} + x; }
  INGOT_INLINE static F load_f(const void* p) { return load<F>(p); }
  INGOT_INLINE static F load_f16(const std::byte* p) { return F{half(p), half(p + 2), half(p + 4), half(p + 6)}; }
  INGOT_INLINE static F load_bf16(const std::byte* p) {
    return F{to_float(load<BFloat16>(p)), to_float(load<BFloat16>(p + 2)), to_float(load<BFloat16>(p + 4)),
             to_float(load<BFloat16>(p + 6))};
  }
  INGOT_INLINE static F mul(F a, F b) { return a * b; }
  INGOT_INLINE static F fma(F a, F b, F c) { return a * b + c; }
  INGOT_INLINE static F cvt(I a) { return __builtin_convertvector(a, F); }
  INGOT_INLINE static float sum_f(F a) { return (a[0] + a[2]) + (a[1] + a[3]); }

  static constexpr int q8_offset = 0;
  INGOT_INLINE static I dot(I acc, I u, I s) {  // u ≤ 127, so both are signed
    return q8_dot(acc, u, s);
  }
  // Products of bytes in 16 bits, an even and an odd one: |codes| ≤ 128 and |s| ≤ 127, so that two fit.
  INGOT_INLINE static I q8_dot(I acc, I codes, I s) {
    const H a = reinterpret_cast<H>(codes), b = reinterpret_cast<H>(s);
    const I pairs = reinterpret_cast<I>((a << 8 >> 8) * (b << 8 >> 8) + (a >> 8) * (b >> 8));
    return acc + (pairs << 16 >> 16) + (pairs >> 16);
  }

  INGOT_INLINE static void q8_codes(const std::byte* p, I* codes) {
    codes[0] = load_i(p + 2);
    codes[1] = load_i(p + 18);
  }

  INGOT_INLINE static I low_nibbles(I q) { return reinterpret_cast<I>(reinterpret_cast<B>(q) & 15); }
  INGOT_INLINE static I high_nibbles(I q) { return reinterpret_cast<I>(reinterpret_cast<B>(q) >> 4); }
  template <int J>
  INGOT_INLINE static I crumbs(I q) {
    return reinterpret_cast<I>(reinterpret_cast<B>(q) >> 2 * J & 3);
  }
  INGOT_INLINE static I nibbles(const std::byte* p, int, int at) { return load<I>(p + at); }
  INGOT_INLINE static void scales4(const std::byte* p, int, F& d, F& m) {
    d = set1_f(half(p));
    m = set1_f(half(p + 2));
  }
  INGOT_INLINE static F scales8(const std::byte* p, int) { return set1_f(half(p)); }
  INGOT_INLINE static F one_scale(const std::byte* p) { return set1_f(half(p)); }
  INGOT_INLINE static void fifth_bits(const std::byte* p, int, int at, I& low, I& high) {
    const auto bits = load<std::uint32_t>(p + at);
    std::uint8_t a[16], b[16];
    for (int i = 0; i < 16; ++i) {
      a[i] = static_cast<std::uint8_t>((bits >> i & 1u) << 4);
      b[i] = static_cast<std::uint8_t>((bits >> (i + 16) & 1u) << 4);
    }
    low |= load<I>(a);
    high |= load<I>(b);
  }
  INGOT_INLINE static void tq1(const std::byte* p, I* codes) {
    std::uint8_t digits[256];
    const auto put = [&](int element, int byte, unsigned power) {
      const unsigned b = std::to_integer<unsigned>(p[byte]) * power & 255u;
      digits[element] = static_cast<std::uint8_t>(b * 3 >> 8);
    };
    unsigned power = 1;
    for (int n = 0; n < 5; ++n, power *= 3) {
      for (int m = 0; m < 32; ++m) put(32 * n + m, m, power);
      for (int m = 0; m < 16; ++m) put(160 + 16 * n + m, 32 + m, power);
      if (n < 4)
        for (int m = 0; m < 4; ++m) put(240 + 4 * n + m, 48 + m, power);
    }
    for (int i = 0; i < 16; ++i) codes[i] = load<I>(digits + 16 * i);
  }

  INGOT_INLINE static std::uint32_t largest32(const float* x) {
    std::uint32_t top = 0;
    for (int i = 0; i < 32; ++i) {
      const std::uint32_t bits = load<std::uint32_t>(x + i) & 0x7FFFFFFFu;
      top = bits > top ? bits : top;
    }
    return top;
  }
  INGOT_INLINE static void quantize16(const float* x, float inverse, std::byte* out) {
    for (int i = 0; i < 16; ++i) {
      // Adding 1.5 · 2²³ rounds half to even; NaN, whose block is NaN by its scale, gives some code in range.
      const float shifted = x[i] * inverse + 0x1.8p23f;
      const auto code = static_cast<std::int32_t>(load<std::uint32_t>(&shifted) & 0xFFu);
      out[i] = static_cast<std::byte>(code);
    }
  }
};

}  // namespace
}  // namespace ingot::cpu

#include "backends/cpu/isa/dot_impl.h"

namespace ingot::cpu {
const DotKernels baseline_kernels = INGOT_DOT_KERNELS("baseline");
}  // namespace ingot::cpu
