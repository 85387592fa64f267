// SafeTensors: u64 header length, JSON header, tensor data. Facts: huggingface/safetensors, tensor.rs and README.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"
#include "formats/plan.h"

namespace ingot::safetensors {

inline constexpr std::uint64_t max_header_bytes = 100'000'000;

/// What an element of SafeTensors' `dtype` field is here: a dtype, or a scheme that is carried.
struct ElementType {
  std::string_view name;
  int bits;
  std::optional<DType> dtype;
  std::optional<Scheme> scheme;
  int rank;  // the reference's ascending order of alignment, by which its writer sorts
};

const ElementType* element_type(std::string_view name) noexcept;
/// None for what SafeTensors has no name for.
const ElementType* element_type(DType dtype, const Encoding* encoding) noexcept;

/// One entry of a header: checked against the file, offsets from its beginning.
struct Entry {
  std::string name;
  const ElementType* type = nullptr;
  Shape shape;
  std::uint64_t begin = 0, end = 0;
};

struct Header {
  Metadata metadata;
  std::vector<Entry> entries;  // by offset
};

/// Reads and checks the header of a whole file.
Header read_header(const Source& source);

/// model.safetensors.index.json: tensors with the file each lies in, in the order they are named.
struct Index {
  std::vector<std::pair<std::string, std::string>> weight_map;
  std::optional<std::uint64_t> total_size;
};
Index read_index(const Source& source);

bool probe(const Source& source);
Checkpoint open(const Source& source, const OpenOptions& options);
/// The tensors of one more file, appended. Metadata keys that are there already stay.
void append_file(Checkpoint& into, const Source& source);
/// The shards that an index names, all in its directory. PyTorch's files have the same index.
Checkpoint open_index(const std::string& path, std::string_view format = "safetensors",
                      void (*append)(Checkpoint& into, const Source& source) = append_file);

/// A directory of SafeTensors files without a config.json (with one it is Hugging Face's).
Checkpoint open_directory(const std::string& path);
bool directory_has_weights(const std::string& path);

void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options);
/// The weights inside a directory output: model.safetensors, or shards and their index, which is always there where it
/// has a number of parameters to say.
void write_into(Output& output, const OutputPlan& plan, const WriteOptions& options,
                std::optional<std::uint64_t> total_parameters = {});
/// The index of shards: tensors with their files, the bytes of all tensors, and MLX's number of parameters.
std::string index_json(std::vector<std::pair<std::string, std::string>> weight_map, std::uint64_t total_size,
                       std::optional<std::uint64_t> total_parameters = {});

}  // namespace ingot::safetensors
