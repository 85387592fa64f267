// Raising errors from inside the library: fail(code, operation, format, …) in fmt's notation.
#pragma once

#include <fmt/core.h>

#include <utility>

#include "ingot/error.h"

namespace ingot {

template <class... Args>
[[noreturn]] void fail(ErrorCode code, std::string_view operation, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, operation, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace ingot
