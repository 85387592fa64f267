// --i2s-packing, an option of every command that reads or writes I2_S.
#pragma once

#include "command.h"
#include "ingot/encoding.h"

namespace ingot::cli {

inline void add_packing(Args& args, std::string& target) {
  args.choice(target, "--i2s-packing",
              "The order of elements in I2_S tensors: of files that do not say, and of what is written",
              {"x86", "arm", "rows"});
}

inline Packing parse_packing(const std::string& name) { return packing_from_string(name).value(); }

}  // namespace ingot::cli
