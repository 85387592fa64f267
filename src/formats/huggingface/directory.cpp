#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/fail.h"
#include "formats/gguf/gguf.h"
#include "formats/huggingface/huggingface.h"
#include "formats/huggingface/quantized/quantized.h"
#include "formats/output.h"
#include "formats/plan.h"
#include "formats/pytorch/pytorch.h"
#include "formats/safetensors/safetensors.h"
#include "formats/utf8.h"

namespace ingot::huggingface {
namespace {

namespace fs = std::filesystem;

constexpr const char* operation = "huggingface";

// What a model's directory holds beside the weights, as far as it matters here.
constexpr const char* document_names[] = {"config.json",
                                          "generation_config.json",
                                          "tokenizer.json",
                                          "tokenizer_config.json",
                                          "special_tokens_map.json",
                                          "tokenizer.model",
                                          "vocab.txt",
                                          "chat_template.jinja",
                                          "model.safetensors.index.json",
                                          "modules.json",
                                          "1_Pooling/config.json",
                                          "sentence_bert_config.json",
                                          "config_sentence_transformers.json"};

// The largest vocabularies are tens of megabytes of JSON.
constexpr std::uint64_t max_document_bytes = std::uint64_t{256} << 20;

// GGUF files of the directory that are models of their own: of a split set, its first part.
std::vector<std::string> gguf_models(const std::string& path) {
  std::vector<std::string> models;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    const std::string file = entry->path().string(), name = entry->path().filename().string();
    if (!name.ends_with(".gguf") || name.starts_with('.')) continue;
    const auto part = gguf::part_name(file);
    if (!part || part->number == 1) models.push_back(file);
  }
  if (error) fail(ErrorCode::io, operation, "{}: {}", path, error.message());
  std::sort(models.begin(), models.end());
  return models;
}

Checkpoint open_weights(const std::string& path, const OpenOptions& options) {
  if (safetensors::directory_has_weights(path) || path_exists(path + "/model.safetensors.index.json")) {
    Checkpoint checkpoint = safetensors::open_directory(path);
    checkpoint.format = "huggingface";
    return checkpoint;
  }
  const auto models = gguf_models(path);
  if (models.size() > 1)
    fail(ErrorCode::invalid_argument, operation, "{}: {} GGUF models; name one of them, such as {}", path,
         models.size(), models[0]);
  if (models.size() == 1) return open_source(source_at(models[0]), options);
  if (pytorch::directory_has_weights(path)) {
    Checkpoint checkpoint = pytorch::open_directory(path);
    if (path_exists(path + "/config.json")) checkpoint.format = "huggingface";
    return checkpoint;
  }
  fail(ErrorCode::not_found, operation,
       "{}: a directory without weights: no .safetensors file, no .gguf file, no pytorch_model.bin", path);
}

}  // namespace

std::string read_document(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) fail(ErrorCode::io, operation, "{}: {}", path, error.message());
  if (size > max_document_bytes)
    fail(ErrorCode::invalid_file, operation, "{}: {} bytes, expected at most {}", path, size, max_document_bytes);
  std::string text(static_cast<std::size_t>(size), '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(text.data(), static_cast<std::streamsize>(size)))
    fail(ErrorCode::io, operation, "{}: cannot be read", path);
  return text;
}

bool probe(const Source& source) { return source.is_directory(); }

Checkpoint open(const Source& source, const OpenOptions& options) {
  Checkpoint checkpoint = open_weights(source.path, options);
  checkpoint.path = source.path;
  // GGUF describes itself; the config.json that often lies beside it speaks of other names and another order of rows.
  if (checkpoint.format == "gguf") return checkpoint;
  for (const char* name : document_names) {
    const fs::path document = fs::path(source.path) / name;
    std::error_code absent;
    if (fs::is_regular_file(document, absent)) checkpoint.documents.emplace(name, read_document(document.string()));
  }
  assemble_quantized(checkpoint);
  return checkpoint;
}

void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options) {
  write_with_index(path, plan, options, {});
}

void write_with_index(const std::string& path, const OutputPlan& plan, const WriteOptions& options,
                      std::optional<std::uint64_t> total_parameters) {
  Output output(path, Output::Kind::directory, options.force);
  std::vector<std::string> names;
  for (const auto& [name, text] : plan.documents) names.push_back(name);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string& text = plan.documents.at(name);
    if (name.ends_with(".safetensors") || name.ends_with(".safetensors.index.json"))
      fail(ErrorCode::invalid_argument, operation, "document {} has the name of weights", printable(name));
    OutputFile file = output.create(text.size(), name);
    file.write(0, text);
    file.close();
  }
  safetensors::write_into(output, plan, options, total_parameters);
  output.commit();
}

}  // namespace ingot::huggingface
