#include "quant/mlx_blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "quant/blocks/block.h"

namespace ingot {
namespace {

using blocks::byte_at;
using blocks::load_f16;
using blocks::store_f16;

// A block scheme beside MLX's: where the codes lie, and what the bias is.
struct Pair {
  Scheme scheme;
  MlxScheme mlx;
  int codes;      // byte of the block at which the codes begin
  int high_bits;  // byte of the 32 fifth bits; 0: none
  int zero;       // the code of 0, or −1: the bias is the block's minimum, an f16 behind the scale
};
constexpr MlxScheme affine(int bits) { return {MlxMode::affine, bits, 32}; }
constexpr Pair pairs[] = {
    {Scheme::q4_0, affine(4), 2, 0, 8},
    {Scheme::q4_1, affine(4), 4, 0, -1},
    {Scheme::q5_0, affine(5), 6, 2, 16},
    {Scheme::q5_1, affine(5), 8, 4, -1},
    {Scheme::q8_0, affine(8), 2, 0, 128},
    {Scheme::mxfp4, {MlxMode::mxfp4, 4, 32}, 1, 0, 0},
    {Scheme::nvfp4, {MlxMode::nvfp4, 4, 16}, 4, 0, 0},
};

const Pair* pair_of(Scheme scheme) noexcept {
  const auto* found =
      std::find_if(std::begin(pairs), std::end(pairs), [&](const Pair& p) { return p.scheme == scheme; });
  return found == std::end(pairs) ? nullptr : found;
}

/// The pair of an MLX scheme whose bias is stored, or follows from the scale.
const Pair* pair_of(MlxScheme scheme, bool with_minimum) noexcept {
  if (scheme.mode == MlxMode::affine) scheme.group = 32;  // longer groups repeat their scale
  const auto* found = std::find_if(std::begin(pairs), std::end(pairs),
                                   [&](const Pair& p) { return p.mlx == scheme && (p.zero < 0) == with_minimum; });
  return found == std::end(pairs) ? nullptr : found;
}

constexpr int largest_block = 64;

// Nibbles of 2h elements in h bytes, byte k holding elements k and k + h: GGUF's order in both directions.
int nibbles_apart(Scheme scheme) noexcept { return scheme == Scheme::nvfp4 ? 8 : 16; }

void block_codes(const Pair& pair, const std::byte* block, int elements, std::uint8_t* codes) noexcept {
  const std::byte* in = block + pair.codes;
  if (pair.mlx.bits == 8) {
    for (int k = 0; k < 32; ++k) codes[k] = static_cast<std::uint8_t>(byte_at(in, k) ^ 0x80);
    return;
  }
  const int half = nibbles_apart(pair.scheme);
  for (int first = 0; first < elements; first += 2 * half, in += half)
    for (int k = 0; k < half; ++k) {
      codes[first + k] = static_cast<std::uint8_t>(byte_at(in, k) & 15);
      codes[first + half + k] = static_cast<std::uint8_t>(byte_at(in, k) >> 4);
    }
  if (pair.high_bits == 0) return;
  const auto high = blocks::load<std::uint32_t>(block + pair.high_bits);
  for (int k = 0; k < 32; ++k) codes[k] = static_cast<std::uint8_t>(codes[k] | (high >> k & 1) << 4);
}

void put_block_codes(const Pair& pair, const std::uint8_t* codes, int elements, std::byte* block) noexcept {
  std::byte* out = block + pair.codes;
  if (pair.mlx.bits == 8) {
    for (int k = 0; k < 32; ++k) out[k] = static_cast<std::byte>(codes[k] ^ 0x80);
    return;
  }
  const int half = nibbles_apart(pair.scheme);
  for (int first = 0; first < elements; first += 2 * half, out += half)
    for (int k = 0; k < half; ++k)
      out[k] = static_cast<std::byte>((codes[first + k] & 15) | codes[first + half + k] << 4);
  if (pair.high_bits == 0) return;
  std::uint32_t high = 0;
  for (int k = 0; k < 32; ++k) high |= std::uint32_t{codes[k] >> 4 & 1u} << k;
  std::memcpy(block + pair.high_bits, &high, sizeof high);
}

bool is_zero(std::byte x) noexcept { return x == std::byte{0}; }
bool is_f16(float x) noexcept { return std::isfinite(x) && to_float(to_float16(x)) == x; }

}  // namespace

std::optional<MlxScheme> mlx_scheme_of(Scheme scheme) noexcept {
  if (const Pair* pair = pair_of(scheme)) return pair->mlx;
  return {};
}

bool mlx_from_blocks(Scheme scheme, const std::byte* in, std::int64_t n, const MlxParts& out) {
  const Pair& pair = *pair_of(scheme);
  const blocks::Geometry block = blocks::geometry(scheme);
  std::uint8_t codes[largest_block];
  for (std::int64_t b = 0; b < n / block.elements; ++b, in += block.bytes) {
    if (out.codes) {
      block_codes(pair, in, block.elements, codes);
      mlx_pack(pair.mlx.bits, codes, block.elements, out.codes + pair.mlx.code_bytes(b * block.elements));
    }
    if (pair.mlx.mode == MlxMode::affine) {
      const float d = load_f16(in), bias = pair.zero < 0 ? load_f16(in + 2) : -static_cast<float>(pair.zero) * d;
      if (!is_f16(d) || !is_f16(bias)) return false;
      if (out.scales) store_f16(out.scales + 2 * b, d);
      if (out.biases) store_f16(out.biases + 2 * b, bias);
      continue;
    }
    const int scales = block.elements / pair.mlx.group;
    for (int i = 0; i < scales; ++i) {
      // E8M0's 255 is no number, and GGUF's E4M3 has neither a sign nor one above 126.
      if (byte_at(in, i) > (pair.mlx.mode == MlxMode::mxfp4 ? 254 : 126)) return false;
      if (out.scales) out.scales[b * scales + i] = in[i];
    }
  }
  return true;
}

BlocksOfMlx::BlocksOfMlx(MlxScheme scheme, DType dtype, std::int64_t columns) : from_(scheme), dtype_(dtype) {
  const Pair *symmetric = pair_of(scheme, false), *with_minimum = pair_of(scheme, true);
  symmetric_ = symmetric && columns % blocks::geometry(symmetric->scheme).elements == 0;
  with_minimum_ = with_minimum != nullptr;
}

void BlocksOfMlx::see(const std::byte* codes, const std::byte* scales, const std::byte* biases, std::int64_t n) {
  const Pair* pair = pair_of(from_, false);
  if (!pair) return;
  for (std::int64_t g = 0; g < n / from_.group && (symmetric_ || with_minimum_); ++g) {
    if (from_.mode != MlxMode::affine) {
      symmetric_ = symmetric_ && byte_at(scales, g) <= (from_.mode == MlxMode::mxfp4 ? 254 : 126);
      continue;
    }
    const float scale = mlx_load(dtype_, scales, g), bias = mlx_load(dtype_, biases, g);
    const std::byte* of_group = codes + from_.code_bytes(g * from_.group);
    if (!is_f16(scale) && !std::all_of(of_group, of_group + from_.code_bytes(from_.group), is_zero))
      symmetric_ = with_minimum_ = false;
    symmetric_ = symmetric_ && bias == -static_cast<float>(pair->zero) * scale;
    with_minimum_ = with_minimum_ && is_f16(bias);
  }
}

void BlocksOfMlx::merge(const BlocksOfMlx& other) noexcept {
  symmetric_ = symmetric_ && other.symmetric_;
  with_minimum_ = with_minimum_ && other.with_minimum_;
}

std::optional<Scheme> BlocksOfMlx::scheme() const noexcept {
  if (symmetric_) return pair_of(from_, false)->scheme;
  if (with_minimum_) return pair_of(from_, true)->scheme;
  return {};
}

void blocks_from_mlx(Scheme to, MlxScheme from, DType dtype, const std::byte* codes, const std::byte* scales,
                     const std::byte* biases, std::int64_t n, std::byte* out) {
  const Pair& pair = *pair_of(to);
  const blocks::Geometry block = blocks::geometry(to);
  std::uint8_t unpacked[largest_block];
  for (std::int64_t b = 0; b < n / block.elements; ++b, out += block.bytes) {
    const std::int64_t first = b * block.elements;
    mlx_unpack(from.bits, codes + from.code_bytes(first), block.elements, unpacked);
    put_block_codes(pair, unpacked, block.elements, out);
    const std::int64_t group = first / from.group;
    if (from.mode != MlxMode::affine) {
      std::memcpy(out, scales + group, static_cast<std::size_t>(block.elements / from.group));
      continue;
    }
    store_f16(out, mlx_load(dtype, scales, group));
    if (pair.zero < 0) store_f16(out + 2, mlx_load(dtype, biases, group));
  }
}

}  // namespace ingot
