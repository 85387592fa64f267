#include "core/fail.h"
#include "formats/npy/npy.h"
#include "formats/scratch.h"
#include "formats/utf8.h"
#include "formats/zip/zip.h"

namespace ingot::npy {
namespace {

constexpr const char* operation = "npy";

// An array whose header was read, and where it lies.
struct Array {
  std::string name;
  Header header;
  Ref<Storage> storage;
  std::uint64_t begin = 0;   // of the elements, in `storage`
  std::uint64_t offset = 0;  // of them in the file
};

// The array's dimensions are reversed where the first index runs fastest: a transposed view, not a copy.
Tensor tensor_of(const Array& array, const std::string& path) {
  const Header& header = array.header;
  const auto begin = static_cast<std::size_t>(array.begin);
  const bool reversed = header.fortran && header.shape.rank() > 1;
  Shape shape = header.shape, axes = header.shape;
  for (int i = 0; reversed && i < shape.rank(); ++i) {
    shape[i] = header.shape[shape.rank() - 1 - i];
    axes[i] = shape.rank() - 1 - i;
  }
  if (header.type->scheme) {
    if (reversed)
      throw NotImplemented(operation, fmt::format("{}: array {}: {} with the first index fastest", path,
                                                  printable(array.name), to_string(*header.type->scheme)));
    return Tensor::view_of(array.storage, begin, shape, Encoding::of(*header.type->scheme));
  }
  const Tensor stored = Tensor::view_of(array.storage, begin, shape, *header.type->dtype);
  return reversed ? stored.permute(axes) : stored;
}

Checkpoint checkpoint_of(const Source& source, std::string_view format, std::vector<Array> arrays) {
  Checkpoint checkpoint;
  checkpoint.path = source.path;
  checkpoint.format = format;
  checkpoint.files.push_back(source.path);
  SwappedCopy swapped;
  for (Array& array : arrays)
    if (array.header.swapped)
      array.begin = swapped.add({array.storage->data() + array.begin, static_cast<std::size_t>(array.header.bytes)},
                                static_cast<std::size_t>(array.header.type->number_bytes));
  if (!swapped.empty()) {
    const Ref<Storage> copy = swapped.make(operation);
    for (Array& array : arrays)
      if (array.header.swapped) array.storage = copy;
    checkpoint.notes.push_back(fmt::format("{}: big-endian, read through a copy", source.path));
  }
  for (Array& array : arrays) {
    Tensor tensor = tensor_of(array, source.path);
    checkpoint.add({std::move(array.name), std::move(tensor), 0, array.offset});
  }
  return checkpoint;
}

}  // namespace

Checkpoint open(const Source& source, const OpenOptions&) {
  const Header header = read_header(source.path, source.span());
  // NumPy's own name for an array without one.
  return checkpoint_of(source, "npy", {{"arr_0", header, source.bytes, header.data, header.data}});
}

bool probe_npz(const Source& source) {
  if (!zip::probe(source)) return false;
  // Of NumPy's archives, one may be empty; PyTorch's never are.
  return source.bytes->data()[2] == std::byte{5} || zip::first_name(source).ends_with(".npy");
}

Checkpoint open_npz(const Source& source, const OpenOptions&) {
  const zip::Archive archive = zip::open(operation, source);
  std::vector<Array> arrays;
  std::vector<std::string> others;
  for (const zip::Entry& entry : archive.entries) {
    const std::string shown = printable(entry.name);
    if (!entry.name.ends_with(".npy")) {
      others.push_back(fmt::format("{}: entry {} is no array, and was left out", source.path, shown));
      continue;
    }
    if (!is_valid_utf8(entry.name))
      fail(ErrorCode::invalid_file, operation, "{}, byte {}: entry {}: the name is not valid UTF-8", source.path,
           entry.offset, shown);
    const Header header = read_header(source.path + ", entry " + shown, entry.span());
    // Where the elements lie in a deflated entry nobody can say.
    const bool in_file = entry.storage == source.bytes;
    arrays.push_back({entry.name.substr(0, entry.name.size() - 4), header, entry.storage, entry.begin + header.data,
                      entry.offset + (in_file ? header.data : 0)});
  }
  Checkpoint checkpoint = checkpoint_of(source, "npz", std::move(arrays));
  if (archive.inflated) checkpoint.notes.push_back(source.path + ": compressed, read through a copy");
  checkpoint.notes.insert(checkpoint.notes.end(), others.begin(), others.end());
  return checkpoint;
}

}  // namespace ingot::npy
