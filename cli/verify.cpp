#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "ingot/tools.h"
#include "packing.h"
#include "terminal.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string path, packing = "x86";
  bool json = false;
};

int run(const Options& options) {
  const Checkpoint checkpoint = open_checkpoint(options.path, {.i2s_packing = parse_packing(options.packing)});
  VerifyReport report;
  {
    ProgressBar bar("verifying");
    report = verify(checkpoint, [&](std::uint64_t done, std::uint64_t total) { bar.update(done, total); });
  }
  if (options.json) {
    nlohmann::ordered_json findings = nlohmann::ordered_json::array();
    for (const auto& [tensor, what] : report.findings) findings.push_back({{"tensor", tensor}, {"what", what}});
    const nlohmann::ordered_json out{{"path", checkpoint.path},   {"format", checkpoint.format},
                                     {"tensors", report.tensors}, {"elements", report.elements},
                                     {"bytes", report.bytes},     {"findings", findings},
                                     {"notes", report.notes},     {"sound", report.findings.empty()}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    for (const std::string& note : report.notes) report_note(note);
    for (const auto& [tensor, what] : report.findings) fmt::print("{}: {}\n", one_line(tensor), one_line(what));
    fmt::print("{}: {} ({}, {} tensors, {})\n", checkpoint.path,
               report.findings.empty() ? "sound" : fmt::format("{} findings", report.findings.size()),
               checkpoint.format, grouped(static_cast<std::int64_t>(report.tensors)), human_bytes(report.bytes));
  }
  return report.findings.empty() ? 0 : 1;
}

}  // namespace

Command verify_command() {
  return {"verify", "Check a model or weight file: structure, values, index, configuration",
          "Reads every tensor for NaN and infinity, compares an index with its shards and total size, and a model's\n"
          "tensors with its configuration and vocabulary. Exit status 1 where something was found.\n\n"
          "Example: ingot verify models/tiny-bitnet",
          [](Args& args) {
            auto options = std::make_shared<Options>();
            args.positional(options->path, "path", "A model, file or directory");
            args.flag(options->json, "--json", "The report as JSON");
            add_packing(args, options->packing);
            return [options] { return run(*options); };
          }};
}

}  // namespace ingot::cli
