// AWQ in AutoAWQ's "gemm" layout, 4 bits:
//   qweight i32 (in, out / 8)      nibble i of word c: output 8c + 0, 2, 4, 6, 1, 3, 5, 7 for i = 0 … 7
//   qzeros  i32 (groups, out / 8)  in the same order
//   scales  floating (groups, out)
#include "core/checked.h"
#include "formats/huggingface/quantized/input_major.h"

namespace ingot::huggingface::quantized {
namespace {

// The nibble of output n in a row of words.
std::int32_t nibble_of(const std::byte* words, std::int64_t n) noexcept {
  constexpr int nibble[] = {0, 4, 1, 5, 2, 6, 3, 7};
  return static_cast<std::int32_t>(word_at(words, n / 8) >> (4 * nibble[n % 8]) & 15);
}

}  // namespace

std::optional<NamedTensor> read_awq(const Tensors& tensors, const NamedTensor& first) {
  const auto stem = stem_of(first.name, ".qweight");
  if (!stem) return {};
  const Config& config = tensors.config();
  const NamedTensor &zeros = tensors.need(*stem + ".qzeros", first), &scales = tensors.need(*stem + ".scales", first);
  tensors.check_rank(first, {DType::i32}, 2);
  if (first.tensor.numel() == 0) tensors.reject(first, fmt::format("shape {}: it is empty", to_string(first.shape())));
  if (config.bits != 4) tensors.reject(first, fmt::format("{} bits, 4 were expected", config.bits));
  const std::int64_t in = first.shape()[0], out = checked_mul<std::int64_t>(8, first.shape()[1], "huggingface");
  const std::int64_t group_size = config.group_size;
  const std::int64_t groups = group_size > 0 ? (in + group_size - 1) / group_size : 1;
  tensors.check(scales, {DType::f16, DType::bf16, DType::f32}, {groups, out});
  tensors.check(zeros, {DType::i32}, {groups, out / 8});

  Composite weight{.shape = {out, in},
                   .dtype = scales.dtype(),
                   .scheme = scheme_text("awq", 4, group_size),
                   .parts = {first, zeros, scales}};
  InputMajor major{.in = in, .out = out, .scales = scales.tensor, .group_of = neighbours(in, group_size)};
  weight.rows = [major = std::move(major), codes = first.tensor, points = zeros.tensor](std::int64_t begin,
                                                                                        std::int64_t end) {
    const std::byte *words = codes.bytes(), *zero_words = points.bytes();
    const std::int64_t row_bytes = major.out / 2;
    return decode_rows(
        major, begin, end, [&](std::int64_t g, std::int64_t n) { return nibble_of(zero_words + g * row_bytes, n); },
        [&](std::int64_t k, std::int64_t count, std::int64_t n, std::int64_t width, InputMajor::Codes& q) {
          for (std::int64_t i = 0; i < count; ++i)
            for (std::int64_t j = 0; j < width; ++j)
              q[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] =
                  nibble_of(words + (k + i) * row_bytes, n + j);
        });
  };
  return composed(*stem + ".weight", std::move(weight));
}

}  // namespace ingot::huggingface::quantized
