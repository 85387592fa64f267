#include <charconv>
#include <cmath>
#include <cstring>

#include "core/fail.h"
#include "formats/gguf/gguf.h"
#include "formats/plan.h"
#include "formats/utf8.h"

namespace ingot::gguf {
namespace {

constexpr const char* operation = "gguf";

constexpr const char* split_number_key = "split.no";
constexpr const char* split_count_key = "split.count";
constexpr const char* split_tensors_key = "split.tensors.count";
constexpr const char* i2s_packing_key = "ingot.i2_s.packing";

std::string_view describe_packing(Packing packing) {
  switch (packing) {
    case Packing::i2s_arm: return "ARM (64 elements in 16 bytes)";
    case Packing::i2s_rows: return "rows (four rows to a byte)";
    case Packing::i2s_x86:
    case Packing::none: break;
  }
  return "x86 (128 elements in 32 bytes)";
}

// The scale from the tail, and whether the shape suits the packing.
Ref<const Encoding> i2_s_encoding(const Source& source, const TensorInfo& tensor, const std::byte* data,
                                  Packing packing) {
  const auto reject = [&](const std::string& why) {
    fail(ErrorCode::invalid_file, operation, "{}, byte {}: tensor {}, I2_S {}: {}", source.path, tensor.offset,
         printable(tensor.name), to_string(tensor.shape), why);
  };
  const std::int64_t elements = tensor.shape.numel();
  const int group = packing == Packing::i2s_arm ? 64 : 128;
  if (packing == Packing::i2s_rows) {
    const std::int64_t rows = tensor.shape.empty() ? 1 : elements / std::max<std::int64_t>(tensor.shape.back(), 1);
    if (rows % 4 != 0) reject(fmt::format("{} rows are not a multiple of 4, as the packing by rows wants", rows));
  } else if (elements % group != 0) {
    reject(fmt::format("{} elements are not a multiple of {}, as the packing {} wants", elements, group,
                       describe_packing(packing)));
  }
  float scale;
  std::memcpy(&scale, data + tensor.bytes - 32, sizeof scale);
  if (!std::isfinite(scale)) reject("the scale in its tail is not finite");
  return Encoding::i2_s(packing, scale);
}

void append_tensors(Checkpoint& into, const Source& source, Header& header, const OpenOptions& options) {
  const int file = static_cast<int>(into.files.size());
  into.files.push_back(source.path);
  into.tensors.reserve(into.tensors.size() + header.tensors.size());

  Ref<Storage> storage = source.bytes;
  std::uint64_t begin = 0;
  if (header.order != std::endian::native) {
    storage = swapped_copy(source, header.tensors, begin);
    if (!header.tensors.empty()) into.notes.push_back(fmt::format("{}: big-endian, read through a copy", source.path));
  }
  bool i2_s = false;
  for (TensorInfo& tensor : header.tensors) {
    const auto at = static_cast<std::size_t>(tensor.bytes == 0 ? 0 : tensor.offset - begin);
    Tensor view;
    if (tensor.type.dtype) {
      view = Tensor::view_of(storage, at, tensor.shape, *tensor.type.dtype);
    } else if (*tensor.type.scheme == Scheme::i2_s) {
      i2_s = true;
      view = Tensor::view_of(storage, at, tensor.shape,
                             i2_s_encoding(source, tensor, storage->data() + at, options.i2s_packing));
    } else {
      view = Tensor::view_of(storage, at, tensor.shape, Encoding::of(*tensor.type.scheme));
    }
    into.add({std::move(tensor.name), std::move(view), file, tensor.offset});
  }
  if (i2_s)
    into.notes.push_back(into.metadata.contains(i2s_packing_key)
                             ? fmt::format("{}: the packing of I2_S is {}, as the key {} says", source.path,
                                           describe_packing(options.i2s_packing), i2s_packing_key)
                             : fmt::format("{}: the packing of I2_S is taken to be {}; there is no marker of it",
                                           source.path, describe_packing(options.i2s_packing)));
}

// Our own files say how their I2_S tensors are packed; that goes before what the caller assumes.
OpenOptions with_recorded_packing(OpenOptions options, const Metadata& metadata, const std::string& path) {
  const Value* value = metadata.find(i2s_packing_key);
  if (!value) return options;
  const auto* name = std::get_if<std::string>(value);
  const auto packing = name ? packing_from_string(*name) : std::nullopt;
  if (!packing || *packing == Packing::none)
    fail(ErrorCode::invalid_file, operation, "{}: key {} is {}; x86, arm or rows expected", path, i2s_packing_key,
         name ? printable(*name) : describe(*value));
  options.i2s_packing = *packing;
  return options;
}

// A key of a part, or -1 where absent.
std::int64_t split_value(const Source& source, const Metadata& metadata, const char* key) {
  if (!metadata.contains(key)) return -1;
  try {
    const std::int64_t value = metadata.integer(key);
    if (value >= 0) return value;
  } catch (const Error& error) {
    fail(ErrorCode::invalid_file, operation, "{}: {}", source.path, error.message());
  }
  fail(ErrorCode::invalid_file, operation, "{}: key {} is negative", source.path, key);
}

Checkpoint open_split(const Source& source, std::int64_t count, const OpenOptions& options) {
  const auto name = part_name(source.path);
  if (!name || name->count != count)
    fail(ErrorCode::invalid_file, operation,
         "{}: one of {} parts, but the name does not end like -00001-of-{:05d}.gguf, so the others cannot be found",
         source.path, count, count);
  Checkpoint checkpoint;
  checkpoint.path = source.path;
  checkpoint.format = "gguf";
  std::int64_t expected_tensors = -1;
  for (int number = 1; number <= name->count; ++number) {
    const std::string path =
        shard_name(name->stem, static_cast<std::size_t>(number), static_cast<std::size_t>(name->count), ".gguf");
    if (!path_exists(path))
      fail(ErrorCode::invalid_file, operation, "{}: part {} of {} is missing: {}", source.path, number, name->count,
           path);
    const Source part = number == name->number ? source : source_at(path);
    if (!probe(part)) fail(ErrorCode::invalid_file, operation, "{}: part {} is no GGUF file", path, number);
    Header header = read_header(part);
    const std::int64_t found_number = split_value(part, header.metadata, split_number_key);
    const std::int64_t found_count = split_value(part, header.metadata, split_count_key);
    if (found_number != number - 1 || found_count != count)
      fail(ErrorCode::invalid_file, operation, "{}: {} {} and {} {}, expected {} and {}", path, split_number_key,
           found_number, split_count_key, found_count, number - 1, count);
    const std::int64_t tensors = split_value(part, header.metadata, split_tensors_key);
    if (tensors >= 0) expected_tensors = tensors;
    // The first part carries the model's metadata; the others repeat at most what is needed to read them.
    if (number == 1) checkpoint.metadata = std::move(header.metadata);
    append_tensors(checkpoint, part, header, with_recorded_packing(options, checkpoint.metadata, source.path));
  }
  if (expected_tensors >= 0 && expected_tensors != static_cast<std::int64_t>(checkpoint.tensors.size()))
    fail(ErrorCode::invalid_file, operation, "{}: {} is {}, but the parts hold {} tensors", source.path,
         split_tensors_key, expected_tensors, checkpoint.tensors.size());
  // Together they are no part any more.
  for (const char* key : {split_number_key, split_count_key, split_tensors_key}) checkpoint.metadata.erase(key);
  return checkpoint;
}

std::optional<int> five_digits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

}  // namespace

std::optional<PartName> part_name(std::string_view path) {
  // "-00001-of-00003.gguf"
  constexpr std::size_t tail = 20;
  if (path.size() <= tail || !path.ends_with(".gguf")) return {};
  const std::string_view end = path.substr(path.size() - tail);
  if (end[0] != '-' || end.substr(6, 4) != "-of-") return {};
  const auto number = five_digits(end.substr(1, 5)), count = five_digits(end.substr(10, 5));
  if (!number || !count || *number < 1 || *number > *count) return {};
  return PartName{std::string(path.substr(0, path.size() - tail)), *number, *count};
}

bool probe(const Source& source) {
  if (source.is_directory()) return false;
  const auto bytes = source.span();
  return bytes.size() >= 4 && std::memcmp(bytes.data(), "GGUF", 4) == 0;
}

Checkpoint open(const Source& source, const OpenOptions& options) {
  Header header = read_header(source);
  const std::int64_t count = split_value(source, header.metadata, split_count_key);
  if (count > 1) return open_split(source, count, options);
  Checkpoint checkpoint;
  checkpoint.path = source.path;
  checkpoint.format = "gguf";
  checkpoint.metadata = std::move(header.metadata);
  append_tensors(checkpoint, source, header, with_recorded_packing(options, checkpoint.metadata, source.path));
  return checkpoint;
}

}  // namespace ingot::gguf
