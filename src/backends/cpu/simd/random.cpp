#include "backends/cpu/simd/random.h"

#include <array>

#include "backends/cpu/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/simd/random.cpp"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
//
#include "backends/cpu/simd/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ingot::cpu::HWY_NAMESPACE {

#include "ops/normal_pair.def"

using Doubles = hn::ScalableTag<double>;
using Words = hn::Rebind<std::uint64_t, Doubles>;
using Narrow = hn::Rebind<std::uint32_t, Doubles>;  // half a vector
using Wide = Number<double>;

// Four words of 32 bits in the lower halves of four vectors of 64; what stands above them does not count.
void philox(std::uint64_t seed, std::uint64_t first, std::size_t blocks, std::uint64_t* words) {
  const Words d;
  const auto multiply = [&](auto a, std::uint32_t b) HWY_ATTR {
#if HWY_TARGET == HWY_SCALAR
    return hn::Set(d, (hn::GetLane(a) & 0xFFFFFFFFu) * b);
#else
    const hn::Repartition<std::uint32_t, Words> d32;
    return hn::MulEven(hn::BitCast(d32, a), hn::Set(d32, b));
#endif
  };
  const auto low = hn::Set(d, 0xFFFFFFFFu);
  for (std::size_t i = 0; i < blocks; i += hn::Lanes(d)) {
    const auto number = hn::Add(hn::Set(d, first + i), hn::Iota(d, 0));
    auto c0 = number, c1 = hn::ShiftRight<32>(number), c2 = hn::Zero(d), c3 = c2;
    auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const auto a = multiply(c0, 0xD2511F53), b = multiply(c2, 0xCD9E8D57);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(b), c1), hn::Set(d, std::uint64_t{k0}));
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(a), c3), hn::Set(d, std::uint64_t{k1}));
      c1 = b, c3 = a;
      k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    }
    hn::StoreInterleaved2(hn::Or(hn::And(c0, low), hn::ShiftLeft<32>(c1)),
                          hn::Or(hn::And(c2, low), hn::ShiftLeft<32>(c3)), d, words + 2 * i);
  }
}

HWY_INLINE Binary<Wide> split_binary(Wide u) {
  const hn::RebindToSigned<Doubles> d;
  const auto bits = hn::BitCast(d, u.v);
  const auto k = hn::ShiftRight<52>(hn::Sub(bits, hn::Set(d, 0x3FE6A09E667F3BCD)));
  return {Wide(hn::BitCast(Doubles(), hn::Sub(bits, hn::ShiftLeft<52>(k)))), Wide(hn::ConvertTo(Doubles(), k))};
}
HWY_INLINE Wide round(Wide x) { return hn::Round(x.v); }

// Integers below 2⁵³ and 2³² as doubles: as the last bits of 2⁵² and more, which is exact.
HWY_INLINE Wide from_integer(hn::Vec<Words> x) {
  const Words d;
  const auto low = hn::Or(hn::And(x, hn::Set(d, 0xFFFFFFFFu)), hn::Set(d, 0x4330000000000000));
  const auto high = hn::Or(hn::ShiftRight<32>(x), hn::Set(d, 0x4530000000000000));  // of 2⁸⁴: multiples of 2³²
  return (Wide(hn::BitCast(Doubles(), high)) - 0x1.00000001p84) + Wide(hn::BitCast(Doubles(), low));
}
HWY_INLINE Wide from_short(hn::Vec<Words> x) {
  return Wide(hn::BitCast(Doubles(), hn::Or(x, hn::Set(Words(), 0x4330000000000000)))) - 0x1p52;
}

HWY_INLINE void store_as(Wide x, float* out) {
  const hn::Rebind<float, Doubles> d;
  hn::StoreU(hn::DemoteTo(d, x.v), d, out);
}
HWY_INLINE void store_as(Wide x, double* out) { hn::StoreU(x.v, Doubles(), out); }

// n a multiple of the lanes.
template <class Word, class T>
HWY_INLINE void uniforms(const Word* words, std::size_t n, double low, double span, T* out) {
  for (std::size_t i = 0; i < n; i += hn::Lanes(Doubles())) {
    Wide u = 0;
    if constexpr (sizeof(Word) == 4)
      u = from_short(hn::ShiftRight<8>(hn::PromoteTo(Words(), hn::LoadU(Narrow(), words + i)))) * 0x1p-24;
    else
      u = from_integer(hn::ShiftRight<11>(hn::LoadU(Words(), words + i))) * 0x1p-53;
    store_as(Wide(low) + Wide(span) * u, out + i);
  }
}

// Pairs of words are told apart as they are read, and those of numbers put together as they are written.
template <class Word, class T>
HWY_INLINE void normals(const Word* words, std::size_t n, double mean, double deviation, T* out) {
  const Words d;
  const std::size_t step = hn::Lanes(d);
  for (std::size_t i = 0; i < n; i += 2 * step) {
    Wide u1 = 0, u2 = 0;
    if constexpr (sizeof(Word) == 4) {
      const auto both = hn::LoadU(d, reinterpret_cast<const std::uint64_t*>(words + i));
      u1 = (from_short(hn::And(both, hn::Set(d, 0xFFFFFFFFu))) + 1) * 0x1p-32;
      u2 = from_short(hn::ShiftRight<32>(both)) * 0x1p-32;
    } else {
      hn::Vec<Words> first, second;
      hn::LoadInterleaved2(d, words + i, first, second);
      u1 = (from_integer(hn::ShiftRight<11>(first)) + 1) * 0x1p-53;
      u2 = from_integer(hn::ShiftRight<11>(second)) * 0x1p-53;
    }
    const auto z = normal_pair(u1, u2);
    HWY_ALIGN double pairs[2 * hn::MaxLanes(Doubles())];
    hn::StoreInterleaved2((Wide(mean) + Wide(deviation) * z[0]).v, (Wide(mean) + Wide(deviation) * z[1]).v, Doubles(),
                          pairs);
    store_as(Wide(hn::Load(Doubles(), pairs)), out + i);
    store_as(Wide(hn::Load(Doubles(), pairs + step)), out + i + step);
  }
}

void uniform_f32(const std::uint32_t* words, std::size_t n, double low, double span, float* out) {
  uniforms(words, n, low, span, out);
}
void uniform_f64(const std::uint64_t* words, std::size_t n, double low, double span, double* out) {
  uniforms(words, n, low, span, out);
}
void normal_f32(const std::uint32_t* words, std::size_t n, double mean, double deviation, float* out) {
  normals(words, n, mean, deviation, out);
}
void normal_f64(const std::uint64_t* words, std::size_t n, double mean, double deviation, double* out) {
  normals(words, n, mean, deviation, out);
}

}  // namespace ingot::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ingot::cpu {

HWY_EXPORT(philox);
HWY_EXPORT(uniform_f32);
HWY_EXPORT(uniform_f64);
HWY_EXPORT(normal_f32);
HWY_EXPORT(normal_f64);

void philox_row(std::uint64_t seed, std::uint64_t first, std::size_t blocks, std::uint64_t* words) {
  HWY_DYNAMIC_DISPATCH(philox)(seed, first, blocks, words);
}
void uniform_row(const std::uint32_t* words, std::size_t n, double low, double span, float* out) {
  HWY_DYNAMIC_DISPATCH(uniform_f32)(words, n, low, span, out);
}
void uniform_row(const std::uint64_t* words, std::size_t n, double low, double span, double* out) {
  HWY_DYNAMIC_DISPATCH(uniform_f64)(words, n, low, span, out);
}
void normal_row(const std::uint32_t* words, std::size_t n, double mean, double deviation, float* out) {
  HWY_DYNAMIC_DISPATCH(normal_f32)(words, n, mean, deviation, out);
}
void normal_row(const std::uint64_t* words, std::size_t n, double mean, double deviation, double* out) {
  HWY_DYNAMIC_DISPATCH(normal_f64)(words, n, mean, deviation, out);
}

}  // namespace ingot::cpu
#endif
