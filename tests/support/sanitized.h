// Sanitizers look at how memory is walked, not at numbers, and take ten times as long: tests ask them for less.
#pragma once

namespace ingot {

#ifdef INGOT_SANITIZE
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace ingot
