// Token ids of many texts, for the Python tests: tokenize_ids json|sentencepiece|vocab|checkpoint FILE [--plain]
// [--write DIRECTORY] reads texts separated by NUL from standard input and prints one line of ids for each, then,
// after a NUL, the decoded text of each followed by NUL. json: a directory, with the configuration files beside
// tokenizer.json where present.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "ingot/checkpoint.h"
#include "ingot/tokenizer.h"

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ingot::Vocabulary load(const std::string& kind, const std::filesystem::path& path) {
  if (kind == "json")
    return ingot::Vocabulary::from_tokenizer_json(read(path / "tokenizer.json"), read(path / "tokenizer_config.json"),
                                                  read(path / "generation_config.json"), path.string());
  if (kind == "sentencepiece") return ingot::Vocabulary::from_sentencepiece(read(path), "", path.string());
  if (kind == "vocab")
    return ingot::Vocabulary::from_vocab_txt(read(path / "vocab.txt"), read(path / "tokenizer_config.json"),
                                             path.string());
  return ingot::Vocabulary::from_metadata(ingot::open_checkpoint(path.string()).metadata, path.string());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 3) return 2;
    ingot::Vocabulary vocabulary = load(argv[1], argv[2]);
    ingot::Tokenizer::EncodeOptions options;
    for (int i = 3; i < argc; ++i) {
      const std::string argument = argv[i];
      if (argument == "--plain") options = {false, false};
      if (argument == "--metadata") {
        ingot::Metadata metadata;
        vocabulary.to_metadata(metadata);
        vocabulary = ingot::Vocabulary::from_metadata(metadata, "metadata");
      }
      if (argument == "--write" && ++i < argc)
        for (const auto& [name, text] : vocabulary.to_huggingface())
          std::ofstream(std::filesystem::path(argv[i]) / name, std::ios::binary) << text;
    }
    const auto tokenizer = ingot::Tokenizer::make(std::move(vocabulary));
    const std::string input(std::istreambuf_iterator<char>(std::cin), {});
    std::string decoded(1, '\0');
    for (std::size_t at = 0; at <= input.size();) {
      const std::size_t end = std::min(input.find('\0', at), input.size());
      const auto ids = tokenizer->encode(std::string_view(input).substr(at, end - at), options);
      for (std::size_t i = 0; i < ids.size(); ++i) std::cout << (i ? " " : "") << ids[i];
      std::cout << '\n';
      decoded += tokenizer->decode(ids) + '\0';
      at = end + 1;
    }
    std::cout << decoded;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
