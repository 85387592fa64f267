#include "formats/safetensors/safetensors.h"

namespace ingot::safetensors {
namespace {

constexpr ElementType plain(std::string_view name, int bits, DType dtype, int rank) {
  return {name, bits, dtype, std::nullopt, rank};
}
constexpr ElementType carried(std::string_view name, int bits, Scheme scheme, int rank) {
  return {name, bits, std::nullopt, scheme, rank};
}

constexpr ElementType rows[] = {
    plain("BOOL", 8, DType::bool_, 0),
    carried("F4", 4, Scheme::f4, 1),
    carried("F6_E2M3", 6, Scheme::f6_e2m3, 2),
    carried("F6_E3M2", 6, Scheme::f6_e3m2, 3),
    plain("U8", 8, DType::u8, 4),
    plain("I8", 8, DType::i8, 5),
    plain("F8_E5M2", 8, DType::f8_e5m2, 6),
    plain("F8_E4M3", 8, DType::f8_e4m3, 7),
    carried("F8_E8M0", 8, Scheme::f8_e8m0, 8),
    carried("F8_E4M3FNUZ", 8, Scheme::f8_e4m3fnuz, 9),
    carried("F8_E5M2FNUZ", 8, Scheme::f8_e5m2fnuz, 10),
    plain("I16", 16, DType::i16, 11),
    plain("U16", 16, DType::u16, 12),
    plain("F16", 16, DType::f16, 13),
    plain("BF16", 16, DType::bf16, 14),
    plain("I32", 32, DType::i32, 15),
    plain("U32", 32, DType::u32, 16),
    plain("F32", 32, DType::f32, 17),
    carried("C64", 64, Scheme::c64, 18),
    plain("F64", 64, DType::f64, 19),
    plain("I64", 64, DType::i64, 20),
    plain("U64", 64, DType::u64, 21),
};

}  // namespace

const ElementType* element_type(std::string_view name) noexcept {
  for (const ElementType& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

const ElementType* element_type(DType dtype, const Encoding* encoding) noexcept {
  for (const ElementType& row : rows)
    if (encoding ? row.scheme == encoding->scheme() : row.dtype == dtype) return &row;
  return nullptr;
}

}  // namespace ingot::safetensors
