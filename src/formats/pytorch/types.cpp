#include "formats/pytorch/pytorch.h"

namespace ingot::pytorch {
namespace {

constexpr ElementType plain(std::string_view name, std::string_view storage, int bytes, DType dtype) {
  return {name, storage, bytes, dtype, std::nullopt, bytes};
}
constexpr ElementType carried(std::string_view name, std::string_view storage, int bytes, Scheme scheme, int number) {
  return {name, storage, bytes, std::nullopt, scheme, number};
}

constexpr ElementType rows[] = {
    plain("bool", "BoolStorage", 1, DType::bool_),
    plain("uint8", "ByteStorage", 1, DType::u8),
    plain("int8", "CharStorage", 1, DType::i8),
    plain("int16", "ShortStorage", 2, DType::i16),
    plain("int32", "IntStorage", 4, DType::i32),
    plain("int64", "LongStorage", 8, DType::i64),
    plain("float16", "HalfStorage", 2, DType::f16),
    plain("bfloat16", "BFloat16Storage", 2, DType::bf16),
    plain("float32", "FloatStorage", 4, DType::f32),
    plain("float64", "DoubleStorage", 8, DType::f64),
    carried("complex64", "ComplexFloatStorage", 8, Scheme::c64, 4),
    // Dtypes that came after typed storages were given up.
    plain("uint16", "", 2, DType::u16),
    plain("uint32", "", 4, DType::u32),
    plain("uint64", "", 8, DType::u64),
    plain("float8_e4m3fn", "", 1, DType::f8_e4m3),
    plain("float8_e5m2", "", 1, DType::f8_e5m2),
    carried("float8_e4m3fnuz", "", 1, Scheme::f8_e4m3fnuz, 1),
    carried("float8_e5m2fnuz", "", 1, Scheme::f8_e5m2fnuz, 1),
    carried("float8_e8m0fnu", "", 1, Scheme::f8_e8m0, 1),
};

}  // namespace

const ElementType* element_type(std::string_view name) noexcept {
  for (const ElementType& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

const ElementType* storage_type(std::string_view name) noexcept {
  for (const ElementType& row : rows)
    if (!row.storage.empty() && row.storage == name) return &row;
  return nullptr;
}

const ElementType* element_type(DType dtype, const Encoding* encoding) noexcept {
  for (const ElementType& row : rows)
    if (encoding ? row.scheme == encoding->scheme() : row.dtype == dtype) return &row;
  return nullptr;
}

}  // namespace ingot::pytorch
