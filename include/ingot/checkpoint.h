// Weight files: one interface for every format.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ingot/metadata.h"
#include "ingot/tensor.h"

namespace [[gnu::visibility("default")]] ingot {

struct Composite;

struct NamedTensor {
  std::string name;
  Tensor tensor;             // a view of the mapped file; undefined where `composite` is set
  int file = 0;              // index into Checkpoint::files
  std::uint64_t offset = 0;  // of the first byte in that file; of a composite its first part's
  std::shared_ptr<const Composite> composite = nullptr;

  // These serve both kinds.
  const Shape& shape() const noexcept;
  /// What its elements are; of encoded tensors and composites what they decode to.
  DType dtype() const noexcept;
  /// Bytes in the files.
  std::uint64_t nbytes() const;
  /// Whether its elements are decoded before they are numbers.
  bool is_quantized() const noexcept { return composite || tensor.is_quantized(); }
  /// "f32", "Q4_0", "gptq 4-bit, group 128": what the elements are held as.
  std::string held_as() const;
  /// Of the tensor seen as (product of all axes but the last, last axis); 1-D ones and scalars are one row.
  std::int64_t row_count() const noexcept;
  /// Rows first … last: of a tensor a view where strides allow, of a composite decoded. Any thread may call it. Throws
  /// out_of_range.
  Tensor rows(std::int64_t first, std::int64_t last) const;
  /// The tensor itself; of a composite all of it in memory, in an encoding of ours where one holds it exactly.
  Tensor whole() const;
  /// Tells the system that mapped pages of it are not needed again.
  void release_pages() const;
};

/// A weight that files hold in several tensors (GPTQ, AWQ, MLX, bitsandbytes, …), decoded on demand.
struct Composite {
  Shape shape;                     // rank ≥ 1
  DType dtype = DType::f32;        // of decoded rows: f16, bf16 or f32
  std::string scheme;              // "gptq 4-bit, group 128"
  std::vector<NamedTensor> parts;  // as the files hold them
  /// Rows first … last, 0 ≤ first ≤ last ≤ the product of all axes but the last: (last − first, last axis) of `dtype`.
  /// Called from any thread, in any order; the same rows always give the same bits.
  std::function<Tensor(std::int64_t first, std::int64_t last)> rows;
  /// Where set: the whole in an encoding of ours that holds exactly what rows() gives.
  std::function<Tensor()> encoded = nullptr;
};

/// A file as it was when it was opened.
struct SourceFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::int64_t modified = 0;  // in ticks of the file system's clock

  /// Throws io where the file cannot be looked at.
  static SourceFile at(const std::string& path);
  bool operator==(const SourceFile&) const = default;
};

/// What a file or a directory of weights holds. Tensors are views of the mapping: opening reads headers only.
class Checkpoint {
 public:
  std::string path;                 // as given
  std::string_view format;          // "safetensors", "gguf", "pytorch", …: the row of the format table
  std::vector<std::string> files;   // every weight file, in order
  std::vector<SourceFile> sources;  // the same with size and time; empty where nothing was opened by name
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
  /// Other tensors instead of those that are there.
  void replace(std::vector<NamedTensor> others);
  /// Null where absent.
  const NamedTensor* find(std::string_view name) const noexcept;
  /// The whole tensor, a composite decoded. Throws not_found naming the path and the tensor.
  Tensor get(std::string_view name) const;

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
  Ref<const Encoding> encoding = {};  // null: plain
  /// Rows first … last − 1 of the tensor seen as (product of all axes but the last, last axis), of shape
  /// (last − first, last axis); scalars and vectors are one row. Of the dtype and encoding above (of I2_S the packing;
  /// its scale is what the rows say), with any strides (encoded ones row-major), at any alignment. Called by any
  /// thread, in any order, and must be pure: so tiles of rows are all that is in memory, and any number of threads
  /// writes the same bytes.
  std::function<Tensor(std::int64_t first, std::int64_t last)> rows = {};
  /// Ranges begin at multiples of it, and end at one or at the last row: the rows of a head where heads are permuted,
  /// the rows that share a byte or a block.
  std::int64_t row_unit = 1;

  /// Bytes it takes in a file (of I2_S with its tail). Throws invalid_argument naming it where its shape does not fit
  /// its encoding.
  std::uint64_t nbytes() const;
  /// "Q4_0", "f32": what its elements are held as.
  std::string_view held_as() const noexcept;

  /// Writes `x` as it is.
  static OutputTensor of(std::string name, const Tensor& x);
  /// A composite is decoded.
  static OutputTensor of(const NamedTensor& tensor);
};

/// Everything a writer needs. Writers know every offset before the first byte is written.
struct OutputPlan {
  std::vector<OutputTensor> tensors;
  Metadata metadata;  // GGUF keys, or SafeTensors' `__metadata__` (strings); PyTorch and NumPy files hold none
  std::unordered_map<std::string, std::string> documents;  // "huggingface": files written beside the weights
  /// 0: one file. Else the path becomes a directory of shards of at most this many bytes of tensors each (a larger
  /// tensor has a shard to itself), with an index where the format has one.
  std::uint64_t max_shard_bytes = 0;
  /// Files that the rows come from: writing fails at the end, and leaves nothing, where one has changed since.
  std::vector<SourceFile> sources;
};

struct WriteOptions {
  bool force = false;  // replace what stands at the path, by exchange, once the new output is complete
  /// Bytes of private memory for tiles of rows, all threads together; mapped files come on top. A row has to fit.
  std::uint64_t memory = std::uint64_t{512} << 20;
  /// Called as bytes are written, by the thread that called write_checkpoint: done, total. What it throws ends the run,
  /// which then leaves nothing.
  std::function<void(std::uint64_t, std::uint64_t)> progress = {};
};

/// Writes `plan` as `format` ("safetensors", "gguf", "huggingface", "pytorch", "npz", "npy") to `path`: under a
/// temporary sibling name, synced, then renamed. On any failure nothing is left. Throws invalid_argument where the path
/// exists without `force`, where a format cannot hold a tensor (named), or a name is used twice; io for a full disk.
void write_checkpoint(const std::string& path, std::string_view format, const OutputPlan& plan,
                      const WriteOptions& options = {});

}  // namespace ingot
