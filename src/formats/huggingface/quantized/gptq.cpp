// GPTQ as AutoGPTQ and GPTQModel store it, b = 2, 3, 4 or 8 bits:
//   qweight i32 (in·b / 32, out)     codes of an output, bit b·k of its column on, low bits first
//   qzeros  i32 (groups, out·b / 32) zero points of a group, bit b·n of its row on; version 1 stores them less one
//   scales  floating (groups, out)
//   g_idx   i32 (in)                 the group of each input; absent: neighbours
#include "core/checked.h"
#include "formats/huggingface/quantized/input_major.h"

namespace ingot::huggingface::quantized {
namespace {

struct Gptq {
  InputMajor weight;
  Tensor codes, zeros;
  int bits = 4;
  bool less_one = true;  // zero points of version 1

  Tensor rows(std::int64_t first, std::int64_t last) const {
    const std::int64_t zero_words = zeros.size(1), mask = (1 << bits) - 1;
    const std::byte *words = codes.bytes(), *points = zeros.bytes();
    return decode_rows(
        weight, first, last,
        // AutoGPTQ adds the one before it masks, so that 0, stored as all ones, comes back.
        [&](std::int64_t g, std::int64_t n) {
          const std::int32_t stored = bits_at(points + 4 * g * zero_words, n * bits, bits);
          return static_cast<std::int32_t>((stored + less_one) & mask);
        },
        [&](std::int64_t k, std::int64_t count, std::int64_t n, std::int64_t width, InputMajor::Codes& q) {
          std::array<std::array<std::uint32_t, InputMajor::outputs>, 8> column{};
          const std::int64_t base = k * bits / 32, used = (count * bits + 31) / 32;
          for (std::int64_t i = 0; i < used; ++i)
            std::memcpy(column[static_cast<std::size_t>(i)].data(), words + 4 * ((base + i) * weight.out + n),
                        static_cast<std::size_t>(4 * width));
          for (std::int64_t i = 0; i < count; ++i) {
            const auto word = static_cast<std::size_t>(i * bits / 32);
            const auto shift = static_cast<int>(i * bits % 32);
            const bool split = shift + bits > 32;
            for (std::size_t j = 0; j < InputMajor::outputs; ++j) {
              const std::uint32_t high = split ? column[word + 1][j] << (32 - shift) : 0;
              q[static_cast<std::size_t>(i)][j] =
                  static_cast<std::int32_t>((column[word][j] >> shift | high) & static_cast<std::uint32_t>(mask));
            }
          }
        });
  }
};

}  // namespace

std::optional<NamedTensor> read_gptq(const Tensors& tensors, const NamedTensor& first) {
  const auto stem = stem_of(first.name, ".qweight");
  if (!stem) return {};
  const Config& config = tensors.config();
  const NamedTensor &zeros = tensors.need(*stem + ".qzeros", first), &scales = tensors.need(*stem + ".scales", first);
  const NamedTensor* g_idx = tensors.find(*stem + ".g_idx");
  tensors.check_rank(first, {DType::i32}, 2);
  if (first.tensor.numel() == 0) tensors.reject(first, fmt::format("shape {}: it is empty", to_string(first.shape())));
  tensors.check_rank(scales, {DType::f16, DType::bf16, DType::f32}, 2);
  tensors.check_rank(zeros, {DType::i32}, 2);

  const std::int64_t out = first.shape()[1], groups = scales.shape()[0];
  // GPTQModel's "dynamic" gives modules bits of their own; the zero points' width says them.
  const std::int64_t zero_bits = checked_mul<std::int64_t>(32, zeros.shape()[1], "huggingface");
  if (config.mixed && (out == 0 || zero_bits % out != 0))
    tensors.reject(zeros, fmt::format("{} words a row for {} outputs", zeros.shape()[1], out));
  const auto bits = static_cast<int>(config.mixed ? std::min<std::int64_t>(zero_bits / out, 32) : config.bits);
  if (bits != 2 && bits != 3 && bits != 4 && bits != 8)
    tensors.reject(first, fmt::format("{} bits, 2, 3, 4 or 8 were expected", bits));
  const std::int64_t code_bits = checked_mul<std::int64_t>(32, first.shape()[0], "huggingface");
  if (code_bits % bits != 0 || groups == 0)
    tensors.reject(first, fmt::format("shape {} with scales {}: no weight of {} bits", to_string(first.shape()),
                                      to_string(scales.shape()), bits));
  Gptq gptq{.weight = {.in = code_bits / bits, .out = out, .scales = scales.tensor},
            .codes = first.tensor,
            .zeros = zeros.tensor,
            .bits = bits,
            .less_one = !config.whole_zeros};
  const std::int64_t in = gptq.weight.in;
  if (out * bits % 32 != 0) tensors.reject(first, fmt::format("{} outputs of {} bits do not fill words", out, bits));
  tensors.check(zeros, {DType::i32}, {groups, out * bits / 32});
  tensors.check(scales, {scales.dtype()}, {groups, out});
  std::vector<NamedTensor> parts{first, zeros, scales};
  if (g_idx) {
    tensors.check(*g_idx, {DType::i32}, {in});
    gptq.weight.group_of = listed_groups(tensors, *g_idx, groups);
    parts.push_back(*g_idx);
  }
  const std::int64_t group_size = config.mixed && g_idx ? (in + groups - 1) / groups : config.group_size;
  const std::int64_t expected = group_size > 0 ? (in + group_size - 1) / group_size : 1;
  if (groups != expected)
    tensors.reject(scales,
                   fmt::format("{} groups, groups of {} among {} inputs are {}", groups, group_size, in, expected));
  if (!g_idx) gptq.weight.group_of = neighbours(in, group_size);

  Composite weight{.shape = {out, in},
                   .dtype = scales.dtype(),
                   .scheme = scheme_text("gptq", bits, group_size) + (config.act_order ? ", act-order" : ""),
                   .parts = std::move(parts)};
  weight.rows = [gptq = std::move(gptq)](std::int64_t begin, std::int64_t end) { return gptq.rows(begin, end); };
  return composed(*stem + ".weight", std::move(weight));
}

}  // namespace ingot::huggingface::quantized
