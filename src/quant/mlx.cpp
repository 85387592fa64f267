#include "quant/mlx.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/fail.h"
#include "ingot/float_types.h"

namespace ingot {
namespace {

constexpr int largest_group = 128;
constexpr std::string_view mode_names[] = {"affine", "mxfp4", "mxfp8", "nvfp4"};
constexpr float e2m1[8] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

// --- element types --------------------------------------------------------------------------------------------------

float rounded(float x, float) noexcept { return x; }
float rounded(float x, Float16) noexcept { return to_float(to_float16(x)); }
float rounded(float x, BFloat16) noexcept { return to_float(to_bfloat16(x)); }

void store(std::byte* at, std::int64_t i, float x, float) noexcept { std::memcpy(at + 4 * i, &x, 4); }
void store(std::byte* at, std::int64_t i, float x, Float16) noexcept {
  const Float16 narrow = to_float16(x);
  std::memcpy(at + 2 * i, &narrow, 2);
}
void store(std::byte* at, std::int64_t i, float x, BFloat16) noexcept {
  const BFloat16 narrow = to_bfloat16(x);
  std::memcpy(at + 2 * i, &narrow, 2);
}

float load(const std::byte* at, std::int64_t i, float) noexcept {
  float x;
  std::memcpy(&x, at + 4 * i, 4);
  return x;
}
template <class T>
float load(const std::byte* at, std::int64_t i, T) noexcept {
  T x;
  std::memcpy(&x, at + 2 * i, 2);
  return to_float(x);
}

template <class F>
decltype(auto) visit(DType dtype, F&& f) {
  switch (dtype) {
    case DType::f16: return f(Float16{});
    case DType::bf16: return f(BFloat16{});
    case DType::f32: return f(float{});
    default: fail(ErrorCode::dtype_mismatch, "mlx", "{}: f16, bf16 and f32 are possible", to_string(dtype));
  }
}

// E4M3 as MLX reads it, through f16: 0x7F is 480, not NaN.
float from_e4m3(std::uint8_t code) noexcept {
  return 256 * to_float(Float16{static_cast<std::uint16_t>((code & 0x80) << 8 | (code & 0x7F) << 7)});
}
// Saturates.
std::uint8_t to_e4m3(float x) noexcept {
  if (std::fabs(x) >= 448) return x < 0 ? 0xFE : 0x7E;
  return to_float8_e4m3(x).bits;
}
// 2^(E − 127).
float from_e8m0(std::uint8_t e) noexcept { return std::ldexp(1.0f, e - 127); }
// The smallest that is not below x, 0 < x < 2^127: groups' largest elements are not cut.
std::uint8_t e8m0_above(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const bool subnormal_scale = bits <= 0x00400000;  // 2^-127
  return subnormal_scale ? 0 : static_cast<std::uint8_t>((bits + 0x007FFFFF) >> 23);
}

// --- bit streams: eight codes are as many bytes as a code has bits --------------------------------------------------

template <int bits>
void pack(const std::uint8_t* codes, std::int64_t n, std::byte* out) noexcept {
  for (std::int64_t i = 0; i < n; i += 8, out += bits) {
    std::uint64_t word = 0;
    for (int k = 0; k < 8; ++k) word |= std::uint64_t{codes[i + k]} << (bits * k);
    std::memcpy(out, &word, bits);
  }
}

template <int bits>
void unpack(const std::byte* in, std::int64_t n, std::uint8_t* codes) noexcept {
  for (std::int64_t i = 0; i < n; i += 8, in += bits) {
    std::uint64_t word = 0;
    std::memcpy(&word, in, bits);
    for (int k = 0; k < 8; ++k) codes[i + k] = static_cast<std::uint8_t>(word >> (bits * k) & ((1u << bits) - 1));
  }
}

template <class F>
void visit_bits(int bits, F&& f) {
  switch (bits) {
    case 2: return f(std::integral_constant<int, 2>{});
    case 3: return f(std::integral_constant<int, 3>{});
    case 4: return f(std::integral_constant<int, 4>{});
    case 5: return f(std::integral_constant<int, 5>{});
    case 6: return f(std::integral_constant<int, 6>{});
    default: return f(std::integral_constant<int, 8>{});
  }
}

// --- affine ---------------------------------------------------------------------------------------------------------

struct Affine {
  float scale, bias;
};

// The end of the range that is larger in magnitude is hit exactly, by a whole number of steps from zero.
Affine affine_of(const float* x, int n, float largest_code) noexcept {
  float low = x[0], high = x[0];
  for (int i = 1; i < n; ++i) {
    low = x[i] < low ? x[i] : low;
    high = x[i] > high ? x[i] : high;
  }
  const bool from_low = std::fabs(low) > std::fabs(high);
  const float edge = from_low ? low : high;
  float scale = std::max((high - low) / largest_code, 1e-7f);
  if (!from_low) scale = -scale;
  const float steps = std::rint(edge / scale);
  return steps != 0 ? Affine{edge / steps, edge} : Affine{scale, 0};
}

void affine_codes_of(const float* x, int n, Affine a, float largest_code, std::uint8_t* codes) noexcept {
  for (int i = 0; i < n; ++i) {
    // Rounded to even: the quotients stay below 2^10. 0/0, of a scale that underflowed, gives 0.
    float q = ((x[i] - a.bias) / a.scale + 0x1.8p23f) - 0x1.8p23f;
    q = q > 0 ? q : 0;
    q = q < largest_code ? q : largest_code;
    codes[i] = static_cast<std::uint8_t>(static_cast<int>(q));
  }
}

template <class T, int bits>
void encode_affine(int group, const float* x, std::int64_t groups, const MlxParts& out) {
  constexpr auto largest_code = static_cast<float>((1 << bits) - 1);
  std::uint8_t codes[largest_group];
  for (std::int64_t g = 0; g < groups; ++g, x += group) {
    const Affine a = affine_of(x, group, largest_code);
    if (out.scales) store(out.scales, g, a.scale, T{});
    if (out.biases) store(out.biases, g, a.bias, T{});
    if (!out.codes) continue;
    affine_codes_of(x, group, a, largest_code, codes);
    pack<bits>(codes, group, out.codes + g * group / 8 * bits);
  }
}

template <class T, int bits>
void decode_affine(int group, const std::byte* codes, const std::byte* scales, const std::byte* biases,
                   std::int64_t groups, float* out) {
  std::uint8_t q[largest_group];
  for (std::int64_t g = 0; g < groups; ++g, out += group) {
    const float scale = load(scales, g, T{}), bias = load(biases, g, T{});
    unpack<bits>(codes + g * group / 8 * bits, group, q);
    for (int i = 0; i < group; ++i) out[i] = static_cast<float>(q[i]) * scale + bias;
  }
}

// --- modes with floating codes --------------------------------------------------------------------------------------

// The nearest; between two the smaller, and 0 for -¼ … 0.
std::uint8_t to_e2m1(float x) noexcept {
  const float size = std::fabs(x);
  const int code =
      (size > 0.25f) + (size > 0.75f) + (size > 1.25f) + (size > 1.75f) + (size > 2.5f) + (size > 3.5f) + (size > 5);
  return static_cast<std::uint8_t>(code | (x < 0 && code != 0 ? 8 : 0));
}

// Steps are rounded to T, as MLX's arrays are.
template <class T>
void encode_floats(const MlxScheme& scheme, const float* x, std::int64_t groups, const MlxParts& out) {
  const int group = scheme.group;
  std::uint8_t codes[largest_group];
  for (std::int64_t g = 0; g < groups; ++g, x += group) {
    float largest = 0;
    for (int i = 0; i < group; ++i) largest = std::max(largest, std::fabs(x[i]));
    const float wanted = rounded(largest / (scheme.bits == 4 ? 6.0f : 448.0f), T{});
    std::uint8_t scale_code = 127;
    float scale = 1;
    if (scheme.mode == MlxMode::nvfp4) {
      scale_code = to_e4m3(wanted);
      scale = from_e4m3(scale_code);
    } else if (wanted > 0) {
      scale_code = e8m0_above(wanted);
      scale = from_e8m0(scale_code);
    }
    if (out.scales) out.scales[g] = static_cast<std::byte>(scale_code);
    if (!out.codes) continue;
    for (int i = 0; i < group; ++i) {
      const float y = scale > 0 ? rounded(x[i] / scale, T{}) : 0;
      codes[i] = scheme.bits == 4 ? to_e2m1(y) : to_e4m3(y);
    }
    std::byte* at = out.codes + scheme.code_bytes(g * group);
    if (scheme.bits == 4)
      pack<4>(codes, group, at);
    else
      std::memcpy(at, codes, static_cast<std::size_t>(group));
  }
}

void decode_floats(const MlxScheme& scheme, const std::byte* codes, const std::byte* scales, std::int64_t groups,
                   float* out) {
  std::uint8_t q[largest_group];
  for (std::int64_t g = 0; g < groups; ++g, out += scheme.group) {
    const auto scale_code = std::to_integer<std::uint8_t>(scales[g]);
    const float scale = scheme.mode == MlxMode::nvfp4 ? from_e4m3(scale_code) : from_e8m0(scale_code);
    const std::byte* at = codes + scheme.code_bytes(g * scheme.group);
    if (scheme.bits == 4) {
      unpack<4>(at, scheme.group, q);
      for (int i = 0; i < scheme.group; ++i) out[i] = (q[i] & 8 ? -e2m1[q[i] & 7] : e2m1[q[i] & 7]) * scale;
    } else {
      for (int i = 0; i < scheme.group; ++i) out[i] = from_e4m3(std::to_integer<std::uint8_t>(at[i])) * scale;
    }
  }
}

}  // namespace

std::string_view to_string(MlxMode mode) noexcept { return mode_names[static_cast<int>(mode)]; }

std::optional<MlxMode> mlx_mode_from_string(std::string_view name) noexcept {
  const auto* found = std::find(std::begin(mode_names), std::end(mode_names), name);
  if (found == std::end(mode_names)) return {};
  return static_cast<MlxMode>(found - std::begin(mode_names));
}

std::string MlxScheme::describe() const { return fmt::format("mlx {} {}-bit, group {}", to_string(mode), bits, group); }

bool MlxScheme::exists() const noexcept {
  if (mode != MlxMode::affine) return *this == mlx_default(mode);
  return bits >= 2 && bits <= 8 && bits != 7 && (group == 32 || group == 64 || group == 128);
}

MlxScheme mlx_default(MlxMode mode) noexcept {
  switch (mode) {
    case MlxMode::mxfp4: return {mode, 4, 32};
    case MlxMode::mxfp8: return {mode, 8, 32};
    case MlxMode::nvfp4: return {mode, 4, 16};
    case MlxMode::affine: break;
  }
  return {mode, 4, 64};
}

void mlx_encode(MlxScheme scheme, DType dtype, const float* x, std::int64_t n, const MlxParts& out) {
  const std::int64_t groups = n / scheme.group;
  visit(dtype, [&]<class T>(T) {
    if (scheme.mode != MlxMode::affine) return encode_floats<T>(scheme, x, groups, out);
    visit_bits(scheme.bits, [&](auto bits) { encode_affine<T, bits()>(scheme.group, x, groups, out); });
  });
}

void mlx_decode(MlxScheme scheme, DType dtype, const std::byte* codes, const std::byte* scales, const std::byte* biases,
                std::int64_t n, float* out) {
  const std::int64_t groups = n / scheme.group;
  if (scheme.mode != MlxMode::affine) return decode_floats(scheme, codes, scales, groups, out);
  visit(dtype, [&]<class T>(T) {
    visit_bits(scheme.bits,
               [&](auto bits) { decode_affine<T, bits()>(scheme.group, codes, scales, biases, groups, out); });
  });
}

void mlx_pack(int bits, const std::uint8_t* codes, std::int64_t n, std::byte* out) noexcept {
  visit_bits(bits, [&](auto b) { pack<b()>(codes, n, out); });
}

void mlx_unpack(int bits, const std::byte* in, std::int64_t n, std::uint8_t* codes) noexcept {
  visit_bits(bits, [&](auto b) { unpack<b()>(in, n, codes); });
}

float mlx_load(DType dtype, const std::byte* at, std::int64_t i) {
  return visit(dtype, [&]<class T>(T) { return load(at, i, T{}); });
}

}  // namespace ingot
