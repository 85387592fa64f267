#include "ingot/version.h"

namespace ingot {

std::string_view version() noexcept { return INGOT_VERSION; }

}  // namespace ingot
