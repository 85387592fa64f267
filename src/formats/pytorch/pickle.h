// The machine that reads pickles as torch.save writes them. It knows the opcodes and names that tensors need, as inert
// data: nothing is imported, nothing is called. Facts: CPython's pickletools, torch/_weights_only_unpickler.py.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/cursor.h"
#include "formats/pytorch/pytorch.h"

namespace ingot::pytorch {

/// What a name of a module stands for here.
enum class Role {
  storage,  // of a type; none: untyped bytes
  dtype,
  rebuild_tensor,     // (storage, offset, size, stride, …)
  rebuild_tensor_v3,  // the same; the seventh is the dtype
  rebuild_parameter,  // (tensor, …)
  rebuild_from_type,  // (function, class, arguments, state)
  ordered_dict,       // () or (pairs)
  as_it_is,           // torch.Size(tuple), set(list): the argument
  left_out,           // called with anything: nothing that tensors need
  tensor_class,       // mentioned only
};
struct Global {
  Role role;
  const ElementType* type = nullptr;
};

/// A container, storage or tensor, by its number among the nodes.
enum class Reference : std::uint32_t {};

/// None, truth value, integer, number, text (as bytes of the file), name, or a node. Integers past 64 bits are None:
/// no tensor needs them, and random seeds are the only ones that occur.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string_view, Global, Reference>;

struct Node {
  enum class Kind {
    list,     // items
    tuple,    // items
    dict,     // keys and values in turn
    storage,  // type, key, number of elements
    tensor,   // storage, offset, size, stride, dtype (None: the storage's)
  };
  Kind kind;
  std::size_t at;  // the byte of the file where it was made
  std::vector<Value> items;
};

/// What one pickle holds. Texts are views of the bytes that were read.
struct Pickle {
  std::vector<Node> nodes;
  Value root;

  const Node& operator[](Reference reference) const { return nodes[static_cast<std::size_t>(reference)]; }
};

/// Reads up to and with the next STOP. Throws invalid_file naming the byte, and the name or opcode that is not read.
Pickle read_pickle(Cursor& cursor);

}  // namespace ingot::pytorch
