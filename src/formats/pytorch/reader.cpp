#include <filesystem>
#include <unordered_map>

#include "formats/pytorch/tensors.h"
#include "formats/safetensors/safetensors.h"
#include "formats/utf8.h"
#include "formats/zip/zip.h"

namespace ingot::pytorch {
namespace {

namespace fs = std::filesystem;

constexpr const char* operation = "pytorch";
constexpr std::string_view index_name = "pytorch_model.bin.index.json", single_name = "pytorch_model.bin";

// A pickle of the number 0x1950a86a20f9469cfc6c, then one of the version.
constexpr std::string_view legacy_magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
constexpr std::int64_t legacy_version = 1001;

bool is_legacy(const Source& source) {
  const auto bytes = source.span();
  return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()).starts_with(legacy_magic);
}

// Archives have one folder, named after the file they were first saved to.
const zip::Entry& find_pickle(const zip::Archive& archive, const Source& source) {
  const zip::Entry* found = nullptr;
  for (const zip::Entry& entry : archive.entries) {
    const std::string_view name = entry.name;
    const std::size_t slash = name.find('/');
    if (name != "data.pkl" && (slash == std::string_view::npos || name.substr(slash) != "/data.pkl")) continue;
    if (found)
      fail(ErrorCode::invalid_file, operation, "{}: both {} and {}", source.path, printable(found->name),
           printable(name));
    found = &entry;
  }
  if (!found)
    fail(ErrorCode::invalid_file, operation, "{}: a ZIP archive without data.pkl, so none that torch.save wrote",
         source.path);
  return *found;
}

void append_archive(Checkpoint& into, const Source& source) {
  const zip::Archive archive = zip::open(operation, source);
  const zip::Entry& pickled = find_pickle(archive, source);
  const std::string folder = pickled.name.substr(0, pickled.name.size() - std::string_view("data.pkl").size());
  std::unordered_map<std::string_view, const zip::Entry*> entries;
  for (const zip::Entry& entry : archive.entries) entries.emplace(entry.name, &entry);
  const auto find = [&](const std::string& name) {
    const auto entry = entries.find(name);
    return entry == entries.end() ? nullptr : entry->second;
  };

  bool swapped = false;
  if (const zip::Entry* order = find(folder + "byteorder")) {
    zip::check_crc(operation, source.path, *order);
    const std::string_view text(reinterpret_cast<const char*>(order->span().data()), order->span().size());
    if (text != "little" && text != "big")
      fail(ErrorCode::invalid_file, operation, "{}, byte {}: byteorder {}, expected little or big", source.path,
           order->offset, printable(text));
    swapped = text == "big";
  }
  zip::check_crc(operation, source.path, pickled);
  const std::string shown = source.path + ", entry " + printable(pickled.name);
  Cursor cursor(operation, shown, pickled.span());
  const Pickle pickle = read_pickle(cursor);
  if (cursor.remaining() != 0) cursor.reject(cursor.offset(), "pickle", "{} bytes behind its end", cursor.remaining());
  add_tensors(into, pickle, cursor, swapped, [&](std::string_view key, std::size_t at) -> Placed {
    const zip::Entry* entry = find(folder + "data/" + std::string(key));
    if (!entry) cursor.reject(at, "storage " + printable(key), "the archive has no entry of the name");
    return {entry->storage, entry->begin, entry->bytes, entry->offset};
  });
  if (archive.inflated) into.notes.push_back(source.path + ": compressed, read through a copy");
}

// Five pickles (magic, version, machine, the object, the storages' keys), then each storage behind its element count.
void append_legacy(Checkpoint& into, const Source& source) {
  Cursor cursor(operation, source.path, source.span());
  cursor.take(legacy_magic.size(), "magic");
  const std::size_t version_at = cursor.offset();
  const Pickle version = read_pickle(cursor);
  if (const auto* number = std::get_if<std::int64_t>(&version.root); !number || *number != legacy_version)
    cursor.reject(version_at, "version", "not {}", legacy_version);
  read_pickle(cursor);  // the machine: storages are little-endian on every one
  const Pickle pickle = read_pickle(cursor);

  std::unordered_map<std::string_view, const Node*> named;
  for (const Node& node : pickle.nodes)
    if (node.kind == Node::Kind::storage) named.emplace(storage_key(node), &node);
  const std::size_t keys_at = cursor.offset();
  const Pickle keys = read_pickle(cursor);
  const auto* list = std::get_if<Reference>(&keys.root);
  if (!list || keys[*list].kind != Node::Kind::list) cursor.reject(keys_at, "storages", "not a list of keys");
  std::unordered_map<std::string_view, Placed> storages;
  for (const Value& value : keys[*list].items) {
    const auto* key = std::get_if<std::string_view>(&value);
    const auto node = key ? named.find(*key) : named.end();
    if (node == named.end()) cursor.reject(keys_at, "storages", "a key that no tensor names");
    const std::string what = "storage " + printable(*key);
    const std::size_t at = cursor.offset();
    const auto elements = cursor.read<std::uint64_t>(what);
    const auto expected = static_cast<std::uint64_t>(std::get<std::int64_t>(node->second->items[2]));
    if (elements != expected) cursor.reject(at, what, "{} elements, its tensor says {}", elements, expected);
    const std::uint64_t bytes = storage_bytes(*node->second, cursor), begin = cursor.offset();
    cursor.take(bytes, what);
    if (!storages.emplace(*key, Placed{source.bytes, begin, bytes, begin}).second)
      cursor.reject(keys_at, what, "is there twice");
  }
  if (cursor.remaining() != 0)
    cursor.reject(cursor.offset(), "storages", "{} bytes behind the last", cursor.remaining());
  add_tensors(into, pickle, cursor, false, [&](std::string_view key, std::size_t at) {
    const auto found = storages.find(key);
    if (found == storages.end()) cursor.reject(at, "storage " + printable(key), "the file does not hold it");
    return found->second;
  });
}

}  // namespace

bool probe(const Source& source) {
  if (source.is_directory()) return false;
  return source.path.ends_with(".bin.index.json") || zip::probe(source) || is_legacy(source);
}

void append_file(Checkpoint& into, const Source& source) {
  into.files.push_back(source.path);
  if (zip::probe(source)) return append_archive(into, source);
  if (is_legacy(source)) return append_legacy(into, source);
  fail(ErrorCode::invalid_file, operation,
       "{}: {} bytes that are neither a ZIP archive nor PyTorch's format before 1.6", source.path,
       source.bytes->size());
}

Checkpoint open(const Source& source, const OpenOptions&) {
  if (source.path.ends_with(".bin.index.json")) return safetensors::open_index(source.path, "pytorch", append_file);
  Checkpoint checkpoint;
  checkpoint.path = source.path;
  checkpoint.format = "pytorch";
  append_file(checkpoint, source);
  return checkpoint;
}

bool directory_has_weights(const std::string& path) {
  return path_exists((fs::path(path) / single_name).string()) || path_exists((fs::path(path) / index_name).string());
}

Checkpoint open_directory(const std::string& path) {
  const std::string single = (fs::path(path) / single_name).string();
  Checkpoint checkpoint = open(file_at(path_exists(single) ? single : (fs::path(path) / index_name).string()), {});
  checkpoint.path = path;
  return checkpoint;
}

}  // namespace ingot::pytorch
