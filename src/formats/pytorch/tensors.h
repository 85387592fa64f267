// From what a pickle holds to tensors with names.
#pragma once

#include <functional>

#include "formats/pytorch/pickle.h"

namespace ingot::pytorch {

/// Where a storage's bytes are.
struct Placed {
  Ref<Storage> storage;
  std::uint64_t begin = 0;  // in `storage`
  std::uint64_t bytes = 0;
  std::uint64_t offset = 0;  // in the file
};

/// Finds a storage by its key; `at` is the byte of the pickle that names it, for errors.
using FindStorage = std::function<Placed(std::string_view key, std::size_t at)>;

/// Adds the pickle's tensors to the last of `into`'s files. Keys and indices of nested dictionaries and lists are
/// joined with dots; a tensor that is all there is has the name "tensor". Numbers, truth values and texts become
/// metadata. `swapped`: the storages are big-endian. Throws invalid_file for what lies outside its storage.
void add_tensors(Checkpoint& into, const Pickle& pickle, const Cursor& cursor, bool swapped, const FindStorage& find);

/// The bytes that a storage node asks for: elements by the size of their type.
std::uint64_t storage_bytes(const Node& storage, const Cursor& cursor);
std::string_view storage_key(const Node& storage);

}  // namespace ingot::pytorch
