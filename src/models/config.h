// The two readers behind ModelConfig::from(), and what else depends on the text they read.
#pragma once

#include "ingot/model.h"

namespace ingot {

ModelConfig config_from_gguf(const Checkpoint& checkpoint);
ModelConfig config_from_huggingface(const Checkpoint& checkpoint);

/// The text of a config.json with another element type of the weights; `decoded`: which are quantized no longer.
std::string config_json_with_dtype(const std::string& text, DType dtype, bool decoded, const std::string& where);

/// The files by which sentence-transformers pools as the model does, with their names; none for a model that says
/// nothing about it.
std::vector<std::pair<std::string, std::string>> sentence_transformers_documents(const ModelConfig& config);

/// Throws invalid_file where the vocabulary has ids that the embedding has no row for. Fewer are fine: padded.
void check_vocabulary(const Vocabulary& vocabulary, const ModelConfig& config);

}  // namespace ingot
