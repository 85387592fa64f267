// The version of the library.
#pragma once

#include <string_view>

namespace [[gnu::visibility("default")]] ingot {

/// "0.1.0": the version of the library that is linked, which may be newer than the headers.
std::string_view version() noexcept;

}  // namespace ingot
