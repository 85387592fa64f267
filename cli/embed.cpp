#include <fmt/core.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "files.h"
#include "ingot/encoder.h"
#include "packing.h"
#include "terminal.h"
#include "threads.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string model, file, text, pooling, packing = "x86";
  std::int64_t threads = 0;
  bool text_given = false, no_normalize = false, truncate = false, json = false;
};

// Lines without their ends; the last may lack one.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    if (lines.back().ends_with('\r')) lines.back().pop_back();
    at = end + 1;
  }
  return lines;
}

std::optional<Pooling> parse_pooling(const std::string& name) {
  if (name.empty()) return {};
  return name == "cls" ? Pooling::cls : name == "last" ? Pooling::last : Pooling::mean;
}

int run(const Options& options) {
  apply_threads(options.threads);
  std::vector<std::string> texts{options.text};
  if (!options.text_given) texts = lines_of(options.file.empty() ? read_stdin() : read_file(options.file));
  const Checkpoint checkpoint = open_checkpoint(options.model, {.i2s_packing = parse_packing(options.packing)});
  const auto encoder = Encoder::load(checkpoint);
  const auto tokenizer = Tokenizer::make(load_vocabulary(checkpoint));
  const EmbedOptions how{
      .pooling = parse_pooling(options.pooling), .normalize = !options.no_normalize, .truncate = options.truncate};
  Tensor vectors;
  {
    ProgressBar bar("embed");
    vectors = embed(*encoder, *tokenizer, texts, how, [&](std::int64_t done, std::int64_t total) {
      bar.update(static_cast<std::uint64_t>(done), static_cast<std::uint64_t>(total));
    });
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (std::int64_t i = 0; i < vectors.size(0); ++i) {
    const Tensor row = vectors.select(0, i);
    const std::span<const float> values(row.data<float>(), static_cast<std::size_t>(row.numel()));
    if (!options.json) {
      fmt::print("{}\n", fmt::join(values, " "));
      continue;
    }
    std::vector<double> numbers;  // whose shortest text is the float's
    for (const float value : values) numbers.push_back(std::stod(fmt::format("{}", value)));
    list.push_back({{"index", i}, {"embedding", std::move(numbers)}});
  }
  if (options.json)
    fmt::print("{}\n", nlohmann::ordered_json{{"model", checkpoint.path},
                                              {"dimensions", encoder->config().hidden_size},
                                              {"normalized", !options.no_normalize},
                                              {"data", std::move(list)}}
                           .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  return 0;
}

}  // namespace

Command embed_command() {
  return {
      "embed", "Turn texts into vectors with an encoder model",
      "Each line of FILE, or of standard input, is a text; --text gives one. A vector a line, its numbers apart by\n"
      "spaces, of length 1. The states of a text's tokens become one vector by the model's own pooling\n"
      "(1_Pooling/config.json, bert.pooling_type), else by their mean.\n\n"
      "Example: ingot embed all-MiniLM-L6-v2 --text \"A man is eating food.\"",
      [](Args& args) {
        auto options = std::make_shared<Options>();
        args.positional(options->model, "model", "A model, file or directory");
        args.option(options->file, "file", "The texts, one a line");
        args.text(options->text, options->text_given, "--text", "One text");
        args.choice(options->pooling, "--pooling", "Instead of the model's own", {"mean", "cls", "last"});
        args.flag(options->no_normalize, "--no-normalize", "Leave the vectors as long as they are");
        args.flag(options->truncate, "--truncate", "Cut texts that are longer than the context");
        args.flag(options->json, "--json", "The vectors as JSON");
        add_threads(args, options->threads);
        add_packing(args, options->packing);
        return [options] {
          if (options->text_given && !options->file.empty()) throw UsageError{"embed: --text or a file, not both"};
          return run(*options);
        };
      }};
}

}  // namespace ingot::cli
