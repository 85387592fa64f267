// What torch.save writes: ZIP archives, the files before PyTorch 1.6 ("legacy"), and shards of either with an index.
// Facts: torch/serialization.py, torch/_utils.py.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/format.h"

namespace ingot::pytorch {

/// An element of a tensor: a dtype, or a scheme that is carried.
struct ElementType {
  std::string_view name;     // of the dtype: "float32"
  std::string_view storage;  // "FloatStorage"; empty for dtypes whose storages are untyped bytes
  int bytes;
  std::optional<DType> dtype;
  std::optional<Scheme> scheme;
  int number_bytes;  // of what the byte order applies to: half a complex number
};

/// Null where unknown.
const ElementType* element_type(std::string_view name) noexcept;
const ElementType* storage_type(std::string_view name) noexcept;
const ElementType* element_type(DType dtype, const Encoding* encoding) noexcept;

bool probe(const Source& source);
Checkpoint open(const Source& source, const OpenOptions& options);
/// The tensors of one more file, appended. Metadata keys that are there already stay.
void append_file(Checkpoint& into, const Source& source);

/// pytorch_model.bin, or shards and their index, as Hugging Face's older models have them.
bool directory_has_weights(const std::string& path);
Checkpoint open_directory(const std::string& path);

void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options);

}  // namespace ingot::pytorch
