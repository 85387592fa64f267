#include "quant/block_format.h"

#include <array>

#include "quant/blocks.h"

namespace ingot {

const BlockFormat& block_format(Scheme scheme) noexcept {
  switch (scheme) {
#define INGOT_ROW(id)                                           \
  case Scheme::id: {                                            \
    static constexpr BlockFormat row{encode_##id, decode_##id}; \
    return row;                                                 \
  }
    INGOT_ROW(q4_0)
    INGOT_ROW(q4_1)
    INGOT_ROW(q5_0)
    INGOT_ROW(q5_1)
    INGOT_ROW(q8_0)
    INGOT_ROW(tq1_0)
    INGOT_ROW(tq2_0)
#undef INGOT_ROW
    default: {  // carried only, or I2_S, whose geometry is the whole tensor's (i2_s.h)
      static constexpr BlockFormat none{};
      return none;
    }
  }
}

}  // namespace ingot
