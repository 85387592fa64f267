// -t, --threads: an option of every command that computes.
#pragma once

#include "command.h"
#include "ingot/device.h"

namespace ingot::cli {

inline void add_threads(Args& args, std::int64_t& target) { args.option(target, "-t,--threads", "Threads (0: all)"); }

inline void apply_threads(std::int64_t threads) {
  if (threads < 0 || threads > 1024) throw UsageError{"--threads: a number from 0 to 1024 was expected"};
  if (threads > 0) set_num_threads(static_cast<int>(threads));
}

}  // namespace ingot::cli
