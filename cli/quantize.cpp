#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "ingot/tools.h"
#include "packing.h"
#include "terminal.h"
#include "writing.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string in, out, packing = "x86";
  QuantizeOptions quantize{.type = {}};
  Writing writing;
};

int run(const Options& options) {
  QuantizeOptions quantize = options.quantize;
  apply_writing(options.writing);
  quantize.i2s_packing = parse_packing(options.packing);
  const Checkpoint checkpoint = open_checkpoint(options.in, {.i2s_packing = quantize.i2s_packing});
  QuantizeReport report;
  const OutputPlan plan = plan_quantize(checkpoint, quantize, report);
  if (options.writing.dry_run)
    print_plan(options.writing, options.out, "gguf", plan);
  else
    write(options.writing, options.out, "gguf", plan, "quantizing");
  const double bits = 8.0 * static_cast<double>(report.bytes) / static_cast<double>(report.elements);
  if (options.writing.json) {
    if (options.writing.dry_run) return 0;
    nlohmann::ordered_json substitutions = nlohmann::ordered_json::array();
    for (const auto& s : report.substitutions)
      substitutions.push_back({{"tensor", s.tensor}, {"wanted", s.wanted}, {"used", s.used}, {"reason", s.reason}});
    const nlohmann::ordered_json out{{"path", options.out},
                                     {"type", quantize.type},
                                     {"tensors", plan.tensors.size()},
                                     {"elements", report.elements},
                                     {"bytes", report.bytes},
                                     {"bits_per_weight", bits},
                                     {"substitutions", substitutions},
                                     {"dropped", report.dropped},
                                     {"notes", report.notes}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return 0;
  }
  for (const std::string& note : checkpoint.notes) report_note(note);
  for (const std::string& note : report.notes) report_note(note);
  if (quantize.type == "I2_S")
    report_note(fmt::format("I2_S in the {} packing: ours is marked, but other readers must be told", options.packing));
  for (const auto& s : report.substitutions)
    report_note(fmt::format("{}: {} instead of {} ({})", s.tensor, s.used, s.wanted, s.reason));
  for (const std::string& name : report.dropped) report_note(fmt::format("dropped: {}", name));
  if (options.writing.dry_run) return 0;
  fmt::print("{}: {} tensors as {}, {} substituted, {}, {:.2f} bits per weight\n", options.out, plan.tensors.size(),
             quantize.type, report.substitutions.size(), human_bytes(report.bytes), bits);
  return 0;
}

}  // namespace

Command quantize_command() {
  return {
      "quantize", "Quantize a model, to GGUF",
      "TYPE is a recipe of llama-quantize, which gives sensitive matrices more bits (--pure: all alike), or a block\n"
      "format for all. Vectors and norms stay floats. Where a row is not a multiple of the block the next type that\n"
      "fits is taken (Q6_K: Q8_0; Q5_K: Q5_1; Q4_K: Q5_0; other wide ones: Q4_0; else F16); every substitution is\n"
      "printed, counted and recorded in the file.\n"
      "Master weights of BitNet models are ternarized (absmean, as in training) first.\n\n"
      "Example: ingot quantize models/tiny-bitnet tiny-q4_k_m.gguf --type q4_k_m",
      [](Args& args) {
        auto options = std::make_shared<Options>();
        QuantizeOptions& quantize = options->quantize;
        args.positional(options->in, "in", "A model, file or directory");
        args.positional(options->out, "out", "The GGUF file to write");
        args.choice(quantize.type, "-t,--type", "Recipe or block format (required)", quantize_types());
        args.flag(quantize.pure, "--pure", "Every matrix in the recipe's own format");
        args.option(quantize.output_tensor_type, "--output-tensor-type", "Block format, F32, F16 or BF16 of the head");
        args.option(quantize.token_embedding_type, "--token-embedding-type", "The same of the token embedding");
        args.option(quantize.tensor_types, "--tensor",
                    "REGEX=TYPE: the type of tensors whose names match; the first decides");
        args.flag(quantize.leave_output_tensor, "--leave-output-tensor", "The head stays as it is");
        args.flag(quantize.allow_requantize, "--allow-requantize", "Quantized tensors may change their type");
        add_packing(args, options->packing);
        args.option(quantize.tokenizer, "--tokenizer", "tokenizer.bin of a llama2.c checkpoint, if not beside it");
        add_writing(args, options->writing);
        return [options] {
          if (options->quantize.type.empty()) throw UsageError{"quantize: --type is required"};
          return run(*options);
        };
      }};
}

}  // namespace ingot::cli
