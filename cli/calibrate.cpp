#include <fmt/core.h>

#include "command.h"
#include "files.h"
#include "ingot/importance.h"
#include "packing.h"
#include "terminal.h"
#include "threads.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string model, text, out, packing = "x86";
  CalibrateOptions calibrate;
  std::int64_t threads = 0;
  bool force = false;
};

int run(const Options& options) {
  apply_threads(options.threads);
  CalibrateOptions calibrate_options = options.calibrate;
  calibrate_options.dataset = options.text;
  const std::string text = read_file(options.text);
  const Checkpoint checkpoint = open_checkpoint(options.model, {.i2s_packing = parse_packing(options.packing)});
  ImportanceMatrix matrix;
  {
    ProgressBar bar("calibrating");
    matrix = calibrate(checkpoint, text, calibrate_options, [&](std::int64_t done, std::int64_t total) {
      bar.update(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
    });
  }
  write_importance(options.out, matrix, {.force = options.force});
  fmt::print("{}: {} weights, {} chunks of {} tokens\n", options.out, matrix.weights.size(), matrix.chunks,
             matrix.chunk_size);
  return 0;
}

}  // namespace

Command calibrate_command() {
  return {
      "calibrate", "Measure on a text how much each input column of a model's weights matters",
      "Runs the model over the text in chunks of the context and adds up the squares of what each column of the\n"
      "layers' weights is multiplied with. The file is llama.cpp's importance matrix; quantize --imatrix takes it.\n\n"
      "Example: ingot calibrate models/tiny-bitnet --text models/heldout/stories.txt -o stories.imatrix.gguf",
      [](Args& args) {
        auto options = std::make_shared<Options>();
        args.positional(options->model, "model", "A model, file or directory");
        args.option(options->text, "-f,--text", "The text file (required)");
        args.option(options->out, "-o,--output", "The GGUF file to write (required)");
        args.option(options->calibrate.context, "-c,--context", "Tokens in a chunk");
        args.option(options->calibrate.chunks, "--chunks", "At most so many chunks; 0: the whole text");
        args.flag(options->calibrate.process_output, "--process-output", "The head too");
        add_threads(args, options->threads);
        args.option(options->calibrate.tokenizer, "--tokenizer",
                    "tokenizer.bin of a llama2.c checkpoint, if not beside it");
        add_packing(args, options->packing);
        args.flag(options->force, "--force", "Replace the output");
        return [options] {
          if (options->text.empty() || options->out.empty())
            throw UsageError{"calibrate: --text and --output are required"};
          return run(*options);
        };
      }};
}

}  // namespace ingot::cli
