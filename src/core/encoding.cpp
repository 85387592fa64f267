#include "ingot/encoding.h"

#include <algorithm>
#include <array>
#include <cctype>

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

}  // namespace ingot
