#include "formats/gguf/gguf.h"

namespace ingot::gguf {
namespace {

struct PlainType {
  std::uint32_t number;
  DType dtype;
};
constexpr PlainType plain_types[] = {{0, DType::f32},  {1, DType::f16},  {24, DType::i8},  {25, DType::i16},
                                     {26, DType::i32}, {27, DType::i64}, {28, DType::f64}, {30, DType::bf16}};

}  // namespace

std::optional<ElementType> element_type(std::uint32_t number) noexcept {
  for (const PlainType& row : plain_types)
    if (row.number == number) return ElementType{row.dtype, std::nullopt};
  if (number > 1000) return {};
  if (const auto scheme = scheme_from_ggml(static_cast<int>(number))) return ElementType{std::nullopt, scheme};
  return {};
}

std::optional<std::uint32_t> type_number(DType dtype, const Encoding* encoding) noexcept {
  if (encoding) {
    const int number = info(encoding->scheme()).ggml_type;
    return number < 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(number));
  }
  for (const PlainType& row : plain_types)
    if (row.dtype == dtype) return row.number;
  return {};
}

std::string_view removed_type(std::uint32_t number) noexcept {
  switch (number) {
    case 4:
    case 5: return "Q4_2 or Q4_3, removed from ggml";
    case 31:
    case 32:
    case 33: return "Q4_0 repacked for ARM, removed from ggml";
    case 37: return "I8_S of bitnet.cpp, or IQ4_NL repacked for ARM, removed from ggml";
    case 38:
      return "TL1 of bitnet.cpp, which needs a file of tile sizes, or IQ4_NL repacked for ARM, removed from ggml";
    default: return {};
  }
}

}  // namespace ingot::gguf
