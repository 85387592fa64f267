// Directories as Hugging Face lays them out: config.json, tokenizer files, weights; and its cache of downloads.
#pragma once

#include <optional>
#include <string>

#include "formats/format.h"

namespace ingot::huggingface {

/// Any directory: one without weights gets this format's complaint.
bool probe(const Source& source);
/// Weights single or sharded, with the documents beside them. A directory that holds one GGUF model instead opens it.
Checkpoint open(const Source& source, const OpenOptions& options);
void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options);
/// With an index beside a single file too, which says MLX's "total_parameters".
void write_with_index(const std::string& path, const OutputPlan& plan, const WriteOptions& options,
                      std::optional<std::uint64_t> total_parameters);

/// The text of a file of configuration or vocabulary. Throws io, and invalid_file for one that is too large.
std::string read_document(const std::string& path);

/// Whether the text has the form "org/name".
bool is_hub_name(const std::string& path);
/// The snapshot directory of "org/name". Throws not_found with the command that downloads it.
std::string cached_snapshot(const std::string& name);

}  // namespace ingot::huggingface
