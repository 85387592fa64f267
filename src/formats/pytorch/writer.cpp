// ZIP archives that torch.load(weights_only=True) reads: a dictionary of tensors, each in a storage of its own.
#include <algorithm>

#include "core/checked.h"
#include "formats/pipeline.h"
#include "formats/plan.h"
#include "formats/pytorch/pytorch.h"
#include "formats/safetensors/safetensors.h"
#include "formats/utf8.h"
#include "formats/zip/writer.h"
#include "formats/zip/zip.h"

namespace ingot::pytorch {
namespace {

constexpr const char* operation = "write_checkpoint";
// The folder that PyTorch takes for archives without a file name.
constexpr std::string_view folder = "archive/";

const ElementType& type_of(const OutputTensor& tensor) {
  if (const ElementType* type = element_type(tensor.dtype, tensor.encoding.get())) return *type;
  fail(ErrorCode::invalid_argument, operation, "tensor {}: PyTorch has no dtype for {}", printable(tensor.name),
       tensor.held_as());
}

// Protocol 2, without a memo: nothing is mentioned twice but names.
class Pickler {
 public:
  explicit Pickler(const std::vector<const OutputTensor*>& tensors) {
    out_ = "\x80\x02}(";
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      text(tensors[i]->name);
      tensor(*tensors[i], i);
    }
    out_ += "u.";
  }
  const std::string& bytes() const noexcept { return out_; }

 private:
  void little(std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xFF);
  }

  void text(std::string_view text) {
    out_ += 'X';
    little(text.size(), 4);
    out_ += text;
  }

  void integer(std::int64_t value) {
    if (value < 256)
      out_ += 'K', little(static_cast<std::uint64_t>(value), 1);
    else if (value <= INT32_MAX)
      out_ += 'J', little(static_cast<std::uint64_t>(value), 4);
    else
      out_ += "\x8a\x08", little(static_cast<std::uint64_t>(value), 8);
  }

  void tuple(const Shape& values) {
    out_ += '(';
    for (const std::int64_t value : values) integer(value);
    out_ += 't';
  }

  void global(std::string_view module, std::string_view name) {
    out_ += 'c';
    out_ += module;
    out_ += '\n';
    out_ += name;
    out_ += '\n';
  }

  // _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks); v3 has the dtype behind them, for storages
  // that are bytes.
  void tensor(const OutputTensor& tensor, std::size_t number) {
    const ElementType& type = type_of(tensor);
    const bool typed = !type.storage.empty();
    global("torch._utils", typed ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
    out_ += "((";
    text("storage");
    if (typed)
      global("torch", type.storage);
    else
      global("torch.storage", "UntypedStorage");
    text(std::to_string(number));
    text("cpu");
    integer(typed ? tensor.shape.numel() : static_cast<std::int64_t>(tensor.nbytes()));
    out_ += "tQ";
    integer(0);
    tuple(tensor.shape);
    tuple(contiguous_strides(tensor.shape));
    out_ += '\x89';
    global("collections", "OrderedDict");
    out_ += ")R";
    if (!typed) global("torch", type.name);
    out_ += "tR";
  }

  std::string out_;
};

class Shard {
 public:
  explicit Shard(std::vector<const OutputTensor*> tensors) : tensors_(std::move(tensors)) {
    texts_ = {{"data.pkl", Pickler(tensors_).bytes()}, {"byteorder", "little"}};
    for (const auto& [name, text] : texts_) archive_.add(std::string(folder) + name, text.size());
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
      archive_.add(std::string(folder) + "data/" + std::to_string(i), tensors_[i]->nbytes());
      data_bytes_ = checked_add(data_bytes_, tensors_[i]->nbytes(), operation);
    }
    // What torch.save has written since 1.6.
    archive_.add(std::string(folder) + "version", version_.size());
    file_bytes_ = archive_.file_bytes();
  }

  const std::vector<const OutputTensor*>& tensors() const noexcept { return tensors_; }
  std::uint64_t data_bytes() const noexcept { return data_bytes_; }
  std::uint64_t file_bytes() const noexcept { return file_bytes_; }

  /// Adds what write_tensors() shall write into `file`.
  void place(OutputFile& file, std::vector<PlacedTensor>& placed) {
    crcs_.resize(tensors_.size());
    for (std::size_t i = 0; i < tensors_.size(); ++i)
      placed.push_back({tensors_[i], &file, archive_.offset(texts_.size() + i), &crcs_[i]});
  }
  /// The rest, once the tensors are written.
  void finish(OutputFile& file, WriteProgress& progress) {
    for (std::size_t i = 0; i < texts_.size(); ++i) write_text(file, i, texts_[i].second);
    for (std::size_t i = 0; i < tensors_.size(); ++i) archive_.set_crc(texts_.size() + i, crcs_[i].value());
    write_text(file, texts_.size() + tensors_.size(), version_);
    archive_.finish(file);
    progress.add(file_bytes_ - data_bytes_);
    file.close();
  }

 private:
  void write_text(OutputFile& file, std::size_t entry, const std::string& text) {
    zip::Crc crc;
    crc.add(std::as_bytes(std::span(text)));
    file.write(archive_.offset(entry), text);
    archive_.set_crc(entry, crc.value());
  }

  std::vector<const OutputTensor*> tensors_;
  std::vector<std::pair<std::string, std::string>> texts_;
  const std::string version_ = "3\n";
  zip::Writer archive_;
  std::vector<zip::Crc> crcs_;
  std::uint64_t data_bytes_ = 0, file_bytes_ = 0;
};

void write_files(std::vector<OutputFile>& files, std::vector<Shard>& shards, std::span<const SourceFile> sources,
                 const WriteOptions& options, WriteProgress& progress) {
  std::vector<PlacedTensor> placed;
  for (std::size_t i = 0; i < shards.size(); ++i) shards[i].place(files[i], placed);
  write_tensors(placed, sources, options, progress);
  for (std::size_t i = 0; i < shards.size(); ++i) shards[i].finish(files[i], progress);
}

}  // namespace

void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options) {
  require_no_metadata(plan, "PyTorch's files");
  std::vector<const OutputTensor*> tensors;
  for (const OutputTensor& tensor : plan.tensors) tensors.push_back(&tensor);
  std::vector<Shard> shards;
  std::uint64_t files_bytes = 0, data_bytes = 0;
  for (auto& part : distribute(tensors, plan.max_shard_bytes)) {
    shards.emplace_back(std::move(part));
    files_bytes = checked_add(files_bytes, shards.back().file_bytes(), operation);
    data_bytes += shards.back().data_bytes();
  }
  WriteProgress progress(options, files_bytes);
  std::vector<OutputFile> files;
  if (plan.max_shard_bytes == 0) {
    Output output(path, Output::Kind::file, options.force);
    files.push_back(output.create(shards[0].file_bytes()));
    write_files(files, shards, plan.sources, options, progress);
    output.commit();
    return;
  }
  Output output(path, Output::Kind::directory, options.force);
  std::vector<std::pair<std::string, std::string>> weight_map;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name =
        shards.size() == 1 ? "pytorch_model.bin" : shard_name("pytorch_model", i + 1, shards.size(), ".bin");
    for (const OutputTensor* tensor : shards[i].tensors()) weight_map.emplace_back(tensor->name, name);
    files.push_back(output.create(shards[i].file_bytes(), name));
  }
  write_files(files, shards, plan.sources, options, progress);
  if (shards.size() > 1) {
    const std::string index = safetensors::index_json(std::move(weight_map), data_bytes);
    OutputFile file = output.create(index.size(), "pytorch_model.bin.index.json");
    file.write(0, index);
    file.close();
  }
  output.commit();
}

}  // namespace ingot::pytorch
