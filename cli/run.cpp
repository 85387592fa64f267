#include <fmt/core.h>

#include <algorithm>
#include <climits>
#include <cstdio>

#include "command.h"
#include "ingot/device.h"
#include "ingot/model.h"
#include "packing.h"
#include "terminal.h"
#include "threads.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string model, prompt, tokenizer, packing = "x86";
  std::int64_t n = 128, context = 0, threads = 0, seed = 0, top_k = 40;
  double temperature = 0.8, top_p = 0.95, min_p = 0.05, repetition_penalty = 1;
  std::vector<std::string> stop;
  bool ignore_eos = false;
};

int run(const Options& options) {
  if (options.n < 0) throw UsageError{"run: -n counts tokens"};
  apply_threads(options.threads);
  const Checkpoint checkpoint = open_checkpoint(options.model, {.i2s_packing = parse_packing(options.packing)});
  const auto model = Model::load(checkpoint);
  const auto tokenizer = Tokenizer::make(load_vocabulary(checkpoint, options.tokenizer));
  for (const std::string& note : checkpoint.notes) report_note(note);

  GenerateOptions generation{
      .max_tokens = options.n,
      .sampling = {.temperature = options.temperature,
                   .top_k = static_cast<int>(std::clamp<std::int64_t>(options.top_k, -1, INT_MAX)),
                   .top_p = options.top_p,
                   .min_p = options.min_p,
                   .repetition_penalty = options.repetition_penalty,
                   .seed = static_cast<std::uint64_t>(options.seed)},
      .stop = options.stop,
      .stop_at_end = !options.ignore_eos,
      .context = options.context};
  const std::vector<std::int32_t> prompt = tokenizer->encode(options.prompt);
  bool prompt_shown = false;
  const auto show = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  };
  const auto show_prompt = [&] {
    if (!std::exchange(prompt_shown, true)) show(options.prompt);
  };
  const GenerateResult result = generate(*model, *tokenizer, prompt, generation, [&](std::string_view text) {
    show_prompt();  // not before the first token: an error leaves nothing half said
    show(text);
  });
  show_prompt();
  show("\n");
  if (std::ferror(stdout)) {
    report_error("standard output was closed");
    return 1;
  }

  const auto rate = [](std::int64_t tokens, double seconds) {
    return seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0;
  };
  static constexpr const char* ends[] = {"length", "end of text", "stop string"};
  fmt::print(stderr,
             "prompt {} tokens, {:.1f} tokens/s; generated {} tokens, {:.1f} tokens/s; ended by {}; {} threads\n",
             result.prompt_tokens, rate(result.prompt_tokens, result.prompt_seconds), result.generated_tokens,
             rate(result.generated_tokens, result.generate_seconds), ends[static_cast<int>(result.end)], num_threads());
  return 0;
}

}  // namespace

Command run_command() {
  return {"run", "Continue a text",
          "Prints the prompt and its continuation; tokens per second go to stderr. Filters are applied in the order\n"
          "repetition penalty, top-k, top-p, min-p, temperature. The same seed gives the same text.\n\n"
          "Example: ingot run models/tiny-bitnet --prompt \"Once upon a time\" -n 200 --temperature 0.7 --seed 1",
          [](Args& args) {
            auto options = std::make_shared<Options>();
            args.positional(options->model, "model", "A model, file or directory");
            args.option(options->prompt, "-p,--prompt", "The text to continue");
            args.option(options->n, "-n,--n-predict", "Most tokens to generate");
            args.option(options->temperature, "--temp,--temperature", "0: always the likeliest token");
            args.option(options->top_k, "--top-k", "Keep the k likeliest tokens (0: all)");
            args.option(options->top_p, "--top-p", "Keep the likeliest tokens that make up this probability (1: all)");
            args.option(options->min_p, "--min-p", "Keep tokens of at least this share of the likeliest's probability");
            args.option(options->repetition_penalty, "--repeat-penalty",
                        "Divide logits of the last 64 tokens (1: off)");
            args.option(options->seed, "-s,--seed", "Seed of the sampler");
            args.option(options->stop, "--stop", "End before this text (may be given several times)");
            args.flag(options->ignore_eos, "--ignore-eos", "Go on behind an end-of-text token");
            args.option(options->context, "-c,--ctx-size", "Positions of the cache, at most the model's (0)");
            add_threads(args, options->threads);
            args.option(options->tokenizer, "--tokenizer", "tokenizer.bin of a llama2.c checkpoint, if not beside it");
            add_packing(args, options->packing);
            return [options] { return run(*options); };
          }};
}

}  // namespace ingot::cli
