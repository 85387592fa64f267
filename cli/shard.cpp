#include <fmt/core.h>

#include <climits>
#include <nlohmann/json.hpp>

#include "command.h"
#include "ingot/shard.h"
#include "packing.h"
#include "terminal.h"
#include "writing.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string in, out, packing = "x86";
  std::int64_t max_mib = 0, count = 0;
  bool merge = false;
  Writing writing;
};

int run(const Options& options) {
  apply_writing(options.writing);
  if ((options.max_mib != 0) + (options.count != 0) + options.merge != 1)
    throw UsageError{"shard: one of --max-size, --count and --merge is required"};
  if (options.max_mib < 0 || options.max_mib > INT_MAX || options.count < 0)
    throw UsageError{"shard: --max-size and --count take positive numbers"};
  const Checkpoint checkpoint = open_checkpoint(options.in, {.i2s_packing = parse_packing(options.packing)});
  const OutputPlan plan =
      plan_shard(checkpoint, {.max_bytes = static_cast<std::uint64_t>(options.max_mib) << 20, .count = options.count});
  const std::string format = shard_format(checkpoint);
  if (options.writing.dry_run) {
    print_plan(options.writing, options.out, format, plan);
    return 0;
  }
  write(options.writing, options.out, format, plan, "writing");
  const std::size_t files = open_checkpoint(options.out).files.size();
  if (options.writing.json) {
    const nlohmann::ordered_json out{
        {"path", options.out}, {"format", format}, {"tensors", plan.tensors.size()}, {"files", files}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return 0;
  }
  for (const std::string& note : checkpoint.notes) report_note(note);
  fmt::print("{}: {} tensors in {} file{}\n", options.out, plan.tensors.size(), files, files == 1 ? "" : "s");
  return 0;
}

}  // namespace

Command shard_command() {
  return {
      "shard", "Split a model's weight file, merge its shards, or cut them anew",
      "Tensors stay as they are, in their order; the format stays too. OUT is a directory of numbered files with\n"
      "an index where the format has one, or with --merge one file (of a Hugging Face model still its directory).\n\n"
      "Example: ingot shard model.gguf shards --count 4",
      [](Args& args) {
        auto options = std::make_shared<Options>();
        args.positional(options->in, "in", "A model or weight file, in any number of files");
        args.positional(options->out, "out", "What to write");
        args.option(options->max_mib, "--max-size", "At most so many MiB of tensors in a file");
        args.option(options->count, "--count", "At most so many files, the largest as small as can be");
        args.flag(options->merge, "--merge", "One file");
        add_packing(args, options->packing);
        add_writing(args, options->writing);
        return [options] { return run(*options); };
      }};
}

}  // namespace ingot::cli
