#include "writing.h"

#include <fmt/core.h>

#include <climits>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "interrupt.h"
#include "terminal.h"
#include "threads.h"

namespace ingot::cli {

void add_writing(Args& args, Writing& writing) {
  args.option(writing.memory_mib, "--memory", "Private memory for tiles of tensors, in MiB");
  args.option(writing.threads, "--threads", "Threads (0: all)");
  args.flag(writing.force, "-f,--force", "Replace OUT");
  args.flag(writing.dry_run, "-n,--dry-run", "Print what would be written, and write nothing");
  args.flag(writing.json, "--json", "The report, or the plan, as JSON");
}

void apply_writing(const Writing& writing) {
  if (writing.memory_mib < 16 || writing.memory_mib > INT_MAX)
    throw UsageError{"--memory: at least 16 MiB were expected"};
  apply_threads(writing.threads);
}

void write(const Writing& writing, const std::string& path, std::string_view format, const OutputPlan& plan,
           const char* label) {
  const InterruptScope interrupt;
  ProgressBar bar(label);
  write_checkpoint(path, format, plan,
                   {.force = writing.force,
                    .memory = static_cast<std::uint64_t>(writing.memory_mib) << 20,
                    .progress = [&](std::uint64_t done, std::uint64_t total) {
                      InterruptScope::check();
                      bar.update(done, total);
                    }});
}

void print_plan(const Writing& writing, const std::string& path, std::string_view format, const OutputPlan& plan) {
  std::uint64_t bytes = 0;
  for (const OutputTensor& tensor : plan.tensors) bytes += tensor.nbytes();
  const auto parent = std::filesystem::absolute(path).lexically_normal().parent_path();
  std::error_code ignored;
  const std::uint64_t free = std::filesystem::space(parent, ignored).available;
  if (writing.json) {
    auto tensors = nlohmann::ordered_json::array();
    for (const OutputTensor& tensor : plan.tensors)
      tensors.push_back({{"name", tensor.name},
                         {"type", tensor.held_as()},
                         {"shape", std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end())},
                         {"bytes", tensor.nbytes()}});
    const nlohmann::ordered_json out{{"path", path},
                                     {"format", format},
                                     {"tensors", tensors},
                                     {"bytes", bytes},
                                     {"free", ignored ? nlohmann::ordered_json() : nlohmann::ordered_json(free)},
                                     {"dry_run", true}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  Table table({{"tensor"}, {"type"}, {"shape"}, {"bytes", Table::Align::right}});
  for (const OutputTensor& tensor : plan.tensors)
    table.add({tensor.name, std::string(tensor.held_as()), to_string(tensor.shape),
               grouped(static_cast<std::int64_t>(tensor.nbytes()))});
  table.print();
  fmt::print("{}: {} tensors as {}, {}, {} free; nothing was written\n", path, plan.tensors.size(), format,
             human_bytes(bytes), ignored ? "unknown" : human_bytes(free));
}

}  // namespace ingot::cli
