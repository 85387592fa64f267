#include <fmt/core.h>

#include <cmath>

#include <nlohmann/json.hpp>

#include "command.h"
#include "files.h"
#include "ingot/quantize_report.h"
#include "packing.h"
#include "terminal.h"
#include "writing.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string in, out, packing = "x86", imatrix, report, eval;
  QuantizeOptions quantize{.type = {}};
  std::int64_t context = 512;
  Writing writing;
};

PerplexityResult perplexity_of(const Checkpoint& checkpoint, const Options& options, const std::string& text) {
  ProgressBar bar("perplexity");
  const auto model = Model::load(checkpoint);
  const auto tokenizer = Tokenizer::make(load_vocabulary(checkpoint, options.quantize.tokenizer));
  return perplexity(*model, *tokenizer, text, options.context, [&](std::int64_t done, std::int64_t total) {
    bar.update(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
  });
}

QuantizationPage page_of(const Options& options, const QuantizeReport& report, const Checkpoint& result) {
  ProgressBar bar("measuring");
  return {.source = options.in,
          .result = options.out,
          .tensors = quantization_quality(report, result,
                                          [&](std::uint64_t done, std::uint64_t total) { bar.update(done, total); }),
          .text = options.eval};
}

nlohmann::ordered_json to_json(const std::vector<QuantizeReport::Choice>& choices) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const auto& c : choices)
    out.push_back({{"tensor", c.tensor}, {"type", c.type}, {"bits", c.bits}, {"error", c.error}});
  return out;
}

void print(const std::vector<QuantizeReport::Choice>& choices) {
  using enum Table::Align;
  Table table({{"tensor"}, {"type"}, {"bits", right}, {"relative error", right}});
  for (const auto& c : choices)
    table.add({c.tensor, c.type, fmt::format("{:.2f}", c.bits), fmt::format("{:.3g}", std::sqrt(c.error))});
  table.print();
}

int run(const Options& options) {
  QuantizeOptions quantize = options.quantize;
  apply_writing(options.writing);
  quantize.i2s_packing = parse_packing(options.packing);
  const std::string text = options.eval.empty() ? "" : read_file(options.eval);
  const Checkpoint checkpoint = open_checkpoint(options.in, {.i2s_packing = quantize.i2s_packing});
  if (!options.imatrix.empty()) {
    quantize.importance = std::make_shared<const ImportanceMatrix>(read_importance(options.imatrix));
    quantize.importance_file = options.imatrix;
  }
  QuantizeReport report;
  const OutputPlan plan = [&] {
    ProgressBar bar("measuring");
    quantize.measuring = [&](std::uint64_t done, std::uint64_t total) { bar.update(done, total); };
    return plan_quantize(checkpoint, quantize, report);
  }();
  std::optional<PerplexityResult> before, after;
  if (options.writing.dry_run) {
    print_plan(options.writing, options.out, "gguf", plan);
  } else {
    if (!options.eval.empty()) before = perplexity_of(checkpoint, options, text);
    write(options.writing, options.out, "gguf", plan, "quantizing");
    const Checkpoint result = open_checkpoint(options.out, {.i2s_packing = quantize.i2s_packing});
    if (before) after = perplexity_of(result, options, text);
    if (!options.report.empty()) {
      QuantizationPage page = page_of(options, report, result);
      page.before = before;
      page.after = after;
      write_quantization_page(options.report, page, options.writing.force);
    }
  }
  const std::string type =
      options.quantize.bits > 0 ? fmt::format("mixture for {} bits", options.quantize.bits) : quantize.type;
  const double bits = 8.0 * static_cast<double>(report.bytes) / static_cast<double>(report.elements);
  if (options.writing.json) {
    if (options.writing.dry_run) return 0;
    nlohmann::ordered_json substitutions = nlohmann::ordered_json::array();
    for (const auto& s : report.substitutions)
      substitutions.push_back({{"tensor", s.tensor}, {"wanted", s.wanted}, {"used", s.used}, {"reason", s.reason}});
    nlohmann::ordered_json out{{"path", options.out},
                               {"type", type},
                               {"tensors", plan.tensors.size()},
                               {"elements", report.elements},
                               {"bytes", report.bytes},
                               {"bits_per_weight", bits},
                               {"substitutions", substitutions},
                               {"dropped", report.dropped},
                               {"notes", report.notes}};
    if (!report.choices.empty()) out["choices"] = to_json(report.choices);
    if (before) out["perplexity"] = {{"before", before->perplexity}, {"after", after->perplexity}};
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
  if (!report.choices.empty()) print(report.choices);
  if (options.writing.dry_run) return 0;
  if (before)
    fmt::print("perplexity {:.4f} ± {:.4f} before, {:.4f} ± {:.4f} after\n", before->perplexity, before->standard_error,
               after->perplexity, after->standard_error);
  fmt::print("{}: {} tensors as {}, {} substituted, {}, {:.2f} bits per weight\n", options.out, plan.tensors.size(),
             type, report.substitutions.size(), human_bytes(report.bytes), bits);
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
      "Master weights of BitNet models are ternarized (absmean, as in training) first.\n"
      "--imatrix FILE (of calibrate, or of llama-imatrix) makes errors count as much as their columns do.\n"
      "--bits B instead of --type gives each matrix the type whose measured error is worth its bytes, with at most B\n"
      "bits per weight over all tensors; names given types keep them. --report writes a page with the errors of every\n"
      "tensor; --eval measures perplexity on a text before and after.\n\n"
      "Example: ingot quantize models/tiny-bitnet tiny-q4_k_m.gguf --type q4_k_m",
      [](Args& args) {
        auto options = std::make_shared<Options>();
        QuantizeOptions& quantize = options->quantize;
        args.positional(options->in, "in", "A model, file or directory");
        args.positional(options->out, "out", "The GGUF file to write");
        args.choice(quantize.type, "-t,--type", "Recipe or block format", quantize_types());
        args.option(quantize.bits, "--bits", "Bits per weight, instead of a type");
        args.option(options->imatrix, "--imatrix", "Importance of the columns: GGUF, or llama-imatrix's .dat");
        args.flag(quantize.pure, "--pure", "Every matrix in the recipe's own format");
        args.option(quantize.output_tensor_type, "--output-tensor-type", "Block format, F32, F16 or BF16 of the head");
        args.option(quantize.token_embedding_type, "--token-embedding-type", "The same of the token embedding");
        args.option(quantize.tensor_types, "--tensor",
                    "REGEX=TYPE: the type of tensors whose names match; the first decides");
        args.flag(quantize.leave_output_tensor, "--leave-output-tensor", "The head stays as it is");
        args.flag(quantize.allow_requantize, "--allow-requantize", "Quantized tensors may change their type");
        add_packing(args, options->packing);
        args.option(quantize.tokenizer, "--tokenizer", "tokenizer.bin of a llama2.c checkpoint, if not beside it");
        args.option(options->report, "--report", "HTML file to write: every tensor's type and error");
        args.option(options->eval, "--eval", "Text for the perplexity before and after");
        args.option(options->context, "-c,--context", "Tokens in a chunk of --eval");
        add_writing(args, options->writing);
        return [options] {
          if (options->quantize.type.empty() == (options->quantize.bits == 0))
            throw UsageError{"quantize: --type or --bits is required"};
          return run(*options);
        };
      }};
}

}  // namespace ingot::cli
