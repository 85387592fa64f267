#include <fmt/core.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "ingot/device.h"
#include "terminal.h"

namespace ingot::cli {
namespace {

int run(bool json) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Device device : devices()) {
    const Capabilities& c = capabilities(device);
    if (json) {
      out.push_back({{"device", to_string(device)},
                     {"name", c.name},
                     {"instruction_set", c.instruction_set},
                     {"features", c.features},
                     {"threads", c.threads},
                     {"memory_bytes", c.memory_bytes},
                     {"available_bytes", c.available_bytes}});
      continue;
    }
    fmt::print("{}  {}\n", to_string(device), c.name);
    fmt::print("  kernels   {}\n", c.instruction_set);
    fmt::print("  features  {}\n", fmt::join(c.features, " "));
    fmt::print("  threads   {}\n", c.threads);
    fmt::print("  memory    {}, {} available\n", human_bytes(c.memory_bytes), human_bytes(c.available_bytes));
  }
  if (json) fmt::print("{}\n", out.dump(2));
  return 0;
}

}  // namespace

Command devices_command() {
  return {"devices", "List the devices present and what they can do", "Example: ingot devices --json", [](Args& args) {
            auto json = std::make_shared<bool>(false);
            args.flag(*json, "--json", "As JSON");
            return [json] { return run(*json); };
          }};
}

}  // namespace ingot::cli
