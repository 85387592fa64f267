#include <algorithm>
#include <cstring>
#include <filesystem>
#include <unordered_map>

#include "core/fail.h"
#include "formats/safetensors/safetensors.h"
#include "formats/utf8.h"

namespace ingot::safetensors {
namespace {

namespace fs = std::filesystem;

constexpr const char* operation = "safetensors";

Checkpoint empty_checkpoint(const std::string& path, std::string_view format = "safetensors") {
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.format = format;
  return checkpoint;
}

// Names of the SafeTensors files of a directory, sorted.
std::vector<std::string> weight_files(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    auto name = entry->path().filename().string();
    if (name.ends_with(".safetensors") && !name.starts_with('.')) names.push_back(std::move(name));
  }
  if (error) fail(ErrorCode::io, operation, "{}: {}", path, error.message());
  std::sort(names.begin(), names.end());
  return names;
}

bool is_index_name(std::string_view name) { return name.ends_with(".safetensors.index.json"); }

}  // namespace

bool probe(const Source& source) {
  if (source.is_directory()) return !path_exists(source.path + "/config.json") && directory_has_weights(source.path);
  const auto bytes = source.span();
  if (is_index_name(source.path)) return true;
  if (bytes.size() < 10) return false;
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(i)]);
  if (length < 2 || length > max_header_bytes || length > bytes.size() - 8) return false;
  // The reference skips white space before the object.
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, static_cast<std::size_t>(length));
  const std::size_t first = text.substr(0, 4096).find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

void append_file(Checkpoint& into, const Source& source) {
  Header header = read_header(source);
  const int file = static_cast<int>(into.files.size());
  into.files.push_back(source.path);
  for (const auto& [key, value] : header.metadata)
    if (!into.metadata.contains(key)) into.metadata.set(key, value);
  into.tensors.reserve(into.tensors.size() + header.entries.size());
  for (Entry& entry : header.entries) {
    const auto begin = static_cast<std::size_t>(entry.begin);
    Tensor tensor = entry.type->dtype
                        ? Tensor::view_of(source.bytes, begin, entry.shape, *entry.type->dtype)
                        : Tensor::view_of(source.bytes, begin, entry.shape, Encoding::of(*entry.type->scheme));
    into.add({std::move(entry.name), std::move(tensor), file, entry.begin});
  }
}

Checkpoint open(const Source& source, const OpenOptions&) {
  if (source.is_directory()) return open_directory(source.path);
  if (is_index_name(source.path)) return open_index(source.path);
  Checkpoint checkpoint = empty_checkpoint(source.path);
  append_file(checkpoint, source);
  return checkpoint;
}

Checkpoint open_index(const std::string& path, std::string_view format,
                      void (*append)(Checkpoint& into, const Source& source)) {
  const Index index = read_index(file_at(path));
  const std::string directory = fs::path(path).parent_path().string();
  Checkpoint checkpoint = empty_checkpoint(path, format);

  std::unordered_map<std::string_view, std::string_view> named;  // tensor → file
  std::vector<std::string_view> files;
  named.reserve(index.weight_map.size());
  std::unordered_map<std::string_view, int> position;
  for (const auto& [tensor, file] : index.weight_map) {
    named.emplace(tensor, file);
    if (position.try_emplace(file, 0).second) files.push_back(file);
  }
  std::sort(files.begin(), files.end());
  for (std::size_t i = 0; i < files.size(); ++i) {
    position[files[i]] = static_cast<int>(i);
    const auto shard = (fs::path(directory) / files[i]).string();
    if (!path_exists(shard)) {
      const auto first = std::find_if(index.weight_map.begin(), index.weight_map.end(),
                                      [&](const auto& entry) { return entry.second == files[i]; });
      fail(ErrorCode::invalid_file, operation, "{}: shard {} is missing (it holds {})", path, files[i],
           printable(first->first));
    }
    append(checkpoint, file_at(shard));
  }

  std::size_t unnamed = 0;
  std::uint64_t total = 0;
  for (const NamedTensor& tensor : checkpoint.tensors) {
    const auto found = named.find(tensor.name);
    total += tensor.tensor.nbytes();
    if (found == named.end())
      ++unnamed;
    else if (position[found->second] != tensor.file)
      fail(ErrorCode::invalid_file, operation, "{}: tensor {} is in {}, the index says {}", path,
           printable(tensor.name), files[static_cast<std::size_t>(tensor.file)], found->second);
  }
  for (const auto& [tensor, file] : index.weight_map)
    if (!checkpoint.find(tensor))
      fail(ErrorCode::invalid_file, operation, "{}: the index names tensor {} in {}, which does not hold it", path,
           printable(tensor), file);
  if (unnamed) checkpoint.notes.push_back(fmt::format("{} tensors of the shards are not in the index", unnamed));
  if (index.total_size && *index.total_size != total)
    checkpoint.notes.push_back(
        fmt::format("the index says {} bytes in total, the tensors take {}", *index.total_size, total));
  return checkpoint;
}

bool directory_has_weights(const std::string& path) { return !weight_files(path).empty(); }

Checkpoint open_directory(const std::string& path) {
  const auto join = [&](const std::string& name) { return (fs::path(path) / name).string(); };
  const std::vector<std::string> names = weight_files(path);
  const bool single = std::binary_search(names.begin(), names.end(), std::string("model.safetensors"));
  Checkpoint checkpoint = empty_checkpoint(path);
  if (!single && path_exists(join("model.safetensors.index.json"))) {
    checkpoint = open_index(join("model.safetensors.index.json"));
    checkpoint.path = path;
  } else if (single || names.size() == 1) {
    append_file(checkpoint, file_at(join(single ? "model.safetensors" : names[0])));
  } else {
    if (names.empty()) fail(ErrorCode::not_found, operation, "{}: no weights", path);
    fail(
        ErrorCode::invalid_file, operation,
        "{}: {} SafeTensors files, but neither model.safetensors nor model.safetensors.index.json to say which are the "
        "model's",
        path, names.size());
  }
  return checkpoint;
}

}  // namespace ingot::safetensors
