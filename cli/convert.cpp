#include <fmt/core.h>

#include <climits>

#include "command.h"
#include "ingot/tools.h"
#include "packing.h"
#include "terminal.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string in, out, to, dtype, packing = "x86", tokenizer;
  std::int64_t max_shard_mib = 0;
  bool force = false;
};

std::string format_of(const Options& options) {
  if (options.to == "hf") return "huggingface";
  if (!options.to.empty()) return options.to;
  const std::string_view out = options.out;
  constexpr std::pair<std::string_view, const char*> suffixes[] = {{".gguf", "gguf"},   {".safetensors", "safetensors"},
                                                                   {".pt", "pytorch"},  {".pth", "pytorch"},
                                                                   {".bin", "pytorch"}, {".npz", "npz"},
                                                                   {".npy", "npy"}};
  for (const auto& [suffix, format] : suffixes)
    if (out.ends_with(suffix)) return format;
  return "huggingface";
}

int run(const Options& options) {
  if (options.max_shard_mib < 0 || options.max_shard_mib > INT_MAX)
    throw UsageError{"--max-shard-size: a positive number of MiB was expected"};
  const Checkpoint checkpoint = open_checkpoint(options.in, {.i2s_packing = parse_packing(options.packing)});
  ConvertOptions convert{.to = format_of(options), .dtype = {}, .tokenizer = options.tokenizer};
  convert.max_shard_bytes = static_cast<std::uint64_t>(options.max_shard_mib) << 20;
  if (!options.dtype.empty()) convert.dtype = dtype_from_string(options.dtype);
  ConversionReport report;
  const OutputPlan plan = plan_convert(checkpoint, convert, report);
  {
    ProgressBar bar("converting");
    write_checkpoint(options.out, convert.to, plan,
                     {.force = options.force,
                      .progress = [&](std::uint64_t done, std::uint64_t total) { bar.update(done, total); }});
  }
  for (const std::string& note : checkpoint.notes) report_note(note);
  for (const std::string& note : report.notes) report_note(note);
  for (const std::string& name : report.dropped) report_note(fmt::format("dropped: {}", name));
  fmt::print("{}: {} tensors as {}, {} dropped\n", options.out, plan.tensors.size(), convert.to, report.dropped.size());
  return 0;
}

}  // namespace

Command convert_command() {
  return {"convert", "Convert a model or weight file to another format",
          "Without --to the format follows OUT: .gguf, .safetensors, .npz, .npy, else a Hugging Face directory. GGUF "
          "keeps\n"
          "vectors in F32. Tensors are renamed and reordered as the target's readers expect.\n\n"
          "Example: ingot convert models/tiny-bitnet tiny.gguf --dtype f16",
          [](Args& args) {
            auto options = std::make_shared<Options>();
            args.positional(options->in, "in", "A model, file or directory");
            args.positional(options->out, "out", "What to write");
            args.choice(options->to, "--to", "Format", {"gguf", "safetensors", "hf", "pytorch", "npz", "npy"});
            args.choice(options->dtype, "--dtype", "Element type of the matrices", {"f16", "bf16", "f32", "f64"});
            args.option(options->max_shard_mib, "--max-shard-size",
                        "Split weights into files of at most this many MiB");
            args.option(options->tokenizer, "--tokenizer", "tokenizer.bin of a llama2.c checkpoint, if not beside it");
            add_packing(args, options->packing);
            args.flag(options->force, "-f,--force", "Replace OUT");
            return [options] { return run(*options); };
          }};
}

}  // namespace ingot::cli
