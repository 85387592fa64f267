#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "files.h"
#include "ingot/device.h"
#include "ingot/model.h"
#include "packing.h"
#include "terminal.h"
#include "threads.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string model, text, tokenizer, packing = "x86";
  std::int64_t context = 512, threads = 0;
  bool json = false;
};

int run(const Options& options) {
  apply_threads(options.threads);
  const std::string text = read_file(options.text);
  const Checkpoint checkpoint = open_checkpoint(options.model, {.i2s_packing = parse_packing(options.packing)});
  const auto model = Model::load(checkpoint);
  const auto tokenizer = Tokenizer::make(load_vocabulary(checkpoint, options.tokenizer));
  PerplexityResult result;
  {
    ProgressBar bar("perplexity");
    result = perplexity(*model, *tokenizer, text, options.context, [&](std::int64_t done, std::int64_t total) {
      bar.update(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
    });
  }
  const double rate = static_cast<double>(result.chunks * options.context) / result.seconds;
  if (options.json) {
    const nlohmann::ordered_json out{
        {"path", checkpoint.path},  {"perplexity", result.perplexity}, {"standard_error", result.standard_error},
        {"tokens", result.tokens},  {"chunks", result.chunks},         {"context", options.context},
        {"tokens_per_second", rate}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else {
    fmt::print("perplexity {:.4f} ± {:.4f} ({} tokens scored in {} chunks of {}, {:.0f} tokens/s)\n", result.perplexity,
               result.standard_error, result.tokens, result.chunks, options.context, rate);
  }
  return 0;
}

}  // namespace

Command perplexity_command() {
  return {"perplexity", "Measure how well a model predicts a text",
          "Defined as llama.cpp does: the text, less a final newline, is tokenized whole with BOS and cut into chunks\n"
          "of the context; the first token of each is replaced by BOS where the vocabulary adds one; positions\n"
          "context/2 to context-2 each predict the next token; exp of the mean negative log-likelihood.\n\n"
          "Example: ingot perplexity models/tiny-bitnet --text models/heldout/stories.txt",
          [](Args& args) {
            auto options = std::make_shared<Options>();
            args.positional(options->model, "model", "A model, file or directory");
            args.option(options->text, "-f,--text", "The text file (required)");
            args.option(options->context, "-c,--context", "Tokens in a chunk");
            add_threads(args, options->threads);
            args.option(options->tokenizer, "--tokenizer", "tokenizer.bin of a llama2.c checkpoint, if not beside it");
            args.flag(options->json, "--json", "The result as JSON");
            add_packing(args, options->packing);
            return [options] {
              if (options->text.empty()) throw UsageError{"perplexity: --text is required"};
              return run(*options);
            };
          }};
}

}  // namespace ingot::cli
