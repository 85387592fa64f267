#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "command.h"
#include "files.h"
#include "ingot/model.h"

namespace ingot::cli {
namespace {

struct Options {
  std::string model, text, tokenizer;
  bool text_given = false, ids = false, no_bos = false, no_special = false, json = false;
};

// A piece on one line: what would not show or would break the line is written as \n, \t, \xHH.
std::string visible(std::string_view piece) {
  std::string line;
  for (const char c : piece) {
    if (c == '\n')
      line += "\\n";
    else if (c == '\t')
      line += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20)
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else
      line += c;
  }
  return line;
}

int run(const Options& options) {
  const Checkpoint checkpoint = open_checkpoint(options.model);
  const auto tokenizer = Tokenizer::make(load_vocabulary(checkpoint, options.tokenizer));
  const std::string text = options.text_given ? options.text : read_stdin();
  const std::vector<std::int32_t> ids =
      tokenizer->encode(text, {.add_special = !options.no_bos, .parse_special = !options.no_special});
  if (options.json) {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const std::int32_t id : ids) out.push_back({{"id", id}, {"piece", tokenizer->piece(id)}});
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  } else if (options.ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) fmt::print("{}{}", i ? " " : "", ids[i]);
    fmt::print("\n");
  } else {
    for (const std::int32_t id : ids)
      fmt::print("{:>7}  '{}'\n", id, visible(tokenizer->vocabulary().tokens[static_cast<std::size_t>(id)]));
  }
  return 0;
}

}  // namespace

Command tokenize_command() {
  return {"tokenize", "Show the tokens of a text",
          "One token a line, or with --ids the numbers alone. Without --text the text comes from standard input.\n\n"
          "Example: ingot tokenize models/tiny-bitnet --text \"Hello world\" --ids",
          [](Args& args) {
            auto options = std::make_shared<Options>();
            args.positional(options->model, "model", "A model, file or directory");
            args.text(options->text, options->text_given, "--text", "The text");
            args.option(options->tokenizer, "--tokenizer", "tokenizer.bin of a llama2.c checkpoint, if not beside it");
            args.flag(options->ids, "--ids", "Print ids only, on one line");
            args.flag(options->no_bos, "--no-bos", "Add no BOS or EOS");
            args.flag(options->no_special, "--no-parse-special", "Read control tokens in the text as plain text");
            args.flag(options->json, "--json", "Ids and pieces as JSON");
            return [options] { return run(*options); };
          }};
}

}  // namespace ingot::cli
