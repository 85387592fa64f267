// Weight files: one interface for every format.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ingot/metadata.h"
#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

struct NamedTensor {
  std::string name;
  Tensor tensor;             // a view of the mapped file
  int file = 0;              // index into Checkpoint::files
  std::uint64_t offset = 0;  // of the first byte in that file
};

/// What a file or a directory of weights holds. Tensors are views of the mapping: opening reads headers only.
class Checkpoint {
 public:
  std::string path;                // as given
  std::string_view format;         // "safetensors", "gguf", "pytorch", …: the row of the format table
  std::vector<std::string> files;  // every weight file, in order
  /// GGUF: all keys; SafeTensors: `__metadata__` as strings; PyTorch: numbers, truth values and texts that stand beside
  /// the tensors; others: empty.
  Metadata metadata;
  std::vector<NamedTensor> tensors;  // in file order
  /// Directories: the text of config.json, generation_config.json, … by file name, those present.
  std::unordered_map<std::string, std::string> documents;
  /// Things a user should know that are no errors ("packing of I2_S assumed …").
  std::vector<std::string> notes;

  /// Adds a tensor; throws invalid_file for a name that exists.
  void add(NamedTensor tensor);
  /// Null where absent.
  const Tensor* find(std::string_view name) const noexcept;
  /// Throws not_found naming the path and the tensor.
  const Tensor& get(std::string_view name) const;

 private:
  std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> index_;
};

struct OpenOptions {
  Packing i2s_packing = Packing::i2s_x86;  // of I2_S files that do not say ("ingot.i2_s.packing")
};

/// Opens a file or directory; the format is found by content, not by name. A path that does not exist and looks like
/// "org/name" is looked up in the Hugging Face cache ($HF_HUB_CACHE, $HF_HOME/hub, ~/.cache/huggingface/hub).
/// Throws not_found (with the download command for org/name), invalid_file naming file, tensor or key, byte offset,
/// what was found and what was expected.
Checkpoint open_checkpoint(const std::string& path, const OpenOptions& options = {});

/// A tensor to be written: its place in the plan is fixed by dtype/encoding and shape before any byte exists.
struct OutputTensor {
  std::string name;
  Shape shape;
  DType dtype = DType::f32;
  Ref<const Encoding> encoding;  // null: plain
  /// Produces the tensor when its turn comes; it must match shape, dtype and encoding. Called once, so that only one
  /// tensor needs to be in memory. With any strides (encoded tensors row-major), at any alignment.
  std::function<Tensor()> make;
};

/// Everything a writer needs. Writers know every offset before the first byte is written.
struct OutputPlan {
  std::vector<OutputTensor> tensors;
  Metadata metadata;  // GGUF keys, or SafeTensors' `__metadata__` (strings); PyTorch and NumPy files hold none
  std::unordered_map<std::string, std::string> documents;  // "huggingface": files written beside the weights
  /// 0: one file. Else the path becomes a directory of shards of at most this many bytes of tensors each (a larger
  /// tensor has a shard to itself), with an index where the format has one.
  std::uint64_t max_shard_bytes = 0;
};

struct WriteOptions {
  bool force = false;  // replace what stands at the path, by exchange, once the new output is complete
  /// Called as bytes are written: done, total.
  std::function<void(std::uint64_t, std::uint64_t)> progress;
};

/// Writes `plan` as `format` ("safetensors", "gguf", "huggingface", "pytorch", "npz", "npy") to `path`: under a
/// temporary sibling name, synced, then renamed. On any failure nothing is left. Throws invalid_argument where the path
/// exists without `force`, where a format cannot hold a tensor (named), or a name is used twice; io for a full disk.
void write_checkpoint(const std::string& path, std::string_view format, const OutputPlan& plan,
                      const WriteOptions& options = {});

}  // namespace ingot
