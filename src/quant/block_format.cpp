#include "quant/block_format.h"

#include "quant/blocks/block.h"

namespace ingot {

const BlockFormat& block_format(Scheme scheme) noexcept {
  static constexpr BlockFormat none{};
  switch (scheme) {
#define INGOT_X(id, ...) \
  case Scheme::id: return blocks::id;
    INGOT_BLOCK_SCHEMES(INGOT_X)
#undef INGOT_X
    default: return none;
  }
}

}  // namespace ingot
