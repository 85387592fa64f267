#include <fmt/core.h>

#include "command.h"

namespace ingot::cli {

Command version_command() {
  return {"version", "Print the version", "Example: ingot version", [](Args&) {
            return [] {
              fmt::print("ingot {} ({})\n", INGOT_VERSION, INGOT_COMPILER);
              return 0;
            };
          }};
}

}  // namespace ingot::cli
