// What commands that write weights share: their options, progress, Ctrl-C, and the plan in place of the work.
#pragma once

#include "command.h"
#include "ingot/checkpoint.h"

namespace ingot::cli {

struct Writing {
  std::int64_t memory_mib = 512, threads = 0;
  bool force = false, dry_run = false, json = false;
};

/// --memory, --threads, --force, --dry-run, --json.
void add_writing(Args& args, Writing& writing);
/// Checks them, and sets the number of threads. Throws UsageError.
void apply_writing(const Writing& writing);

/// write_checkpoint() with a progress bar called `label`. Interrupted leaves nothing.
void write(const Writing& writing, const std::string& path, std::string_view format, const OutputPlan& plan,
           const char* label);

/// --dry-run: a table of what would be written, or JSON.
void print_plan(const Writing& writing, const std::string& path, std::string_view format, const OutputPlan& plan);

}  // namespace ingot::cli
