// Where the vocabulary of each kind of checkpoint lies.
#include <cstring>
#include <filesystem>

#include "core/fail.h"
#include "ingot/model.h"
#include "ingot/storage.h"

namespace ingot {
namespace {

std::string_view document(const Checkpoint& checkpoint, const char* name) {
  const auto found = checkpoint.documents.find(name);
  return found == checkpoint.documents.end() ? std::string_view{} : std::string_view(found->second);
}

Vocabulary from_tokenizer_bin(const Checkpoint& checkpoint, const std::string& given) {
  const std::string path =
      given.empty() ? (std::filesystem::path(checkpoint.path).parent_path() / "tokenizer.bin").string() : given;
  std::error_code error;  // a name the file system refuses is absent too
  if (!std::filesystem::exists(path, error))
    fail(ErrorCode::not_found, "tokenizer", "{}: a llama2.c checkpoint has its vocabulary beside it, in {}",
         checkpoint.path, path);
  const Ref<Storage> file = Storage::map(path);
  return Vocabulary::from_llama2c({reinterpret_cast<const char*>(file->data()), file->size()},
                                  ModelConfig::from(checkpoint).vocab_size, path);
}

}  // namespace

Vocabulary load_vocabulary(const Checkpoint& checkpoint, const std::string& tokenizer_path) {
  Vocabulary vocabulary;
  if (!tokenizer_path.empty() || checkpoint.format == "llama2c") {
    vocabulary = from_tokenizer_bin(checkpoint, tokenizer_path);
  } else if (checkpoint.metadata.contains("tokenizer.ggml.model")) {
    vocabulary = Vocabulary::from_metadata(checkpoint.metadata, checkpoint.path);
  } else if (const auto json = document(checkpoint, "tokenizer.json"); !json.empty()) {
    vocabulary = Vocabulary::from_tokenizer_json(json, document(checkpoint, "tokenizer_config.json"),
                                                 document(checkpoint, "generation_config.json"),
                                                 checkpoint.path + "/tokenizer.json");
  } else if (const auto model = document(checkpoint, "tokenizer.model"); !model.empty()) {
    vocabulary = Vocabulary::from_sentencepiece(model, document(checkpoint, "tokenizer_config.json"),
                                                checkpoint.path + "/tokenizer.model");
  } else if (const auto lines = document(checkpoint, "vocab.txt"); !lines.empty()) {
    vocabulary = Vocabulary::from_vocab_txt(lines, document(checkpoint, "tokenizer_config.json"),
                                            checkpoint.path + "/vocab.txt");
  } else {
    fail(ErrorCode::not_found, "tokenizer",
         "{} holds no vocabulary: no tokenizer.ggml.model key, tokenizer.json, tokenizer.model or vocab.txt",
         checkpoint.path);
  }
  if (const auto text = document(checkpoint, "chat_template.jinja"); !text.empty()) vocabulary.chat_template = text;
  vocabulary.check(checkpoint.path);
  return vocabulary;
}

}  // namespace ingot
