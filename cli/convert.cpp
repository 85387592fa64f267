#include <fmt/core.h>

#include <climits>
#include <nlohmann/json.hpp>

#include "command.h"
#include "ingot/tools.h"
#include "packing.h"
#include "terminal.h"
#include "writing.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string in, out, to, dtype, packing = "x86", tokenizer;
  std::int64_t max_shard_mib = 0;
  bool keep_names = false;
  Writing writing;
  bool quantize = false;
  std::string mode, recipe;
  std::int64_t bits = 0, group_size = 0;

  bool quantizes() const { return quantize || !mode.empty() || !recipe.empty() || bits != 0 || group_size != 0; }
};

std::string format_of(const Options& options) {
  if (options.to.empty() && options.quantizes()) return "mlx";
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

// Those that were rounded; the rest kept every bit.
std::vector<const Rounding*> rounded(const ConversionReport& report) {
  std::vector<const Rounding*> out;
  for (const auto& rounding : report.roundings)
    if (rounding->max_error > 0) out.push_back(rounding.get());
  return out;
}

void print_json(const Options& options, const ConvertOptions& convert, const OutputPlan& plan,
                const ConversionReport& report) {
  auto roundings = nlohmann::ordered_json::array();
  for (const Rounding* r : rounded(report))
    roundings.push_back({{"tensor", r->tensor},
                         {"from", r->from},
                         {"to", r->to},
                         {"max_error", r->max_error.load()},
                         {"max_relative_error", r->max_relative_error.load()}});
  const nlohmann::ordered_json out{
      {"path", options.out},  {"format", convert.to},      {"tensors", plan.tensors.size()},
      {"rounded", roundings}, {"dropped", report.dropped}, {"notes", report.notes}};
  fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int run(const Options& options) {
  if (options.max_shard_mib < 0 || options.max_shard_mib > INT_MAX)
    throw UsageError{"--shard-size: a positive number of MiB was expected"};
  apply_writing(options.writing);
  const Checkpoint checkpoint = open_checkpoint(options.in, {.i2s_packing = parse_packing(options.packing)});
  ConvertOptions convert{.to = format_of(options), .dtype = {}, .tokenizer = options.tokenizer};
  convert.keep_names = options.keep_names;
  if (options.quantizes()) {
    if (convert.to != "mlx") throw UsageError{"--quantize goes with --to mlx; ingot quantize writes GGUF"};
    if (options.bits < 0 || options.bits > 8 || options.group_size < 0 || options.group_size > 128)
      throw UsageError{"--bits: 2, 3, 4, 5, 6 or 8 was expected; --group-size: 32, 64 or 128"};
    convert.mlx = MlxQuantization{.mode = options.mode.empty() ? "affine" : options.mode,
                                  .bits = static_cast<int>(options.bits),
                                  .group_size = static_cast<int>(options.group_size),
                                  .recipe = options.recipe};
  }
  convert.max_shard_bytes = static_cast<std::uint64_t>(options.max_shard_mib) << 20;
  if (!options.dtype.empty()) convert.dtype = dtype_from_string(options.dtype);
  ConversionReport report;
  const OutputPlan plan = plan_convert(checkpoint, convert, report);
  if (options.writing.dry_run)
    print_plan(options.writing, options.out, convert.to, plan);
  else
    write(options.writing, options.out, convert.to, plan, "converting");
  if (options.writing.json) {
    if (!options.writing.dry_run) print_json(options, convert, plan, report);
    return 0;
  }
  for (const std::string& note : checkpoint.notes) report_note(note);
  for (const std::string& note : report.notes) report_note(note);
  for (const std::string& name : report.dropped) report_note(fmt::format("dropped: {}", name));
  if (options.writing.dry_run) return 0;
  const std::vector<const Rounding*> roundings = rounded(report);
  for (const Rounding* r : roundings)
    report_note(fmt::format("rounded: {} from {} to {}, by at most {:.3g}, relatively {:.3g}", r->tensor, r->from,
                            r->to, r->max_error.load(), r->max_relative_error.load()));
  fmt::print("{}: {} tensors as {}, {} dropped, {} rounded\n", options.out, plan.tensors.size(), convert.to,
             report.dropped.size(), roundings.size());
  return 0;
}

}  // namespace

Command convert_command() {
  return {"convert", "Convert a model or weight file to another format",
          "Without --to the format follows OUT: .gguf, .safetensors, .npz, .npy, else a Hugging Face directory. GGUF "
          "keeps\n"
          "vectors in F32. Tensors are renamed and reordered as the target's readers expect.\n\n"
          "Examples: ingot convert models/tiny-bitnet tiny.gguf --dtype f16\n"
          "          ingot convert model.gguf model-mlx --to mlx --bits 4 --group-size 64",
          [](Args& args) {
            auto options = std::make_shared<Options>();
            args.positional(options->in, "in", "A model, file or directory");
            args.positional(options->out, "out", "What to write");
            args.choice(options->to, "--to", "Format", {"gguf", "safetensors", "hf", "mlx", "pytorch", "npz", "npy"});
            args.choice(options->dtype, "--dtype", "Element type of the matrices", {"f16", "bf16", "f32", "f64"});
            args.flag(options->quantize, "-q,--quantize", "MLX: quantize the matrices");
            args.option(options->bits, "--bits,--q-bits", "MLX: bits of a weight: 2, 3, 4, 5, 6, 8 (4)");
            args.option(options->group_size, "--group-size,--q-group-size",
                        "MLX: weights that share a scale: 32, 64, 128 (64)");
            args.choice(options->mode, "--mode,--q-mode", "MLX: what codes are (affine)",
                        {"affine", "mxfp4", "mxfp8", "nvfp4"});
            args.choice(options->recipe, "--type,--quant-predicate", "MLX: more bits where they matter",
                        {"mixed_2_6", "mixed_3_4", "mixed_3_6", "mixed_4_6"});
            args.option(options->max_shard_mib, "--shard-size,--max-shard-size",
                        "Split weights into files of at most this many MiB");
            args.option(options->tokenizer, "--tokenizer", "tokenizer.bin of a llama2.c checkpoint, if not beside it");
            args.flag(options->keep_names, "--keep-names",
                      "Tensor by tensor under the names they have, whatever the model");
            add_packing(args, options->packing);
            add_writing(args, options->writing);
            return [options] { return run(*options); };
          }};
}

}  // namespace ingot::cli
