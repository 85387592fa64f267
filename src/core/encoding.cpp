#include "ingot/encoding.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "core/fail.h"
#include "ingot/tensor.h"

namespace ingot {
namespace {

constexpr SchemeInfo rows[] = {
#define INGOT_X(id, name, elements, bytes, ggml, dtype) {name, elements, bytes, ggml, DType::dtype},
    INGOT_SCHEMES(INGOT_X)
#undef INGOT_X
};

constexpr std::string_view packing_names[] = {"none", "x86", "arm", "rows"};

}  // namespace

std::string_view to_string(Packing packing) noexcept { return packing_names[static_cast<std::size_t>(packing)]; }

std::optional<Packing> packing_from_string(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(packing_names); ++i)
    if (packing_names[i] == name) return static_cast<Packing>(i);
  return {};
}

const SchemeInfo& info(Scheme scheme) noexcept { return rows[static_cast<std::size_t>(scheme)]; }

std::optional<Scheme> scheme_from_string(std::string_view name) noexcept {
  const auto same = [](unsigned char a, unsigned char b) { return std::toupper(a) == std::toupper(b); };
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (std::equal(name.begin(), name.end(), rows[i].name.begin(), rows[i].name.end(), same))
      return static_cast<Scheme>(i);
  return {};
}

std::optional<Scheme> scheme_from_ggml(int type) noexcept {
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (type >= 0 && rows[i].ggml_type == type) return static_cast<Scheme>(i);
  return {};
}

std::optional<DType> affine_codes(Scheme scheme) noexcept {
  switch (scheme) {
    case Scheme::affine_i8: return DType::i8;
    case Scheme::affine_u8: return DType::u8;
    case Scheme::affine_i4: return DType::i4;
    case Scheme::affine_i2: return DType::i2;
    default: return {};
  }
}

Encoding::Encoding(Scheme scheme, Packing packing, float scale) noexcept
    : scheme_(scheme), packing_(packing), scale_(scale) {}
Encoding::~Encoding() = default;

Tensor Encoding::scales() const noexcept { return Tensor(scales_); }
Tensor Encoding::zero_points() const noexcept { return Tensor(zero_points_); }

Ref<const Encoding> Encoding::of(Scheme scheme) {
  static const auto shared = [] {
    std::array<Ref<const Encoding>, std::size(rows)> all;
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = Ref<const Encoding>(new Encoding(static_cast<Scheme>(i), Packing::none, 1));
    return all;
  }();
  return shared[static_cast<std::size_t>(scheme)];
}

Ref<const Encoding> Encoding::i2_s(Packing packing, float scale) {
  return Ref<const Encoding>(new Encoding(Scheme::i2_s, packing, scale));
}

Ref<const Encoding> Encoding::affine(DType codes, const Tensor& scales, const Tensor& zero_points) {
  for (const Scheme scheme : {Scheme::affine_i8, Scheme::affine_u8, Scheme::affine_i4, Scheme::affine_i2}) {
    if (affine_codes(scheme) != codes) continue;
    const Ref<Encoding> made(new Encoding(scheme, Packing::none, 1));
    if (scales.defined()) made->scales_ = Ref<const TensorMeta>(&scales.meta());
    if (zero_points.defined()) made->zero_points_ = Ref<const TensorMeta>(&zero_points.meta());
    return Ref<const Encoding>(made.get());
  }
  fail(ErrorCode::dtype_mismatch, "Encoding::affine", "codes are i8, u8, i4 or i2, not {}", to_string(codes));
}

}  // namespace ingot
