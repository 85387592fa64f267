// GGUF version 3, little-endian.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <type_traits>

#include "core/checked.h"
#include "formats/cursor.h"
#include "formats/gguf/gguf.h"
#include "formats/pipeline.h"
#include "formats/plan.h"
#include "formats/utf8.h"

namespace ingot::gguf {
namespace {

constexpr const char* operation = "write_checkpoint";

// Value types in the order of GGUF's numbers, which is that of Value and of Array::values.
template <class T>
void append(std::string& out, T value) {
  static_assert(std::endian::native == std::endian::little, "numbers are appended as they lie in memory");
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_string(std::string& out, std::string_view text) {
  append<std::uint64_t>(out, text.size());
  out += text;
}

void append_value(std::string& out, bool value) { out += static_cast<char>(value); }
void append_value(std::string& out, const std::string& value) { append_string(out, value); }
template <class T>
  requires std::is_arithmetic_v<T>
void append_value(std::string& out, T value) {
  append(out, value);
}
void append_value(std::string& out, const Array& value) {
  append(out, static_cast<std::uint32_t>(value.values.index()));
  append<std::uint64_t>(out, value.size());
  std::visit(
      [&]<class T>(const std::vector<T>& elements) {
        if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
          out.append(reinterpret_cast<const char*>(elements.data()), elements.size() * sizeof(T));
        else
          for (const auto& element : elements) append_value(out, static_cast<const T&>(element));
      },
      value.values);
}

std::uint64_t padded(std::uint64_t size, std::uint64_t alignment) {
  return checked_add(size, (alignment - size % alignment) % alignment, operation);
}

std::uint32_t alignment_of(const Metadata& metadata) {
  const Value* value = metadata.find("general.alignment");
  if (!value) return default_alignment;
  const auto* alignment = std::get_if<std::uint32_t>(value);
  if (!alignment || !std::has_single_bit(*alignment) || *alignment > max_alignment)
    fail(ErrorCode::invalid_argument, operation,
         "metadata general.alignment is {}{}, expected a u32 that is a power of two up to {}", describe(*value),
         alignment ? fmt::format(" {}", *alignment) : "", max_alignment);
  return *alignment;
}

void check_strings(std::string_view key, const Array& array) {
  if (const auto* texts = std::get_if<std::vector<std::string>>(&array.values))
    for (const std::string& text : *texts)
      if (!is_valid_utf8(text))
        fail(ErrorCode::invalid_argument, operation, "metadata {}: \"{}\" is not valid UTF-8", printable(key),
             printable(text));
  if (const auto* arrays = std::get_if<std::vector<Array>>(&array.values))
    for (const Array& inner : *arrays) check_strings(key, inner);
}

struct Planned {
  std::string header;  // with the padding behind it
  std::vector<const OutputTensor*> tensors;
  std::vector<std::uint64_t> offsets;  // in the file
  std::uint64_t file_bytes = 0;
};

Planned plan_file(std::vector<const OutputTensor*> tensors, const Metadata& metadata) {
  const std::uint32_t alignment = alignment_of(metadata);
  Planned planned;
  std::string& out = planned.header;
  out = "GGUF";
  append<std::uint32_t>(out, 3);
  append<std::uint64_t>(out, tensors.size());
  append<std::uint64_t>(out, metadata.size());
  for (const auto& [key, value] : metadata) {
    if (key.empty() || key.size() > max_key_bytes || !is_valid_utf8(key))
      fail(ErrorCode::invalid_argument, operation, "metadata key {}: GGUF wants 1 to {} bytes of UTF-8", printable(key),
           max_key_bytes);
    if (const auto* text = std::get_if<std::string>(&value); text && !is_valid_utf8(*text))
      fail(ErrorCode::invalid_argument, operation, "metadata {}: not valid UTF-8", printable(key));
    if (const auto* array = std::get_if<Array>(&value)) check_strings(key, *array);
    append_string(out, key);
    append(out, static_cast<std::uint32_t>(value.index()));
    std::visit([&](const auto& v) { append_value(out, v); }, value);
  }
  std::uint64_t data = 0;
  for (const OutputTensor* tensor : tensors) {
    const auto number = type_number(tensor->dtype, tensor->encoding.get());
    const auto shown = printable(tensor->name);
    if (!number)
      fail(ErrorCode::invalid_argument, operation, "tensor {}: GGUF has no type for {}", shown, tensor->held_as());
    if (tensor->name.size() > max_written_name_bytes)
      fail(ErrorCode::invalid_argument, operation, "tensor {}: a name of {} bytes, ggml reads at most {}", shown,
           tensor->name.size(), max_written_name_bytes);
    if (tensor->shape.rank() > max_dims)
      fail(ErrorCode::invalid_argument, operation, "tensor {}: {} dimensions, GGUF holds at most {}", shown,
           tensor->shape.rank(), max_dims);
    append_string(out, tensor->name);
    append(out, static_cast<std::uint32_t>(tensor->shape.rank()));
    for (int axis = tensor->shape.rank() - 1; axis >= 0; --axis)
      append(out, static_cast<std::uint64_t>(tensor->shape[axis]));
    append(out, *number);
    append(out, data);
    planned.offsets.push_back(data);
    // ggml reads whole padded tensors, the last one too.
    data = padded(checked_add(data, tensor->nbytes(), operation), alignment);
  }
  if (!tensors.empty()) out.resize(static_cast<std::size_t>(padded(out.size(), alignment)));
  for (std::uint64_t& offset : planned.offsets) offset = checked_add<std::uint64_t>(offset, out.size(), operation);
  planned.file_bytes = checked_add<std::uint64_t>(data, out.size(), operation);
  planned.tensors = std::move(tensors);
  return planned;
}

void write_files(std::vector<OutputFile> files, const std::vector<Planned>& planned,
                 std::span<const SourceFile> sources, const WriteOptions& options, WriteProgress& progress) {
  std::vector<PlacedTensor> tensors;
  for (std::size_t i = 0; i < planned.size(); ++i) {
    files[i].write(0, planned[i].header);
    std::uint64_t rest = planned[i].file_bytes;  // header, and padding, which reads as zeros
    for (std::size_t k = 0; k < planned[i].tensors.size(); ++k) {
      tensors.push_back({planned[i].tensors[k], &files[i], planned[i].offsets[k]});
      rest -= planned[i].tensors[k]->nbytes();
    }
    progress.add(rest);
  }
  write_tensors(tensors, sources, options, progress);
  for (OutputFile& file : files) file.close();
}

void set_split(Metadata& metadata, std::size_t number, std::size_t count, std::size_t tensors) {
  metadata.set("split.no", static_cast<std::uint16_t>(number));
  metadata.set("split.count", static_cast<std::uint16_t>(count));
  metadata.set("split.tensors.count", static_cast<std::int32_t>(tensors));
}

// A directory of parts named as it is itself. The first carries the metadata.
void write_split(const std::string& path, const OutputPlan& plan, const Metadata& metadata,
                 const std::vector<const OutputTensor*>& tensors, const WriteOptions& options) {
  auto shards = distribute(tensors, plan.max_shard_bytes);
  if (shards.size() > 65535)
    fail(ErrorCode::invalid_argument, operation, "{} parts of {} bytes, GGUF counts at most 65535", shards.size(),
         plan.max_shard_bytes);
  std::vector<Planned> planned;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    Metadata keys;
    if (i == 0)
      keys = metadata;
    else if (const Value* alignment = metadata.find("general.alignment"))
      keys.set("general.alignment", *alignment);
    if (shards.size() > 1) set_split(keys, i, shards.size(), tensors.size());
    planned.push_back(plan_file(std::move(shards[i]), keys));
    total = checked_add(total, planned.back().file_bytes, operation);
  }
  std::string_view named = path;
  while (named.ends_with('/')) named.remove_suffix(1);
  std::string stem = std::filesystem::path(named).filename().string();
  if (stem.ends_with(".gguf")) stem.resize(stem.size() - 5);
  WriteProgress progress(options, total);
  Output output(path, Output::Kind::directory, options.force);
  std::vector<OutputFile> files;
  for (std::size_t i = 0; i < planned.size(); ++i)
    files.push_back(output.create(planned[i].file_bytes, planned.size() == 1
                                                             ? stem + ".gguf"
                                                             : shard_name(stem, i + 1, planned.size(), ".gguf")));
  write_files(std::move(files), planned, plan.sources, options, progress);
  output.commit();
}

}  // namespace

void write(const std::string& path, const OutputPlan& plan, const WriteOptions& options) {
  // A plan made from one part of a split model must not claim to be one.
  Metadata metadata = plan.metadata;
  for (const char* key : {"split.no", "split.count", "split.tensors.count"}) metadata.erase(key);
  std::vector<const OutputTensor*> tensors;
  for (const OutputTensor& tensor : plan.tensors) tensors.push_back(&tensor);
  if (plan.max_shard_bytes != 0) return write_split(path, plan, metadata, tensors, options);
  const std::vector<Planned> planned{plan_file(std::move(tensors), metadata)};
  WriteProgress progress(options, planned[0].file_bytes);
  Output output(path, Output::Kind::file, options.force);
  std::vector<OutputFile> files;
  files.push_back(output.create(planned[0].file_bytes));
  write_files(std::move(files), planned, plan.sources, options, progress);
  output.commit();
}

}  // namespace ingot::gguf
